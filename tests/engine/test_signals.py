"""Signals in the engine: retries that were asked for, pauses, loops (numbers: the conformance list)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.answering import approve_task_run
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.recovering import start_due
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.settling import settle
from orchestrator.engine.steps import Ready, lock_flow_run, one_step
from orchestrator.models import FlowRun, StateChange, TaskRun
from orchestrator.sdk import Flow, context, pause_task, signals, task
from tests.engine.conftest import state, states
from tests.engine.flows import fails, one_task, works


def raising(raised: BaseException, **attributes: Any) -> Any:
    def raises() -> None:
        raise raised

    return task(**attributes)(raises)


def only(run: FlowRun) -> TaskRun:
    return TaskRun.objects.get(flow_run=run)


def work_on(drain) -> None:
    """Do all that can be done, delays that are over included."""
    drain()
    while start_due() or TaskRun.objects.filter(state=State.SUBMITTED).exists():
        drain()


@pytest.mark.parametrize(
    ("raised", "ends", "result"),
    [
        (signals.SUCCESS("well", result=5), State.SUCCESS, 5),
        (signals.FAIL("well"), State.FAILED, None),
        (signals.SKIP("well"), State.SKIPPED, None),
        (signals.TRIGGERFAIL("well"), State.TRIGGER_FAILED, None),
        (signals.PAUSE("well"), State.PAUSED, None),
    ],
)
def test_s047_a_signal_ends_the_task_run_in_its_state_with_its_message(register, start, drain, raised, ends, result):
    run = start(register(one_task("f", raising(raised, max_retries=0))))
    drain()

    row = only(run)
    assert (row.state, row.message, row.result) == (ends, "well", result)


def test_a_trigger_fail_signal_is_not_retried(register, start, drain):
    run = start(register(one_task("f", raising(signals.TRIGGERFAIL(), max_retries=2, retry_delay=0))))
    work_on(drain)

    assert (only(run).state, only(run).attempt) == (State.TRIGGER_FAILED, 1)


def test_a_retry_that_is_asked_for_follows_even_when_none_are_left(register, start, drain):
    @task
    def asks():
        if context().attempt < 3:
            raise signals.RETRY("once more", delay=0)
        return context().attempt

    run = start(register(one_task("f", asks)))
    work_on(drain)

    assert (state(run), only(run).result) == (State.SUCCESS, 3)
    asked = StateChange.objects.filter(task_run=only(run), after=State.RETRYING).values_list("message", flat=True)
    assert list(asked) == ["once more", "once more"]


def test_a_retry_at_a_time_of_its_own_is_due_then(register, start, drain):
    in_an_hour = timezone.now() + timedelta(hours=1)
    run = start(register(one_task("f", raising(signals.RETRY(start_time=in_an_hour)))))
    drain()

    assert only(run).due_at == pytest.approx(in_an_hour, abs=timedelta(seconds=5))


def test_s077_only_listed_types_are_retried_and_their_subclasses(register, start, drain):
    options = {"max_retries": 1, "retry_delay": 3600, "retry_on": OSError}
    with Flow("f") as flow:
        raising(ConnectionError("no"), **options).copy(name="listed")()
        raising(ValueError("no"), **options).copy(name="other")()
    run = start(register(flow))
    drain()

    assert states(run) == {"listed-1": "Retrying", "other-1": "Failed"}


def test_s044_s118_a_pause_without_a_time_never_ends_by_itself(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[raising(signals.PAUSE("look first"))])
    run = start(register(flow))
    work_on(drain)

    assert states(run) == {"raises-1": "Paused", "works-1": "Pending"}
    assert state(run) == State.RUNNING
    assert TaskRun.objects.get(flow_run=run, slug="raises-1").due_at is None


def test_a_pause_with_a_duration_ends_by_itself_and_the_task_runs_from_its_start(register, start, drain):
    @task
    def waits():
        pause_task("a little", duration=0)
        return context().resumed

    run = start(register(one_task("f", waits)))
    work_on(drain)

    assert (state(run), only(run).result) == (State.SUCCESS, True)
    changes = StateChange.objects.filter(task_run=only(run)).values_list("before", "after")
    assert list(changes)[-4:] == [
        ("Running", "Paused"),
        ("Paused", "Submitted"),
        ("Submitted", "Running"),
        ("Running", "Success"),
    ]


def test_a_pause_uses_up_no_retry(register, start, drain):
    @task(max_retries=1, retry_delay=0)
    def waits():
        if not context().resumed:
            raise signals.PAUSE("look first")
        if context().attempt == 2:
            raise ValueError("once")
        return context().attempt

    run = start(register(one_task("f", waits)))
    work_on(drain)
    approve_task_run(task_run_id=only(run).pk)
    work_on(drain)

    assert (state(run), only(run).result) == (State.SUCCESS, 3)
    retried = StateChange.objects.get(task_run=only(run), after="Retrying")
    assert retried.message == "Retry 1 of 1 follows: ValueError: once"


def test_what_a_person_approves_is_told_that_it_was_paused_and_what_it_looped_with(register, start, drain):
    @task
    def turns():
        if context().loop_count == 1:
            raise signals.LOOP(result="kept")
        pause_task("look first")
        return context().loop_result

    run = start(register(one_task("f", turns)))
    drain()
    row = only(run)
    assert (row.state, row.attempt) == (State.PAUSED, 3)

    with one_step() as step:
        held = lock_flow_run(run.pk)
        settle(step, held, ended={}, ready=[Ready(row.pk, row.slug, row.attempt, State.PAUSED)])
    drain()

    assert (state(run), only(run).result) == (State.SUCCESS, "kept")


def test_a_task_loops_durably_with_what_it_last_raised(register, start, drain):
    seen = []

    @task
    def counts():
        seen.append((context().loop_count, context().loop_result))
        if context().loop_count < 3:
            raise signals.LOOP("again", result={"turn": context().loop_count})
        return context().loop_result

    run = start(register(one_task("f", counts)))
    drain()

    assert (state(run), only(run).result) == (State.SUCCESS, {"turn": 2})
    assert seen == [(1, None), (2, {"turn": 1}), (3, {"turn": 2})]
    assert only(run).attempt == 3


def test_the_end_of_a_turn_that_a_lost_worker_tells_again_changes_nothing(register, start):
    run = start(register(one_task("f", works)))
    (held,) = claim(worker="slow", limit=1)
    again = Ending(State.SUBMITTED, carried={"loop_count": 2, "loop_result": 1})
    complete(ended=[(held, again)])
    (next_turn,) = claim(worker="other", limit=1)
    complete(ended=[(held, Ending(State.SUCCESS, "", "late"))])

    assert next_turn.carried == {"loop_count": 2, "loop_result": 1}
    assert only(run).state == State.RUNNING


def test_each_turn_of_a_loop_has_all_its_retries_and_keeps_its_count(register, start, drain):
    seen = []

    @task(max_retries=1, retry_delay=0)
    def flaky():
        turn = context().loop_count
        seen.append(turn)
        if seen.count(turn) == 1:
            raise ValueError("the first time in every turn")
        if turn < 3:
            raise signals.LOOP

    run = start(register(one_task("f", flaky)))
    work_on(drain)

    assert state(run) == State.SUCCESS
    assert seen == [1, 1, 2, 2, 3, 3]


def test_a_restart_begins_a_loop_from_its_start(register, start, drain):
    seen = []

    @task
    def counts():
        seen.append(context().loop_count)
        if context().loop_count == 1:
            raise signals.LOOP
        if len(seen) == 2:
            raise ValueError("first time")

    run = start(register(one_task("f", counts)))
    drain()
    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert state(run) == State.SUCCESS
    assert seen == [1, 2, 1, 2]


@pytest.mark.parametrize("raised", [signals.PAUSE(), signals.RETRY(delay=0), signals.LOOP()])
def test_nothing_runs_again_in_a_flow_run_that_was_cancelled_meanwhile(register, start, drain, raised):
    calls = []

    @task
    def cancelled_meanwhile():
        calls.append(1)
        cancel_flow_run(flow_run_id=context().flow_run_id)
        raise raised

    run = start(register(one_task("f", cancelled_meanwhile)))
    work_on(drain)

    assert (state(run), only(run).state, len(calls)) == (State.CANCELLED, State.CANCELLED, 1)


def test_a_paused_task_run_is_cancelled_at_once(register, start, drain):
    run = start(register(one_task("f", raising(signals.PAUSE()))))
    drain()
    cancel_flow_run(flow_run_id=run.pk)

    assert (state(run), only(run).state) == (State.CANCELLED, State.CANCELLED)


def test_s049_a_failed_reference_task_leaves_the_run_running_while_a_terminal_one_retries(register, start, drain):
    with Flow("f") as flow:
        failed = fails()
        fails.copy(name="later", max_retries=1, retry_delay_seconds=3600.0).bind()
    flow.set_reference_tasks([failed])
    run = start(register(flow))
    drain()

    assert states(run) == {"fails-1": "Failed", "later-1": "Retrying"}
    assert state(run) == State.RUNNING
