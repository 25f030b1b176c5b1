"""Functions that are running when their flow run is cancelled, or for longer than they may, in real workers."""

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_apps, register_flow
from orchestrator.models import Flow, FlowRun, LogLine, Origin, Project, TaskRun
from tests.faults.stubborn import flows as stubborn
from tests.processes import eventually

pytestmark = pytest.mark.workers


def start(project: str, name: str, **parameters: object) -> FlowRun:
    flow = Flow.objects.get(project__name=project, name=name)
    started = start_flow_run(flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.COMMAND)
    return FlowRun.objects.get(pk=started.flow_run_id)


def wait_until_it_printed(run: FlowRun) -> None:
    eventually(LogLine.objects.filter(flow_run=run).exists, else_say="the function has begun and said so")


def assert_cancelled(run: FlowRun) -> None:
    eventually(FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists, else_say="the flow run ends")
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert set(TaskRun.objects.filter(flow_run=run).values_list("state", flat=True)) == {State.CANCELLED}


def test_what_is_cancelled_or_takes_too_long_is_stopped_by_force_if_need_be_and_the_worker_goes_on(start_worker):
    project = Project.objects.create(name="stubborn")
    for flow in (stubborn.flow, stubborn.overdue):
        register_flow(flow=flow, project=project.name, now=timezone.now())
    register_apps(now=timezone.now())
    start_worker(env={"ANABRANCH_APPS": "examples,tests.faults.stubborn", "ANABRANCH_CANCEL_GRACE_SECONDS": "1"})

    a_running_function_is_interrupted_and_its_log_is_there_while_it_runs()
    a_function_that_does_not_stop_is_ended_with_its_process()
    so_is_one_that_does_not_stop_when_its_time_is_over()


def a_running_function_is_interrupted_and_its_log_is_there_while_it_runs() -> None:
    run = start("examples", "A", seconds=3600)
    wait_until_it_printed(run)

    cancel_flow_run(flow_run_id=run.pk)
    run.refresh_from_db()
    assert run.state == State.CANCELLING

    assert_cancelled(run)
    assert TaskRun.objects.get(flow_run=run).message == "Cancelled while it was running."
    assert_goes_on(start("examples", "B", seconds=0))


def a_function_that_does_not_stop_is_ended_with_its_process() -> None:
    run = start("stubborn", "stubborn")
    eventually(
        TaskRun.objects.filter(flow_run=run, state=State.RUNNING).exists, else_say="a worker executes the function"
    )

    cancel_flow_run(flow_run_id=run.pk)

    assert_cancelled(run)
    assert_goes_on(start("examples", "B", seconds=0))


def so_is_one_that_does_not_stop_when_its_time_is_over() -> None:
    run = start("stubborn", "overdue")

    eventually(FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists, else_say="the flow run ends")
    row = TaskRun.objects.get(flow_run=run)
    assert row.state == State.TIMED_OUT
    assert row.message == (
        "Took longer than its time limit of 0.2 s. The function did not stop, so its process was ended."
    )
    assert_goes_on(start("examples", "B", seconds=0))


def assert_goes_on(run: FlowRun) -> None:
    """Assert that the worker still executes what is given to it."""
    eventually(FlowRun.objects.filter(pk=run.pk, state=State.SUCCESS).exists, else_say="the next flow run ends")


def test_nothing_that_has_ended_or_not_started_waits_behind_a_long_function(start_worker):
    register_apps(now=timezone.now())
    short = [start("examples", "A", seconds=0) for _ in range(24)]
    long = start("examples", "B", seconds=3600)
    more = [start("examples", "C", seconds=0) for _ in range(6)]
    start_worker(concurrency=2)

    others = FlowRun.objects.exclude(pk=long.pk)
    eventually(lambda: others.filter(state=State.SUCCESS).count() == len(short + more), else_say="all others end")
    long.refresh_from_db()
    assert long.state == State.RUNNING
    cancel_flow_run(flow_run_id=long.pk)
    assert_cancelled(long)
