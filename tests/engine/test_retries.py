"""Retries, of functions and of children (numbers: the conformance list of the semantics)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import start_held
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow, context, task
from tests.engine.conftest import state, states
from tests.engine.flows import child, failing_once, fails, one_task, works


def test_s041_s080_a_task_that_retries_keeps_the_run_running_and_its_downstream_pending(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[fails.copy(name="again", max_retries=1, retry_delay_seconds=3600.0)])
    run = start(register(flow))
    drain()

    assert states(run) == {"works-1": "Pending", "again-1": "Retrying"}
    assert state(run) == State.RUNNING
    retrying = TaskRun.objects.get(flow_run=run, slug="again-1")
    assert retrying.message == "Retry 1 of 1 follows: ValueError: broken on purpose"
    assert retrying.due_at > timezone.now() + timedelta(minutes=59)


def test_s079_only_the_retry_that_is_due_runs_and_a_task_told_its_key_sees_the_same_one(register, start, drain):
    seen = []

    @task(max_retries=2, retry_delay=0)
    def at_last():
        seen.append((context().attempt, context().idempotency_key))
        if len(seen) < 3:
            raise ValueError("not yet")
        return "done"

    with Flow("f") as flow:
        at_last()
        fails.copy(name="later", max_retries=1, retry_delay_seconds=600.0).bind()
    run = start(register(flow))
    for _ in range(3):
        drain()
        recover()
    drain()

    assert states(run) == {"at_last-1": "Success", "later-1": "Retrying"}
    assert [attempt for attempt, _ in seen] == [1, 2, 3]
    assert len({key for _, key in seen}) == 1


def test_a_retry_restarts_the_same_failed_child_from_what_failed(register, start, drain):
    calls = []

    @task
    def first():
        calls.append("first")

    @task
    def second():
        calls.append("second")
        if calls.count("second") == 1:
            raise ValueError("first time")

    with Flow("child") as flow:
        second(upstream_tasks=[first()])
    register(flow)
    with Flow("parent") as flow:
        child("child", wait=True, max_retries=1, retry_delay=0)()
    run = start(register(flow))
    drain()
    recover()
    drain()

    assert state(run) == State.SUCCESS
    assert calls == ["first", "second", "second"]
    assert FlowRun.objects.count() == 2
    assert FlowRun.objects.exclude(pk=run.pk).get().attempt == 2


@pytest.mark.parametrize(("on_retry", "children", "ends"), [("new_run", 2, State.SUCCESS), ("mirror", 1, State.FAILED)])
def test_on_retry_chooses_a_new_child_or_only_mirrors_the_old_one(register, start, drain, on_retry, children, ends):
    register(one_task("child", failing_once()))
    with Flow("parent") as flow:
        child("child", wait=True, max_retries=1, retry_delay=0, on_retry=on_retry)()
    run = start(register(flow))
    drain()
    recover()
    drain()

    assert state(run) == ends
    assert FlowRun.objects.filter(parent_task_run__isnull=False).count() == children


def retrying_parent(register, start, drain, body):
    """A parent whose task run retries its failed child, and is claimed but not yet under way again."""
    register(one_task("child", body))
    with Flow("parent") as flow:
        child("child", wait=True, max_retries=1, retry_delay=0)()
    run = start(register(flow))
    drain()
    recover()
    (held,) = claim(worker="slow", limit=1)
    return run, held


def test_a_claimed_retry_is_not_told_of_the_failure_that_it_retries(register, start, drain):
    calls = []

    @task
    def once():
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first time")

    run, held = retrying_parent(register, start, drain, once)

    recover()
    start_held(held=held)
    drain()

    assert state(run) == State.SUCCESS
    assert len(calls) == 2


def test_a_cancel_reaches_a_claimed_retry_before_its_child_restarts(register, start, drain):
    run, held = retrying_parent(register, start, drain, fails)

    cancel_flow_run(flow_run_id=run.pk)
    start_held(held=held)
    drain()

    assert (state(run), states(run)) == ("Cancelled", {"Flow child-1": "Cancelled"})
    assert FlowRun.objects.exclude(pk=run.pk).get().attempt == 1
