"""A worker that is told to stop, as a deploy tells it, gives its work back at once; others take it."""

import signal
import time

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_apps, register_flow
from orchestrator.models import Flow, FlowRun, LogLine, Origin, Project, StateChange, TaskRun
from tests.faults.stubborn import flows as stubborn
from tests.processes import RunningProgram, Worker, eventually

pytestmark = [pytest.mark.workers, pytest.mark.timeout(180)]

# A lease so long that nothing here can have come back by it.
ENV = {"ANABRANCH_LEASE_SECONDS": "600", "ANABRANCH_STOP_GRACE_SECONDS": "0.5", "ANABRANCH_CANCEL_GRACE_SECONDS": "1"}


def start(project: str, name: str, **parameters: object) -> FlowRun:
    flow = Flow.objects.get(project__name=project, name=name)
    started = start_flow_run(flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.COMMAND)
    return FlowRun.objects.get(pk=started.flow_run_id)


def wait_until_it_printed(run: FlowRun, attempt: int = 1) -> None:
    lines = LogLine.objects.filter(flow_run=run, attempt=attempt)
    eventually(lines.exists, else_say=f"attempt {attempt} has begun and said so")


def tell(worker: RunningProgram, number: signal.Signals) -> float:
    """Send a signal to the worker's main process alone, as container hosts do; return when."""
    worker.process.send_signal(number)
    return time.monotonic()


def holder(run: FlowRun, workers: list[Worker]) -> Worker:
    """Return the worker that executes a flow run's one function."""
    pid = int(TaskRun.objects.get(flow_run=run).worker.rpartition(":")[2])
    return next(worker for worker in workers if worker.has(pid))


def test_a_long_function_goes_to_another_worker_when_its_own_is_told_to_stop(start_worker):
    register_apps(now=timezone.now())
    workers = [start_worker(env=ENV, wait=False) for _ in range(3)]
    for worker in workers:
        worker.wait_until_ready()
    run = start("examples", "A", seconds=3600)
    wait_until_it_printed(run)

    # The grace, a second, and what a busy machine takes.
    for attempt, number, within in [(2, signal.SIGTERM, 0.5 + 1.0 + 1.0), (3, signal.SIGQUIT, 1.0 + 1.0)]:
        stopping = holder(run, workers)
        workers.remove(stopping)

        told = tell(stopping, number)

        wait_until_it_printed(run, attempt=attempt)
        assert time.monotonic() - told < within
        task_run = TaskRun.objects.get(flow_run=run)
        assert (task_run.state, task_run.attempt, task_run.failures, task_run.lost) == (State.RUNNING, attempt, 0, 0)
        eventually(lambda worker=stopping: not worker.is_running, within=10)
    why = "Its worker was told to stop; another one starts it again."
    assert StateChange.objects.filter(task_run__flow_run=run, message=why).count() == 2


def test_a_short_function_is_finished_first(start_worker):
    register_apps(now=timezone.now())
    worker = start_worker(env=ENV | {"ANABRANCH_STOP_GRACE_SECONDS": "20"})
    run = start("examples", "A", seconds=1)
    wait_until_it_printed(run)

    tell(worker, signal.SIGTERM)

    eventually(lambda: not worker.is_running, within=10)
    task_run = TaskRun.objects.get(flow_run=run)
    assert (task_run.state, task_run.attempt) == (State.SUCCESS, 1)


def test_a_function_that_does_not_stop_goes_to_another_worker_and_its_process_is_ended(start_worker):
    project = Project.objects.create(name="stubborn")
    register_flow(flow=stubborn.flow, project=project.name, now=timezone.now())
    env = ENV | {"ANABRANCH_APPS": "tests.faults.stubborn"}
    second = start_worker(env=env, wait=False)
    first = start_worker(env=env)
    second.wait_until_ready()
    run = start("stubborn", "stubborn")
    running = TaskRun.objects.filter(flow_run=run, state=State.RUNNING)
    eventually(running.exists, else_say="a worker executes the function")
    first = holder(run, [first, second])

    tell(first, signal.SIGTERM)

    eventually(running.filter(attempt=2, lost=0, failures=0).exists, within=10)
    eventually(lambda: not first.is_running, within=10)
