"""Results over the API: those that are stored are described, and given whole only where they are JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.api.serializers import runs as shapes
from orchestrator.core.large import Stored
from orchestrator.core.states import State
from orchestrator.engine.results import keep
from orchestrator.models import FlowRun, Role, StoredResult, TaskRun
from orchestrator.models.results import PARTS
from tests.api.test_documents import check_shape
from tests.clients import client_of
from tests.rows import make_flow, make_flow_run, make_project, make_user

LARGE = {"rows": list(range(20_000))}


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    results = {**settings.STORAGES["results"], "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "results": results}
    return tmp_path


def with_result(run: FlowRun, value: Any, serializer: str = "") -> TaskRun:
    """Give a flow run, and its first task run, a result as a worker would have kept it."""
    kept = keep(value, serializer=serializer)
    columns = {"stored_result_id": kept.id} if isinstance(kept, Stored) else {"result": kept}
    FlowRun.objects.filter(pk=run.pk).update(state=State.SUCCESS, ended_at=timezone.now(), **columns)
    TaskRun.objects.filter(flow_run=run, slug="one").update(**columns)
    return TaskRun.objects.get(flow_run=run, slug="one")


def addresses(task_run: TaskRun) -> list[str]:
    run = f"/api/v1/flow-runs/{task_run.flow_run_id}/"
    return [run, f"{run}task-runs/{task_run.pk}/"]


def test_a_large_result_is_described_in_documents_and_given_whole_at_its_own_address(
    api: APIClient, flow_run: FlowRun
) -> None:
    task_run = with_result(flow_run, LARGE)

    for address, shape in zip(
        addresses(task_run), (shapes.FlowRunSerializer, shapes.TaskRunDetailSerializer), strict=True
    ):
        document = api.get(address).json()
        check_shape(document, shape)
        assert document["result"] is None
        assert document["stored_result"] == {
            "type": "an object with 'rows'",
            "bytes": len(json.dumps(LARGE, separators=(",", ":"))),
            "serializer": "json",
            "is_json": True,
            "preview": json.dumps(LARGE, separators=(",", ":"))[:300],
        }
        answer = api.get(f"{address}result/")
        assert answer.json() == LARGE
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_small_result_has_the_same_address(api: APIClient, flow_run: FlowRun) -> None:
    task_run = with_result(flow_run, {"a": 1})

    for address in addresses(task_run):
        assert api.get(address).json()["stored_result"] is None
        assert api.get(f"{address}result/").json() == {"a": 1}


def test_a_list_of_runs_tells_of_stored_results_without_reading_them(
    api: APIClient, flow_run: FlowRun, files: Path
) -> None:
    with_result(flow_run, LARGE)
    for path in files.rglob("*.json"):
        path.unlink()

    (listed,) = api.get("/api/v1/flow-runs/").json()["results"]

    assert (listed["result"], listed["stored_result"]["bytes"] > 64_000) == (None, True)


def test_a_python_object_is_named_and_never_read(api: APIClient, flow_run: FlowRun) -> None:
    task_run = with_result(flow_run, {1, 2}, "pickle")

    for address in addresses(task_run):
        described = api.get(address).json()["stored_result"]
        assert (described["type"], described["is_json"], described["preview"]) == ("builtins.set", False, "")
        answer = api.get(f"{address}result/")
        assert (answer.status_code, answer.json()["code"]) == (409, "result_not_readable")
        assert answer.json()["message"] == (
            "The result is no JSON (builtins.set, kept by 'pickle'); only tasks of flows can read it."
        )


def test_a_result_whose_file_is_gone_says_so(api: APIClient, flow_run: FlowRun, files: Path) -> None:
    task_run = with_result(flow_run, LARGE)
    for path in files.rglob("*.json"):
        path.unlink()

    answer = api.get(f"{addresses(task_run)[0]}result/")

    assert (answer.status_code, answer.json()["code"]) == (410, "result_lost")


def test_a_result_that_is_too_large_in_one_piece_is_not_put_together(
    api: APIClient, flow_run: FlowRun, settings: Any
) -> None:
    whole = StoredResult.objects.create(
        serializer=PARTS, size=settings.ANABRANCH_MAX_RESULT_BYTES + 1, type_name="a list", document={"value": []}
    )
    FlowRun.objects.filter(pk=flow_run.pk).update(stored_result=whole)

    answer = api.get(f"/api/v1/flow-runs/{flow_run.pk}/result/")

    assert (answer.status_code, answer.json()["code"]) == (409, "result_not_readable")
    assert "read those of the single task runs" in answer.json()["message"]


@pytest.mark.django_db
def test_results_are_for_those_who_may_see_the_run() -> None:
    run = make_flow_run(make_flow(make_project()))
    task_run = with_result(run, LARGE)
    stranger = client_of(make_user(make_project(), Role.EDITOR))

    for address in addresses(task_run):
        assert stranger.get(f"{address}result/").status_code == 404
        assert client_of(None).get(f"{address}result/").status_code == 401
