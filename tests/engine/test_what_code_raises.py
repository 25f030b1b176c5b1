"""Whatever people's code raises, says or changes: it ends its own task run, the same here and on workers."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.core.states import State
from orchestrator.models import FlowRun, LogLine, TaskRun
from orchestrator.sdk import Flow, RunState, Task, context, signals, states, task
from orchestrator.sdk.raised import MOST_LETTERS
from tests.engine.conftest import of
from tests.engine.flows import one_task, works

Ends = Callable[..., tuple[State, str]]


@pytest.fixture
def ends(execute: Callable[..., FlowRun]) -> Ends:
    """Run a task here and by the engine; return the state and message with which both ended it."""

    def run(body: Task, *before: Task) -> tuple[State, str]:
        with Flow("odd") as flow:
            last = body(upstream_tasks=[one() for one in before])
        local = flow.run()[last]
        found = of(execute(flow), flow.slugs[last])
        assert (found.state, found.message) == (local.state, local.message)
        return local.state, local.message

    return run


class Unwritable(Exception):
    """An exception of which nobody can say what it says."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def raising(error: Any) -> Task:
    @task
    def raises() -> None:
        raise error

    return raises


@pytest.mark.parametrize(
    ("raised", "state", "message"),
    [
        (signals.FAIL(ZeroDivisionError("by zero")), State.FAILED, "ZeroDivisionError: by zero"),
        (signals.SKIP(None), State.SKIPPED, ""),
        (signals.SUCCESS(5), State.SUCCESS, "5"),
        (signals.FAIL("a\x00b\ud800"), State.FAILED, "ab?"),
        (signals.FAIL("x" * 5_000), State.FAILED, "x" * MOST_LETTERS),
        (Unwritable(), State.FAILED, "Unwritable: (a Unwritable that cannot be written as text)"),
        (ValueError("first\nsecond"), State.FAILED, "ValueError: first"),
        (SystemExit(3), State.FAILED, "The function called exit(3)."),
        (asyncio.CancelledError(), State.FAILED, "CancelledError"),
        (GeneratorExit(), State.FAILED, "GeneratorExit"),
    ],
)
def test_a_message_is_text_whatever_was_raised(ends: Ends, raised: BaseException, state: State, message: str) -> None:
    assert ends(raising(raised)) == (state, message)


@pytest.mark.parametrize("said", [None, ValueError("x"), 5])
def test_a_message_of_a_handler_is_text_whatever_it_gave(ends: Ends, said: Any) -> None:
    @task(state_handlers=[lambda task, old, new: states.Success(said) if new.is_failed() else None])
    def rescued() -> None:
        raise KeyError

    assert ends(rescued) == (State.SUCCESS, {None: "", 5: "5"}.get(said, "ValueError: x"))


def test_handlers_hear_of_a_result_that_cannot_be_kept(ends: Ends) -> None:
    heard: list[str] = []

    @task(on_failure=lambda task, state: heard.append(state.message), max_retries=1, retry_delay=0, retry_on=KeyError)
    def unkeepable() -> object:
        return object()

    state, message = ends(unkeepable)

    assert state is State.FAILED
    assert heard == [message, message], "once here and once by the engine: no KeyError, so no retry"


def test_handlers_see_results_as_they_are_kept(execute: Callable[..., FlowRun]) -> None:
    seen: list[Any] = []

    @task(state_handlers=[lambda task, old, new: seen.append(new.result) if new.is_successful() else None])
    def pair() -> tuple[int, int]:
        return (1, 2)

    one_task("here", pair).run()
    execute(one_task("there", pair))

    assert seen == [[1, 2], [1, 2]]


def test_a_handler_that_makes_a_result_that_cannot_be_kept_fails_the_task(ends: Ends) -> None:
    @task(state_handlers=[lambda task, old, new: states.Success("", object()) if new.is_failed() else None])
    def rescued() -> None:
        raise KeyError

    state, message = ends(rescued)

    assert state is State.FAILED
    assert message.startswith("A state handler raised Unkeepable: The result is of type builtins.object")


def test_handlers_and_triggers_know_the_context(ends: Ends) -> None:
    def tells(task: Task, old: RunState, new: RunState) -> RunState | None:
        return states.Success(f"attempt {context().attempt}") if new.is_successful() else None

    @task(state_handlers=[tells], trigger=lambda upstream: context().attempt == 1)
    def told() -> None: ...

    assert ends(told, works) == (State.SUCCESS, "attempt 1")


def slow_when(happens: Callable[[RunState], bool]) -> Callable[..., None]:
    def handler(_task: Task, _old: RunState, new: RunState) -> None:
        if happens(new):
            time.sleep(5)

    return handler


@pytest.mark.parametrize("happens", [RunState.is_running, RunState.is_successful])
def test_the_time_limit_of_an_attempt_holds_for_its_handlers(ends: Ends, happens: Callable[[RunState], bool]) -> None:
    watched = task(timeout=0.2, state_handlers=[slow_when(happens)], name="watched")(lambda: 1)

    assert ends(watched) == (State.TIMED_OUT, "Took longer than its time limit of 0.2 s.")


def test_the_time_limit_of_an_attempt_holds_for_its_trigger(ends: Ends) -> None:
    watched = task(timeout=0.2, trigger=lambda upstream: time.sleep(5), name="watched")(lambda: 1)

    assert ends(watched, works) == (State.TIMED_OUT, "Took longer than its time limit of 0.2 s.")


def test_a_path_that_leads_nowhere_counts_as_no_exception_of_the_listed_types(ends: Ends) -> None:
    @task(max_retries=1, retry_delay=0, retry_on=ConnectionError)
    def reads(value: Any) -> None: ...

    with Flow("reads") as flow:
        reads(works()["nowhere"])
    ended = flow.run()["reads-1"]

    assert ended.message == "The result of works-1 has nothing at 'nowhere': an object with 'ok' has no 'nowhere'."
    assert ended.state is State.FAILED


def test_what_a_function_changes_no_other_sees(execute: Callable[..., FlowRun]) -> None:
    @task
    def grow(rows: list[int]) -> int:
        context().parameters["rows"] = rows
        rows.append(0)
        return len(rows)

    @task
    def make() -> list[int]:
        return [1]

    with Flow("changes") as flow:
        made = make()
        first = grow(made)
        second = grow(made, upstream_tasks=[first])
        grow([1], upstream_tasks=[second])
        grow.map([[1], [1]], upstream_tasks=[second])

    wanted = {"make-1": [1], "grow-1": 2, "grow-2": 2, "grow-3": 2, "grow-4": [2, 2]}
    for _ in range(2):
        assert {slug: each.result for slug, each in flow.run().task_states.items()} == wanted
        run = execute(flow)
        results = dict(TaskRun.objects.filter(flow_run=run, map_index=-1).values_list("slug", "result"))
        assert results | {"grow-4": run.result["grow-4"]} == wanted, "also in the second run in one process"


def test_what_a_signal_hands_on_is_cached_like_what_is_returned(execute: Callable[..., FlowRun]) -> None:
    @task(cache_for=60)
    def early() -> None:
        raise signals.SUCCESS(result=4)

    flow = one_task("caches", early)
    execute(flow)
    again = of(execute(flow), "early-1")

    assert (again.state, again.result) == (State.CACHED, 4)


@pytest.fixture
def own_handlers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without those of pytest, which raise what a program goes on after."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging, "raiseExceptions", False)


@pytest.mark.usefixtures("own_handlers_alone")
def test_a_log_line_that_cannot_be_written_does_not_fail_the_task(execute: Callable[..., FlowRun]) -> None:
    @task
    def logs() -> str:
        logging.getLogger("shop").warning("%d rows", "no number")
        logging.getLogger("shop").warning("went on")
        return "done"

    run = execute(one_task("logs", logs))

    assert run.result == "done"
    assert list(LogLine.objects.values_list("message", flat=True)) == ["went on"]
