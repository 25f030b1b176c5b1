"""Signals, retries and pauses in flow.run() (numbers: the conformance list of the semantics)."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.core.states import State
from orchestrator.sdk import Backoff, Flow, RunState, Task, context, pause_task, signals, task


def run_one(body: Any, **attributes: Any) -> RunState:
    """Return how a flow ends that has one task of this body."""
    with Flow("f") as flow:
        task(**attributes)(body)()
    return flow.run()


def raising(raised: BaseException) -> Any:
    def body() -> None:
        raise raised

    return body


ENDS = [
    (signals.SUCCESS("well", result={"a": (1, 2)}), State.SUCCESS, "well", {"a": [1, 2]}),
    (signals.FAIL("badly"), State.FAILED, "badly", None),
    (signals.SKIP("nothing to do"), State.SKIPPED, "nothing to do", None),
    (signals.TRIGGERFAIL("too early"), State.TRIGGER_FAILED, "too early", None),
    (signals.PAUSE("look first"), State.PAUSED, "look first", None),
]


@pytest.mark.parametrize(("raised", "state", "message", "result"), ENDS, ids=lambda value: type(value).__name__)
def test_s047_a_signal_ends_the_task_in_its_state_with_its_message(raised, state, message, result) -> None:
    ended = run_one(raising(raised))["body-1"]

    assert (ended.state, ended.message, ended.result) == (state, message, result)


def test_s046_an_exception_ends_the_task_failed_and_the_message_names_it() -> None:
    ended = run_one(raising(KeyError("x")))["body-1"]

    assert (ended.state, ended.message) == (State.FAILED, "KeyError: 'x'")


def test_except_exception_does_not_catch_a_signal() -> None:
    def body() -> None:
        try:
            raise signals.SKIP("on purpose")
        except Exception:  # noqa: BLE001 - it is what people write
            pytest.fail("a signal is no Exception")

    assert run_one(body)["body-1"].is_skipped()


def test_what_follows_a_skip_is_skipped() -> None:
    with Flow("f") as flow:
        after = task(lambda value: value, name="after")(task(raising(signals.SKIP()), name="skips")())

    assert flow.run()[after].state == State.SKIPPED


def test_fail_is_retried_and_retry_is_even_when_none_are_left() -> None:
    raised = [signals.FAIL("no"), signals.RETRY("once more", delay=0), signals.RETRY(start_time=datetime.now(UTC))]

    def body() -> int:
        if raised:
            raise raised.pop(0)
        return context().attempt

    assert run_one(body, max_retries=1, retry_delay=0).result == 4


def test_a_signals_result_without_a_json_form_fails_the_task() -> None:
    ended = run_one(raising(signals.SUCCESS(result=object())))

    assert ended.is_failed()
    assert "no JSON form" in ended["body-1"].message


def test_a_task_loops_with_what_it_last_raised() -> None:
    seen = []

    def body() -> Any:
        seen.append((context().loop_count, context().loop_result))
        if context().loop_count < 4:
            raise signals.LOOP(result=context().loop_count * 10)
        return context().loop_result

    assert run_one(body).result == 30
    assert seen == [(1, None), (2, 10), (3, 20), (4, 30)]


def test_each_turn_of_a_loop_has_all_its_retries_and_keeps_its_count() -> None:
    seen: list[tuple[int, int]] = []

    def body() -> str:
        turn = context().loop_count
        seen.append((turn, context().attempt))
        if [each for each, _ in seen].count(turn) == 1:
            raise ValueError("the first time in every turn")
        if turn < 3:
            raise signals.LOOP
        return "done"

    assert run_one(body, max_retries=1, retry_delay=0).result == "done"
    assert [turn for turn, _ in seen] == [1, 1, 2, 2, 3, 3]


def test_s118_a_paused_task_leaves_the_run_running_and_what_follows_pending() -> None:
    with Flow("f") as flow:
        paused = task(raising(signals.PAUSE("look first")), name="paused")()
        after = task(lambda: 1, name="after")(upstream_tasks=[paused])
        beside = task(lambda: 2, name="beside")()
    state = flow.run()

    assert (state.state, state.message, state.is_finished()) == (State.RUNNING, "Waits for paused-1.", False)
    assert [state[each].state for each in (paused, after, beside)] == [State.PAUSED, State.PENDING, State.SUCCESS]
    assert (state[paused].is_scheduled(), state[paused].is_pending(), state[paused].is_finished()) == (
        True,
        True,
        False,
    )


def test_a_pause_is_asked_for_at_the_terminal_until_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["", "no", "Y"])
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or next(answers))

    state = run_one(lambda: context().resumed, name="approved", trigger="manual_only")

    assert (state.result, asked) == (True, ["approved-1 is paused: Waits to be approved. Resume? [y] "] * 3)


def test_a_pause_with_a_duration_ends_by_itself_and_the_task_runs_from_its_start() -> None:
    calls = []

    def body() -> str:
        calls.append(context().resumed)
        pause_task("wait a little", duration=timedelta(milliseconds=20))
        return "went on"

    began = time.monotonic()
    assert run_one(body).result == "went on"
    assert calls == [False, True]
    assert time.monotonic() - began >= 0.02


@pytest.mark.parametrize(("raised", "calls"), [(ConnectionError, 3), (OSError, 3), (ValueError, 1), (signals.FAIL, 1)])
def test_s077_only_listed_types_are_retried_and_their_subclasses(raised: type[BaseException], calls: int) -> None:
    called = []

    def body() -> None:
        called.append(1)
        raise raised("no")

    assert run_one(body, max_retries=2, retry_delay=0, retry_on=OSError).is_failed()
    assert len(called) == calls


def test_a_signals_time_is_one_moment_with_a_zone() -> None:
    with pytest.raises(ValueError, match="start_time or delay, not both"):
        signals.RETRY(start_time=datetime.now(UTC), delay=5)
    with pytest.raises(ValueError, match="needs a time zone"):
        signals.PAUSE(start_time=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("delay", "fields"),
    [
        (5, (5.0, (), 1.0, 0.0, None)),
        ([1, timedelta(minutes=1)], (1.0, (1.0, 60.0), 1.0, 0.0, None)),
        (Backoff(2, most=timedelta(hours=1), jitter=0.25), (2.0, (), 2.0, 0.25, 3600.0)),
    ],
)
def test_a_retry_delay_is_fixed_or_a_list_or_grows(delay: Any, fields: tuple[Any, ...]) -> None:
    with Flow("f") as flow:
        task(lambda: 1, name="a", max_retries=3, retry_delay=delay)()
    made = flow.graph().tasks["a-1"]

    assert fields == (
        made.retry_delay_seconds,
        made.retry_delays,
        made.retry_backoff,
        made.retry_jitter,
        made.retry_delay_max_seconds,
    )


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Task("a", max_retries=1, retry_delay=[]), ValueError),
        (lambda: Task("a", max_retries=1, retry_delay=[-1]), ValueError),
        (lambda: Task("a", max_retries=1, retry_delay="5"), ValueError),
        (lambda: Task("a", retry_on=ValueError), ValueError),
        (lambda: Task("a", max_retries=1, retry_delay=1, retry_on=["ValueError"]), TypeError),
        (lambda: Backoff(-1), ValueError),
        (lambda: Backoff(1, factor=0.5), ValueError),
        (lambda: Backoff(1, jitter=2), ValueError),
        (lambda: Backoff(1, most=0), ValueError),
    ],
)
def test_what_is_no_retry_delay_is_refused_where_it_is_written(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_a_function_that_takes_too_long_is_interrupted_and_retried_like_a_timeout_error() -> None:
    calls = []

    def body() -> int:
        calls.append(1)
        if len(calls) == 1:
            time.sleep(60)
        return len(calls)

    began = time.monotonic()
    state = run_one(body, timeout=timedelta(milliseconds=50), max_retries=1, retry_delay=0, retry_on=TimeoutError)

    assert state.result == 2
    assert time.monotonic() - began < 10
    timed_out = run_one(lambda: time.sleep(60), name="slow", timeout=0.05)["slow-1"]
    assert (timed_out.state, timed_out.message) == (State.TIMED_OUT, "Took longer than its time limit of 0.05 s.")


@pytest.mark.parametrize("timeout", [0, -1, "5", True, float("inf")])
def test_what_is_no_time_limit_is_refused(timeout: Any) -> None:
    with pytest.raises(ValueError, match="timeout must be"):
        Task("a", timeout=timeout)
