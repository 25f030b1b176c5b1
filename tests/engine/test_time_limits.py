"""Time limits: functions are interrupted, a wait for a child ends while the child goes on."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, LogLine, TaskRun
from orchestrator.sdk import Flow, context, signals, task
from tests.engine.conftest import state, states
from tests.engine.flows import child, one_task, works


def sleeps(seconds=60.0, **attributes):
    @task(**attributes)
    def sleeps():
        print("begun")
        time.sleep(seconds)

    return sleeps


def only(run: FlowRun) -> TaskRun:
    return TaskRun.objects.get(flow_run=run)


def test_a_function_that_takes_too_long_is_interrupted_and_timed_out(register, start, drain):
    began = time.monotonic()
    run = start(register(one_task("f", sleeps(timeout=0.2))))
    drain()

    assert time.monotonic() - began < 10
    row = only(run)
    assert (row.state, row.message) == (State.TIMED_OUT, "Took longer than its time limit of 0.2 s.")
    assert state(run) == State.FAILED
    lines = list(LogLine.objects.filter(task_run=row).values_list("message", flat=True))
    assert lines[0] == "begun"
    assert "time.sleep(seconds)" in lines[1]


def test_a_function_in_time_is_not_interrupted(register, start, drain):
    run = start(register(one_task("f", sleeps(0.3, timeout=timedelta(seconds=30)))))
    drain()

    assert only(run).state == State.SUCCESS


@pytest.mark.parametrize(("retry_on", "ends"), [(None, "Retrying"), (OSError, "Retrying"), (ValueError, "TimedOut")])
def test_what_timed_out_is_retried_like_a_timeout_error(register, start, drain, retry_on, ends):
    body = sleeps(timeout=timedelta(milliseconds=100), max_retries=1, retry_delay=3600, retry_on=retry_on)
    run = start(register(one_task("f", body)))
    drain()

    assert only(run).state == ends


def waiting_parent(register, start, drain, **attributes):
    """Return the run of a parent that waits for a child that is paused."""

    @task
    def pauses():
        if not context().resumed:
            raise signals.PAUSE
        return 5

    register(one_task("child", pauses))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("child", wait=True, timeout=3600, **attributes)()])
    run = start(register(flow))
    drain()
    return run


def pass_the_time(run: FlowRun) -> None:
    """Let what is due in this flow run have been due for a second."""
    TaskRun.objects.filter(flow_run=run, due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_wait_that_takes_too_long_times_out_and_the_child_goes_on(register, start, drain):
    run = waiting_parent(register, start, drain)
    waiting = TaskRun.objects.get(flow_run=run, slug="Flow child-1")
    assert waiting.due_at == pytest.approx(timezone.now() + timedelta(hours=1), abs=timedelta(minutes=1))

    pass_the_time(run)
    assert recover().due == 1
    drain()

    assert states(run) == {"Flow child-1": "TimedOut", "works-1": "TriggerFailed"}
    assert state(run) == State.FAILED
    child_run = FlowRun.objects.exclude(pk=run.pk).get()
    assert child_run.state == State.RUNNING
    waiting.refresh_from_db()
    assert waiting.message == f"Waited longer than 3600 s for child flow run {child_run.pk}, which goes on."
    assert recover().due == 0


def test_the_retry_of_a_wait_that_timed_out_finds_the_same_child(register, start, drain):
    run = waiting_parent(register, start, drain, max_retries=1, retry_delay=3600)
    for _ in range(2):
        pass_the_time(run)
        recover()
        drain()

    waiting = TaskRun.objects.get(flow_run=run, slug="Flow child-1")
    child_run = FlowRun.objects.exclude(pk=run.pk).get()
    assert (waiting.state, waiting.child_flow_run, waiting.attempt) == (State.RUNNING, child_run, 2)

    pass_the_time(child_run)
    TaskRun.objects.filter(flow_run=child_run).update(due_at=timezone.now())
    recover()
    drain()

    assert states(run) == {"Flow child-1": "Success", "works-1": "Success"}


def test_a_wait_that_ends_in_time_is_due_no_more(register, start, drain):
    register(one_task("child", works))
    with Flow("parent") as flow:
        child("child", wait=True, timeout=3600)()
    run = start(register(flow))
    drain()

    assert (state(run), only(run).due_at) == (State.SUCCESS, None)
