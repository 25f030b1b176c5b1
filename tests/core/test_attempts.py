"""What follows an attempt: retries and their pauses, loops, pauses (numbers: the conformance list of the semantics)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.attempts import after_attempt, looped, retry_delay, retry_message
from orchestrator.core.graph import Task, TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import TASK_RUN_TRANSITIONS, State
from orchestrator.core.task_fields import MAX_DELAY_SECONDS


def retried(**fields) -> Task:
    return Task("A", "A", TaskKind.FUNCTION, **{"max_retries": 9, **fields})


@pytest.mark.parametrize(("failures", "delay"), [(1, 30.0), (2, 30.0), (3, None), (4, None)])
def test_a_task_is_tried_again_as_often_as_it_says(failures: int, delay: float | None) -> None:
    task = Task("A", "A", TaskKind.FUNCTION, max_retries=2, retry_delay_seconds=30.0)
    assert retry_delay(task, failures) == delay


def test_a_task_without_retries_is_not_tried_again_and_one_without_delay_is_at_once() -> None:
    assert retry_delay(Task("A", "A", TaskKind.FUNCTION), 1) is None
    assert retry_delay(Task("A", "A", TaskKind.FUNCTION, max_retries=1), 1) == 0.0


def test_a_retry_says_which_attempt_failed_of_how_many_and_why() -> None:
    task = Task("A", "A", TaskKind.FUNCTION, max_retries=2)
    assert retry_message(task, 1, "ValueError: no") == "Retry 1 of 2 follows: ValueError: no"


def delays(task: Task, count: int, chance: float = 0.5) -> list[float | None]:
    return [retry_delay(task, failures, chance=chance) for failures in range(1, count + 1)]


def test_a_list_of_pauses_is_used_in_order_and_its_last_again() -> None:
    assert delays(retried(max_retries=4, retry_delays=(1.0, 5.0, 60.0)), 5) == [1.0, 5.0, 60.0, 60.0, None]


def test_pauses_grow_by_their_factor_up_to_a_limit() -> None:
    assert delays(retried(retry_delay_seconds=2.0, retry_backoff=3.0, retry_delay_max_seconds=20.0), 4) == [
        2,
        6,
        18,
        20,
    ]


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 5.0), (0.5, 10.0), (1.0, 15.0)])
def test_chance_moves_a_pause_within_its_jitter(chance: float, delay: float) -> None:
    assert retry_delay(retried(retry_delay_seconds=10.0, retry_jitter=0.5), 1, chance=chance) == delay


@given(
    first=st.floats(0, MAX_DELAY_SECONDS),
    factor=st.floats(1, 100),
    jitter=st.floats(0, 1),
    most=st.none() | st.floats(0.001, MAX_DELAY_SECONDS),
    failures=st.integers(1, 1_000),
    chance=st.floats(0, 1),
)
def test_no_pause_is_negative_or_longer_than_its_limit(first, factor, jitter, most, failures, chance) -> None:
    task = retried(
        max_retries=1_000,
        retry_delay_seconds=first,
        retry_backoff=factor,
        retry_jitter=jitter,
        retry_delay_max_seconds=most,
    )
    delay = retry_delay(task, failures, chance=chance)

    assert delay is not None
    assert 0 <= delay <= (most or MAX_DELAY_SECONDS)


@pytest.mark.parametrize("state", [State.FAILED, State.TIMED_OUT])
def test_a_failure_is_followed_by_a_retry_while_some_are_left(state: State) -> None:
    task = retried(max_retries=1, retry_delay_seconds=7.0)
    first = after_attempt(task, Ending(state, "no"), failures=0, chance=0.5)

    assert (first.state, first.delay, first.message) == (State.RETRYING, 7.0, "Retry 1 of 1 follows: no")
    assert after_attempt(task, Ending(state, "no"), failures=1, chance=0.5) == Ending(state, "no")


@pytest.mark.parametrize(
    "ending",
    [
        Ending(State.FAILED, "no", retry=False),
        Ending(State.TRIGGER_FAILED, "no"),
        Ending(State.SKIPPED),
        Ending(State.SUCCESS, result=1),
        Ending(State.CANCELLED),
        Ending(State.PAUSED, delay=3.0),
        Ending(State.SUBMITTED, carried={"loop_count": 2}),
    ],
)
def test_what_is_no_failure_or_not_to_be_retried_stays_as_it_is(ending: Ending) -> None:
    assert after_attempt(retried(), ending, failures=0, chance=0.5) == ending


def test_a_retry_that_was_asked_for_needs_none_left_and_has_the_tasks_own_pause_unless_it_says_one() -> None:
    task = retried(max_retries=0, retry_delay_seconds=7.0)

    assert after_attempt(task, Ending(State.RETRYING), failures=5, chance=0.5).delay == 7.0
    assert after_attempt(task, Ending(State.RETRYING, delay=0.0), failures=5, chance=0.5).delay == 0.0


@pytest.mark.parametrize("state", [State.RETRYING, State.PAUSED, State.SUBMITTED, State.FAILED])
def test_nothing_runs_again_in_a_flow_run_that_is_being_cancelled(state: State) -> None:
    after = after_attempt(retried(), Ending(state), failures=0, chance=0.5, cancelling=True)

    assert after.state is (State.FAILED if state is State.FAILED else State.CANCELLED)


def test_a_loop_counts_from_two_on_and_carries_its_last_result() -> None:
    once = looped(None, "a")

    assert once == {"loop_count": 2, "loop_result": "a"}
    assert looped(once, "b") == {"loop_count": 3, "loop_result": "b"}


def test_s043_retrying_and_paused_are_no_ends_and_lead_to_another_execution() -> None:
    for state in (State.RETRYING, State.PAUSED):
        assert {State.SUBMITTED, State.RUNNING} <= TASK_RUN_TRANSITIONS[state]
