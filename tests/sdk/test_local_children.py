"""The child flow runs of flow.run()."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.core.starts import MAX_DEPTH
from orchestrator.sdk import (
    Flow,
    Parameter,
    StartFlowRun,
    case,
    context,
    create_flow_run,
    merge,
    registry,
    task,
    wait_for_flow_run,
)
from orchestrator.sdk import states as made


@task
def add(x: int, y: int) -> int:
    return x + y


@task
def keep(value: Any = None) -> Any:
    return value


@task
def fail(message: str = "broken") -> None:
    raise ValueError(message)


@pytest.fixture
def doubled() -> Flow:
    """A known flow `examples/double` that doubles its parameter."""
    with Flow("double") as flow:
        add(Parameter("x", type=int), Parameter("x2", default=0))
    registry.add(flow, "examples")
    return flow


def starting(name: str = "double", parameters: Any = None, **settings: Any) -> Flow:
    with Flow("parent") as flow:
        keep(StartFlowRun(name, "examples", wait=True, name="start", **settings)(parameters=parameters))
    return flow


def test_a_waiting_task_ends_with_the_result_of_its_child(doubled: Flow) -> None:
    assert starting(parameters={"x": 4}).run().result == 4


def test_the_parameters_of_a_child_may_be_made_at_run_time(doubled: Flow) -> None:
    state = starting(parameters=task(lambda: {"x": 2, "x2": 3}, name="make")).run()
    assert state.result == 5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"x": "4"}, "examples/double refuses these parameters. Parameter 'x' must be of type integer, but is \"4\"."),
        (None, "examples/double refuses these parameters. Parameter 'x' is required; give a value for it."),
        ([1], "The parameters of a flow run must be an object of name and value, but are a list of 1."),
        ("", "The parameters of a flow run must be an object of name and value, but are text."),
    ],
)
def test_parameters_that_the_child_refuses_fail_the_task(doubled: Flow, parameters: Any, message: str) -> None:
    state = starting(parameters=task(lambda: parameters, name="make")).run()

    assert state["start-1"].state == "Failed"
    assert state["start-1"].message == message


def test_s055_a_flow_that_is_not_known_fails_the_task() -> None:
    state = starting("gone").run()
    assert state["start-1"].message == "Flow 'gone' not found in project 'examples'. Is it registered?"


def test_a_child_that_cannot_be_run_fails_the_task() -> None:
    with Flow("circle") as circle:
        first, second = keep.copy(), keep.copy()
        circle.chain(first, second, first)
    registry.add(circle, "examples")

    message = starting("circle").run()["start-1"].message

    assert message.startswith("examples/circle cannot be run. The flow 'circle' has a cycle: ")


def test_the_state_of_a_child_is_mirrored_by_a_task_that_waits_for_it() -> None:
    with Flow("failing") as failing:
        fail("no rows")
    registry.add(failing, "examples")

    state = starting("failing").run()

    assert (state["start-1"].state, state["keep-1"].state) == ("Failed", "TriggerFailed")
    assert state["start-1"].message == "Child flow run failed: fail: ValueError: no rows"


def test_s056_a_task_that_does_not_wait_succeeds_whatever_becomes_of_its_child() -> None:
    with Flow("failing") as failing:
        fail()
    registry.add(failing, "examples")
    with Flow("parent") as flow:
        StartFlowRun("failing", "examples", name="start")()

    state = flow.run()

    assert state.is_successful()
    assert len(json.dumps(state.result)) == 38


def test_flows_that_start_each_other_come_to_an_end() -> None:
    runs: list[str] = []
    with Flow("again") as flow:
        note = task(lambda: runs.append(context().flow_run_id), name="note")()
        StartFlowRun("again", "examples", wait=True, name="start")(upstream_tasks=[note])
    registry.add(flow, "examples")

    assert flow.run().is_failed()
    assert len(set(runs)) == len(runs) == MAX_DEPTH + 1


def child(name: str, *tasks: Callable[..., Any], **settings: Any) -> Flow:
    """Return a known flow in which each function is given what the one before it returned."""
    with Flow(name) as flow:
        last = Parameter("x", default=0)
        for function in tasks:
            last = task(**settings)(function)(last)
    registry.add(flow, "examples")
    return flow


def once(x: int) -> list[int]:
    return [x, context().attempt]


def good_from(attempt: int) -> Callable[[Any], Any]:
    def flaky(x: Any) -> Any:
        if context().attempt < attempt:
            raise ValueError(f"attempt {context().attempt}")
        return [x, context().attempt]

    return flaky


def retrying(name: str, **settings: Any) -> Flow:
    with Flow("parent") as flow:
        StartFlowRun(name, "examples", wait=True, name="start", max_retries=2, retry_delay=0, **settings)()
    return flow


def test_a_retry_restarts_the_child_from_what_failed() -> None:
    child("flaky", once, good_from(3))

    state = retrying("flaky").run()

    assert (state.state, state.result) == ("Success", [[0, 1], 3])


def test_a_retry_starts_a_new_child_or_mirrors_the_same_one_where_it_is_told_to() -> None:
    child("flaky", once, good_from(2))
    runs: list[str] = []
    child("noted", lambda x: runs.append(context().flow_run_id), fail.run)

    assert retrying("flaky", on_retry="new_run").run().is_failed()
    assert retrying("flaky", on_retry="mirror").run().is_failed()
    assert retrying("noted", on_retry="mirror").run().is_failed()
    assert len(runs) == 1
    assert retrying("noted", on_retry="new_run").run().is_failed()
    assert len(set(runs)) == len(runs) == 4


def test_a_restart_goes_down_through_all_levels_and_leaves_alone_what_succeeded() -> None:
    child("low", once, good_from(2))
    with Flow("middle") as middle:
        keep({"low": StartFlowRun("low", "examples", wait=True)(), "beside": task(once)(0)})
    registry.add(middle, "examples")

    assert retrying("middle").run().result == {"low": [[0, 1], 2], "beside": [0, 1]}


def test_a_restarted_child_tells_its_own_child_what_it_says_now() -> None:
    child("low", lambda x: 1 / x)
    with Flow("middle") as middle:
        said = task(lambda: {"x": context().attempt - 1}, trigger="any_failed", name="said")(upstream_tasks=[fail()])
        StartFlowRun("low", "examples", wait=True, name="low")(parameters=said)
    middle.set_reference_tasks([middle.get_tasks(name="low")[0]])
    registry.add(middle, "examples")

    assert retrying("middle").run().result == 1.0


def test_of_a_mapped_task_only_the_items_run_again_that_did_not_succeed() -> None:
    executed: list[tuple[str, int]] = []

    @task
    def picky(x: int) -> int:
        executed.append(("picky", x))
        if x == 1 and context().attempt == 1:
            raise ValueError("not yet")
        return x * 10

    @task
    def after(x: int) -> int:
        executed.append(("after", x))
        return x + 1

    with Flow("mapped") as flow:
        after.map(picky.map([0, 1, 2]))
    registry.add(flow, "examples")

    assert retrying("mapped").run().result == [1, 11, 21]
    assert sorted(executed) == [("after", 0), ("after", 10), ("after", 20), *[("picky", x) for x in (0, 1, 1, 2)]]


def test_a_key_stands_for_one_flow_run() -> None:
    runs: list[int] = []

    def note(x: int) -> None:
        runs.append(x)

    child("noted", note)
    start = StartFlowRun("noted", "examples", wait=True, name="start")
    with Flow("parent") as flow:
        first = start(parameters={"x": 1}, idempotency_key="a")
        same = start(parameters={"x": 1}, idempotency_key="a", upstream_tasks=[first])
        other = start(parameters={"x": 2}, idempotency_key="b", upstream_tasks=[first])
        wrong = start(parameters={"x": 2}, idempotency_key="a", upstream_tasks=[other])

    state = flow.run()

    assert runs == [1, 2]
    assert state[same].is_successful()
    assert state[wrong].message.startswith("The idempotency key 'a' belongs to flow run ")
    assert state[wrong].message.endswith(", which was started with other parameters.")


def test_nobody_waits_for_a_flow_run_that_waits_for_it() -> None:
    with Flow("inner") as flow:
        outer = Parameter("outer")
        wait_for_flow_run(outer)
        StartFlowRun("inner", "examples", wait=True, name="start")(parameters={"outer": outer}, idempotency_key="mine")
    registry.add(flow, "examples")
    with Flow("parent") as flow:
        outer = task(lambda: {"outer": context().flow_run_id}, name="outer")()
        StartFlowRun("inner", "examples", wait=True, name="start")(parameters=outer, idempotency_key="mine")

    message = flow.run()["start-1"].message

    assert "waits for this one itself" in message
    assert "waits for this one; both would wait for ever" in message


def test_a_child_that_is_waited_for_starts_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    child("noted", once)
    with Flow("parent") as flow:
        later = timedelta(hours=1)
        StartFlowRun("noted", "examples", wait=True, scheduled_start_time=later)()
        StartFlowRun("noted", "examples", scheduled_start_time=later)()

    assert flow.run().is_successful()
    assert [round(seconds) for seconds in slept] == [3600]


def test_a_wait_that_takes_too_long_times_out_and_a_retry_finds_the_same_child() -> None:
    runs: list[str] = []
    child("noted", lambda x: runs.append(context().flow_run_id))
    with Flow("parent") as flow:
        hasty = StartFlowRun("noted", "examples", wait=True, name="hasty", timeout=1e-9, max_retries=2, retry_delay=0)()

    state = flow.run()

    assert state[hasty].state == "TimedOut"
    assert state[hasty].message.startswith("Waited longer than 1e-09 s for child flow run ")
    assert len(runs) == 1


def test_a_wait_sees_the_parameters_with_their_defaults() -> None:
    child("noted", once)
    with Flow("parent") as flow:
        wait_for_flow_run(create_flow_run(flow_name="noted", project_name="examples"))["parameters"]
        view = wait_for_flow_run(create_flow_run(flow_name="noted", project_name="examples"))
        flow.result = keep(view["parameters"])

    assert flow.run().result == {"x": 0}


def test_a_child_with_an_approval_that_nobody_answers_is_waited_for() -> None:
    with Flow("asks") as flow:
        task(trigger="manual_only", name="asked")(lambda: 1)()
    registry.add(flow, "examples")
    with Flow("parent") as flow:
        started = create_flow_run(flow_name="asks", project_name="examples")
        waited = wait_for_flow_run(started)

    state = flow.run()

    assert (state.state, state[waited].state) == ("Running", "Running")


class Money:
    def __init__(self, amount: int) -> None:
        self.amount = amount


@task(result_serializer="pickle")
def money() -> Money:
    return Money(5)


@task
def spend(money: Money) -> int:
    money.amount -= 1
    return money.amount


def test_what_a_serializer_keeps_comes_to_functions_one_by_one_and_to_no_child(doubled: Flow) -> None:
    with Flow("f") as flow:
        made_of = money()
        with case(keep(1), 1):
            taken = money()
        either = merge(taken, made_of)
        first, second = spend(either), spend(either, upstream_tasks=[])
        listed = task(lambda all_of_it: [each.amount for each in all_of_it["in"]], name="listed")({"in": [either]})
        sent = StartFlowRun("double", "examples", wait=True)(parameters={"x": either})
        with case(either, 1):
            keep()

    state = flow.run()

    assert (state[first].result, state[second].result, state[listed].result) == (4, 4, [5])
    assert isinstance(state[either].result, Money)
    assert "'x' holds tests.sdk.test_local_children.Money, a result kept by 'pickle'" in state[sent].message
    assert state["case(1)-2"].message == (
        "It reads a result that is no JSON (tests.sdk.test_local_children.Money); only functions can."
    )


def test_a_handler_sees_what_a_serializer_keeps_and_may_make_another_of_it() -> None:
    seen: list[Any] = []

    def doubles(_task: Any, _old: Any, new: Any) -> Any:
        if new.is_successful():
            seen.append(new.result.amount)
            return made.Success("doubled", result=Money(new.result.amount * 2))
        return None

    with Flow("f") as flow:
        spend(money.copy(state_handlers=[doubles])())

    assert (flow.run().result, seen) == (9, [5])
