"""Functions that start processes of their own in real workers, and what becomes of those processes."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_flow
from orchestrator.models import Flow, FlowRun, LogLine, Origin, Project, TaskRun
from tests.faults.spreading import flows as spreading
from tests.processes import Worker, eventually

pytestmark = pytest.mark.workers

FLOWS = [
    spreading.squaring,
    spreading.spreading,
    spreading.overdue,
    spreading.shelling,
    spreading.reckoning,
    spreading.leaving,
]


@pytest.fixture
def worker(start_worker: Callable[..., Worker], request: pytest.FixtureRequest) -> Worker:
    """A worker that knows the flows which spread; its parameter: how many connections it keeps in a pool."""
    project = Project.objects.create(name="spreading")
    for flow in FLOWS:
        register_flow(flow=flow, project=project.name, now=timezone.now())
    env = {"ANABRANCH_APPS": "tests.faults.spreading", "ANABRANCH_CANCEL_GRACE_SECONDS": "1"}
    env["ANABRANCH_DB_POOL"] = getattr(request, "param", "0")
    return start_worker(env=env)


def start(name: str, **parameters: object) -> FlowRun:
    started = start_flow_run(
        flow=Flow.objects.get(name=name), parameters=parameters, now=timezone.now(), origin=Origin.COMMAND
    )
    return FlowRun.objects.get(pk=started.flow_run_id)


def ended(run: FlowRun) -> TaskRun:
    """Return a run's task run when the run has ended."""
    eventually(FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists, else_say="the flow run ends")
    return TaskRun.objects.get(flow_run=run)


@pytest.mark.parametrize("worker", ["0", "4"], indirect=True, ids=["without a pool", "with one"])
def test_functions_reckon_in_processes_of_their_own(worker):
    row = ended(start("squares"))

    assert (row.state, row.result) == (State.SUCCESS, [1, 4, 9, 16]), row.message
    assert worker.output().count("from a process of its own") == 4
    assert not LogLine.objects.exists()
    assert ended(start("squares")).state == State.SUCCESS


@pytest.mark.parametrize("is_stubborn", [False, True])
def test_the_processes_of_a_function_end_with_it_when_it_is_stopped(worker, tmp_path, is_stubborn):
    def started_in(folder: Path) -> Callable[[], bool]:
        return lambda: len(list(folder.iterdir())) == 2

    for name, end in (("spreads", State.CANCELLED), ("spreads too long", State.TIMED_OUT)):
        folder = tmp_path / name
        folder.mkdir()
        run = start(name, folder=str(folder), stubborn=is_stubborn)
        eventually(started_in(folder), else_say="the processes have begun")
        if end is State.CANCELLED:
            cancel_flow_run(flow_run_id=run.pk)

        row = ended(run)
        assert row.state == end
        assert ("did not stop" in row.message) == is_stubborn
        eventually(lambda folder=folder: not alive(folder), else_say="its processes end")
    assert ended(start("squares")).state == State.SUCCESS


@pytest.mark.parametrize("is_stubborn", [False, True])
def test_what_the_programs_of_a_function_started_ends_with_it_but_for_a_session_of_its_own(
    worker, tmp_path, is_stubborn
):
    folder, own = tmp_path / "programs", tmp_path / "programs-own"
    folder.mkdir()
    own.mkdir()
    run = start("shells", folder=str(folder), stubborn=is_stubborn)
    eventually(lambda: len([*folder.iterdir(), *own.iterdir()]) == 3, else_say="the programs have begun")

    cancel_flow_run(flow_run_id=run.pk)

    assert ended(run).state == State.CANCELLED
    eventually(lambda: not alive(folder), else_say="its programs end")
    (left,) = alive(own)
    os.kill(left, signal.SIGKILL)


def test_processes_of_joblib_end_with_their_function(worker, tmp_path):
    folder = tmp_path / "processes"
    folder.mkdir()
    run = start("reckons", folder=str(folder))
    eventually(lambda: len(list(folder.iterdir())) == 2, else_say="the processes have begun")

    cancel_flow_run(flow_run_id=run.pk)

    row = ended(run)
    assert row.state == State.CANCELLED, row.message
    eventually(lambda: not alive(folder), else_say="its processes end")
    worker.stop()
    assert "Traceback" not in worker.output()


def test_what_a_function_left_running_ends_with_its_worker_which_ends_well_whatever_it_gave_to_exit(worker, tmp_path):
    folder = tmp_path / "processes"
    folder.mkdir()
    row = ended(start("leaves", folder=str(folder)))
    assert (row.state, row.message) == (State.FAILED, "The function called exit('that is all').")
    eventually(lambda: alive(folder), else_say="the process has begun")

    worker.stop()

    eventually(lambda: not alive(folder), else_say="it ends")
    assert "Traceback" not in worker.output()


def alive(folder: Path) -> list[int]:
    """Return which of the processes noted in a folder live."""
    return [pid for pid in (int(each.name) for each in folder.iterdir()) if _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
