"""What is kept outside the database is read before a transaction begins, or after it: no lock waits for a storage."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.db import connection

from orchestrator.engine.answering import approve_task_run
from orchestrator.models import TaskRun
from orchestrator.sdk import Approval, Flow, Parameter, case, merge, task
from tests.engine.conftest import state, states
from tests.engine.flows import child, one_task, works

READS: list[bool] = []


class WatchedStorage(FileSystemStorage):
    """Files, with a note at each reading whether a transaction was open."""

    def _open(self, name: str, mode: str = "rb") -> File:
        if "r" in mode:
            READS.append(connection.in_atomic_block)
        return super()._open(name, mode)


@pytest.fixture(autouse=True)
def watched(settings: Any, tmp_path: Path) -> None:
    READS.clear()
    backend = f"{__name__}.{WatchedStorage.__name__}"
    options = {"location": str(tmp_path / "results")}
    settings.STORAGES = {**settings.STORAGES, "results": {"BACKEND": backend, "OPTIONS": options}}


@task
def large() -> dict[str, Any]:
    return {"day": "2026-03-02", "text": "x" * 100_000}


def drained(drain, run) -> None:
    drain()
    assert READS
    assert not any(READS)


def test_a_case_compares_large_results_outside_the_transaction(register, start, drain):
    with Flow("f") as flow:
        made = large()
        with case(made, {"day": "other"}):
            never = works()
        with case(made["day"], "2026-03-02"):
            taken = works()
        merge(never, taken)
    run = start(register(flow))
    drained(drain, run)

    assert (states(run)["works-1"], states(run)["works-2"], state(run)) == ("Skipped", "Success", "Success")


def test_what_a_person_is_asked_is_taken_from_large_results_outside_the_transaction(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[Approval("release")(parameters={"day": large()["day"]})])
    run = start(register(flow))
    drained(drain, run)

    asked = TaskRun.objects.get(flow_run=run, slug="release-1")
    assert (asked.state, asked.result, asked.attempt) == ("Paused", {"day": "2026-03-02"}, 1)
    approve_task_run(task_run_id=asked.pk)
    drain()
    assert state(run) == "Success"


def test_a_child_is_given_parts_of_large_results_outside_the_transaction(register, start, drain):
    register(one_task("child", task(lambda day: day, name="tell"), day=Parameter("day")))
    with Flow("f") as flow:
        child("child", wait=True)(parameters={"day": large()["day"]})
    run = start(register(flow))
    drained(drain, run)

    assert state(run) == "Success"
