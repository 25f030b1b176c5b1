"""map, unmapped, mapped, flatten and apply_map: what they make of a flow, and what becomes of it when it is run."""

from typing import Any

import pytest

from orchestrator.core.bindings import Flat, Item, ListOf, Literal, ObjectOf, Upstream
from orchestrator.core.bindings import Parameter as ParameterBinding
from orchestrator.core.graph import Edge
from orchestrator.sdk import (
    Flow,
    Parameter,
    StartFlowRun,
    Task,
    apply_map,
    case,
    context,
    flatten,
    mapped,
    registry,
    signals,
    task,
    unmapped,
)


@task
def numbers(n: int = 3) -> list[int]:
    return list(range(1, n + 1))


@task
def add(x: int, y: int = 10) -> int:
    return x + y


@task
def keep(value: Any = None) -> Any:
    return value


@task
def picky(x: int, bad: int = 2) -> int:
    if x == bad:
        raise ValueError(f"no {x}")
    return x


def inputs(flow: Flow, called: Task) -> dict[str, Any]:
    return dict(flow.graph().tasks[flow.slugs[called]].inputs)


def test_s082_a_task_mapped_over_three_items_runs_three_times_in_order() -> None:
    with Flow("f") as flow:
        added = add.map(numbers())
    state = flow.run()

    assert state.result == [11, 12, 13]
    assert [item.result for item in state[added].map_states] == [11, 12, 13]
    assert inputs(flow, added) == {"x": Item(Upstream("numbers-1"))}
    assert flow.graph().edges == (Edge("numbers-1", "add-1", "x", mapped=True),)


def test_s083_there_are_as_many_items_as_the_shorter_list_has() -> None:
    with Flow("f") as flow:
        add.map(numbers(), numbers(2))

    assert flow.run().result == [2, 4]


def test_s085_what_is_unmapped_every_item_gets() -> None:
    with Flow("f") as flow:
        one = numbers(1)
        keep_all = task(lambda x, all_: [x, all_], name="both")
        both = keep_all.map(numbers(2), all_=unmapped(one))
        constant = add.map(x=[1, 2], y=unmapped(5))
    state = flow.run()

    assert state[both].result == [[1, [1]], [2, [1]]]
    assert state[constant].result == [6, 7]
    assert inputs(flow, constant) == {"x": Item(Literal([1, 2])), "y": Literal(5)}


@pytest.mark.parametrize("value", [5, "abc", {"a": 1}, None])
def test_a_value_without_items_cannot_be_mapped_over(value: object) -> None:
    with Flow("f"), pytest.raises(TypeError, match="cannot be mapped over value="):
        keep.map(value)


@pytest.mark.parametrize(("value", "items"), [((1, 2), [1, 2]), ({3}, [3]), (range(2), [0, 1]), ([], [])])
def test_a_list_written_into_the_flow_can_be_mapped_over(value: object, items: list[int]) -> None:
    with Flow("f") as flow:
        keep.map(value)

    assert flow.run().result == items


def test_a_parameter_can_be_mapped_over() -> None:
    with Flow("f") as flow:
        kept = keep.map(Parameter("days"))

    assert flow.run(days=["mon", "tue"]).result == ["mon", "tue"]
    assert inputs(flow, kept) == {"value": Item(ParameterBinding("days"))}


def test_a_list_of_tasks_can_be_mapped_over() -> None:
    with Flow("f") as flow:
        kept = keep.map([numbers(1), numbers(2), 7])

    assert flow.run()[kept].result == [[1], [1, 2], 7]
    assert inputs(flow, kept) == {"value": Item(ListOf((Upstream("numbers-1"), Upstream("numbers-2"), Literal(7))))}


def test_mapped_makes_one_argument_of_a_call_a_mapped_one() -> None:
    with Flow("f") as flow:
        add(mapped(numbers()), y=1)

    assert flow.run().result == [2, 3, 4]


def test_a_flattened_list_of_lists_is_one_list() -> None:
    with Flow("f") as flow:
        lists = numbers.map([2, 1])
        added = add.map(flatten(lists), y=unmapped(1))
        whole = keep(flatten(lists))
        alike = add.map([1, 2], y=unmapped(flatten(keep(1))))
    assert inputs(flow, added) == {"x": Item(Flat(Upstream("numbers-1"))), "y": Literal(1)}
    assert inputs(flow, whole) == {"value": Flat(Upstream("numbers-1"))}
    state = flow.run()

    assert state[added].result == [2, 3, 2]
    assert state[whole].result == [1, 2, 1]
    assert state[alike].state == "Failed"
    assert "Nothing can be mapped over: the result of keep-2 is a number" in state[alike].message


def test_map_over_map_goes_item_by_item() -> None:
    with Flow("f") as flow:
        first = picky.map(numbers())
        second = add.map(first)
        third = add.map(second, y=unmapped(0))
        total = keep(third, task_args={"trigger": "all_finished"})
    state = flow.run()

    assert flow.graph().pairs == {"add-1": {"picky-1"}, "add-2": {"add-1"}}
    assert [item.state for item in state[third].map_states] == ["Success", "TriggerFailed", "Success"]
    assert state[first].state == "Failed"
    assert state[first].message == "1 of 3 items failed: [1] ValueError: no 2"
    assert state[third].state == "TriggerFailed"
    assert state[total].result == [11, None, 13]


def test_what_follows_item_by_item_goes_on_beside_an_item_that_is_paused() -> None:
    @task
    def asks(x: int) -> int:
        if x == 2:
            raise signals.PAUSE("look first")
        return x

    with Flow("f") as flow:
        first = asks.map(numbers())
        second = add.map(first)
        with case(keep(1), 2):
            third = add.map(first)
    state = flow.run()

    assert state.state == "Running"
    assert [item.state for item in state[first].map_states] == ["Success", "Paused", "Success"]
    assert [(item.state, item.result) for item in state[second].map_states] == [
        ("Success", 11),
        ("Pending", None),
        ("Success", 13),
    ]
    assert state[third].state == "Skipped"


def test_s088_one_failed_item_fails_the_trigger_of_what_reduces_them() -> None:
    with Flow("f") as flow:
        reduced = keep(picky.map(numbers()))
    state = flow.run()

    assert state[reduced].state == "TriggerFailed"
    assert "picky[1] failed" in state[reduced].message
    assert state.message == "picky: 1 of 3 items failed: [1] ValueError: no 2"


def test_an_empty_list_is_a_success_with_an_empty_result() -> None:
    with Flow("f") as flow:
        first = add.map(numbers(0))
        second = add.map(first)
        reduced = keep(second)
    state = flow.run()

    assert [state[each].state for each in (first, second, reduced)] == ["Success"] * 3
    assert state[reduced].result == []


@pytest.mark.parametrize(
    ("body", "expected", "message"),
    [
        (task(lambda: {"a": 1}, name="source"), "Failed", "the result of source-1 is an object with 'a'; only a list"),
        (task(lambda: 1 / 0, name="source"), "Failed", "Nothing can be mapped over: source failed."),
    ],
)
def test_s086_a_mapped_task_without_a_list_fails(body: Task, expected: str, message: str) -> None:
    with Flow("f") as flow:
        added = add.map(body())
    state = flow.run()

    assert state[added].state == expected
    assert message in state[added].message
    assert state[added].map_states == []


def test_s089_each_item_is_tried_again_by_itself() -> None:
    tried: list[int] = []

    @task(max_retries=1, retry_delay=0)
    def flaky(x: int) -> int:
        tried.append(x)
        if x == 2 and tried.count(2) == 1:
            raise ValueError("first time")
        return x

    with Flow("f") as flow:
        flaky.map(numbers())

    assert flow.run().result == [1, 2, 3]
    assert tried == [1, 2, 2, 3]


def test_an_item_knows_its_place() -> None:
    @task
    def place(x: int) -> list[object]:
        return [context().map_index, context().idempotency_key.rpartition("/")[2]]

    with Flow("f") as flow:
        place.map([5, 6])

    assert flow.run().result == [[0, "place-1[0]"], [1, "place-1[1]"]]


def test_upstreams_without_a_result_are_followed_item_by_item_too() -> None:
    with Flow("f") as flow:
        first = picky.map(numbers())
        plain = keep(1)
        second = add.map(numbers(), upstream_tasks=[first, plain])
        third = add.map(numbers(), upstream_tasks=[unmapped(first)])
    state = flow.run()

    assert flow.graph().pairs == {"add-1": {"picky-1"}}
    assert [item.state for item in state[second].map_states] == ["Success", "TriggerFailed", "Success"]
    assert state[third].state == "TriggerFailed"
    assert state[third].map_states == []


def test_the_imperative_ways_to_map() -> None:
    with Flow("f") as flow:
        source, one, two = numbers.copy(), add.copy(), add.copy()
        one.set_upstream(source, key="x", mapped=True)
        one.set_downstream(two, key="x", mapped=True)
        three = add.copy().bind([1], mapped=True)
        keep.copy().set_dependencies(keyword_tasks={"value": two}, mapped=True)

    assert flow.graph().mapped == {"add-1", "add-2", "add-3", "keep-1"}
    assert flow.run()[three].result == [11]


def test_child_flows_are_started_once_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_flows", {})
    with Flow("child", project="tests") as child:
        add(Parameter("x"), 1)
    registry.add(child, "tests")
    with Flow("parent", project="tests") as flow:
        started = StartFlowRun("child", "tests", wait=True).map(parameters=[{"x": 1}, {"x": 2}])

    assert flow.run()[started].result == [2, 3]


def test_apply_map_maps_what_a_function_calls() -> None:
    def inner(x: Any, y: Any) -> tuple[Task, Task]:
        total = add(x, y)
        return total, keep({"x": x, "total": total, "y": y, "always": 3})

    with Flow("f") as flow:
        total, described = apply_map(inner, numbers(), y=unmapped(keep(5)))
    state = flow.run()

    assert state[total].result == [6, 7, 8]
    assert state[described].result[1] == {"x": 2, "total": 7, "y": 5, "always": 3}
    assert inputs(flow, described) == {
        "value": ObjectOf(
            {
                "x": Item(Upstream("numbers-1")),
                "total": Item(Upstream("add-1")),
                "y": Upstream("keep-1"),
                "always": Literal(3),
            }
        )
    }


def test_apply_map_over_lists_written_into_the_flow_and_flattened_ones() -> None:
    with Flow("f") as flow:
        added = apply_map(add, [1, 2], y=flatten(keep([[3], [4, 5]])))
        alone = apply_map(lambda x: [add(x, 1), numbers(2)], range(2))

    state = flow.run()
    assert state[added].result == [4, 6]
    assert [state[each].result for each in alone] == [[1, 2], [1, 2]]
    assert state[alone[1]].map_states == []


def test_mapping_inside_apply_map_is_refused() -> None:
    with Flow("f") as flow:
        for inner in (add.map, lambda x: apply_map(add, x)):
            with pytest.raises(ValueError, match="inside"):
                apply_map(inner, [1])
        with pytest.raises(TypeError, match="cannot be mapped over"):
            apply_map(add, 5)

    assert flow.is_mapping is False


def test_annotations_stand_around_whole_arguments() -> None:
    with Flow("f"), pytest.raises(TypeError, match="around a whole argument"):
        keep([unmapped(1)])


def test_a_flow_is_the_same_with_other_edges_only_where_they_differ() -> None:
    def build(call: Any) -> str:
        with Flow("f") as flow:
            call(numbers())
        return flow.serialized_hash()

    assert build(add.map) == build(add.map)
    assert build(keep.map) != build(keep)
