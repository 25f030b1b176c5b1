"""What is decided about mapped tasks: which they are, how many items they have, how they end."""

import pytest

from orchestrator.core.bindings import (
    Binding,
    Flat,
    InvalidBinding,
    Item,
    ListOf,
    Literal,
    ObjectOf,
    Parameter,
    Unresolvable,
    Upstream,
    parse,
    resolve,
)
from orchestrator.core.graph import Edge, FlowGraph, Task, TaskKind
from orchestrator.core.mapping import (
    MAX_ITEMS,
    Counted,
    item_states,
    judge_mapping,
    mapped_ending,
    number_of_items,
)
from orchestrator.core.planner import Ending, judge_task, released_by
from orchestrator.core.states import State
from orchestrator.core.triggers import Trigger
from orchestrator.core.validation import check_graph


def task(slug: str, **inputs: Binding) -> Task:
    return Task(slug, slug, TaskKind.FUNCTION, inputs)


def graph(*tasks: Task, edges: tuple[Edge, ...] = ()) -> FlowGraph:
    return FlowGraph({task.slug: task for task in tasks}, edges)


CHAIN = graph(
    task("list"),
    task("U", x=Item(Upstream("list"))),
    task("D", x=Item(Upstream("U")), y=Upstream("list")),
    task("sum", x=Upstream("D")),
    edges=(
        Edge("list", "U", "x", mapped=True),
        Edge("U", "D", "x", mapped=True),
        Edge("list", "D", "y"),
        Edge("D", "sum", "x"),
    ),
)


def test_a_task_is_mapped_where_an_input_is_an_item_or_it_follows_a_mapped_task_item_by_item() -> None:
    after = task("after")
    found = FlowGraph({**CHAIN.tasks, "after": after}, (*CHAIN.edges, Edge("D", "after", None, mapped=True)))

    assert found.mapped == {"U", "D", "after"}
    assert found.pairs == {"D": {"U"}, "after": {"D"}}
    assert found.followed == {"U": {"D"}, "D": {"after"}}
    assert graph(task("a", x=ObjectOf({"day": Item(Parameter("days"))}))).mapped == {"a"}
    assert graph(task("a"), task("b"), edges=(Edge("a", "b", None, mapped=True),)).mapped == frozenset()


@pytest.mark.parametrize(
    ("reads", "edges"),
    [
        ({"x": Item(Upstream("U")), "y": Upstream("U")}, (Edge("U", "D", "x", mapped=True),)),
        ({"x": Item(Upstream("U"))}, (Edge("U", "D", "x", mapped=True), Edge("U", "D"))),
        ({"x": Item(Flat(Upstream("U")))}, (Edge("U", "D", "x", mapped=True, flattened=True),)),
        ({"x": Item(Upstream("U", "[0]"))}, (Edge("U", "D", "x", mapped=True),)),
        ({"x": Item(ListOf((Upstream("U"),)))}, (Edge("U", "D", "x"),)),
    ],
)
def test_whoever_needs_all_of_a_mapped_task_does_not_follow_it_item_by_item(
    reads: dict[str, Binding], edges: tuple[Edge, ...]
) -> None:
    found = graph(task("U", x=Item(Literal([1]))), task("D", **reads), edges=edges)

    assert found.mapped == {"U", "D"}
    assert found.pairs == {}


def test_the_end_of_a_mapped_task_releases_those_that_did_not_follow_its_items() -> None:
    with_items = Ending(State.SUCCESS, expanded=True)

    assert released_by(CHAIN, {"U": with_items}) == {}
    assert released_by(CHAIN, {"U": Ending(State.FAILED)}) == {"D": 1}
    assert released_by(CHAIN, {"list": Ending(State.SUCCESS), "D": with_items}) == {"U": 1, "D": 1, "sum": 1}


def test_an_item_and_a_flat_list_are_resolved() -> None:
    results = {"list": [[1, 2], None, [3]]}
    parameters = {"days": ["mon", "tue"]}

    def at(binding: Binding, index: int) -> object:
        return resolve(binding, results=results, parameters=parameters, index=index)

    assert at(Item(Upstream("list")), 2) == [3]
    assert at(Item(Flat(Upstream("list"))), 2) == 3
    assert at(ObjectOf({"day": Item(Parameter("days")), "all": Flat(Upstream("list"))}), 1) == {
        "day": "tue",
        "all": [1, 2, 3],
    }
    assert resolve(Item(Upstream("list")), results={}, parameters={}, index=2, items={"list": "read alone"}) == (
        "read alone"
    )


@pytest.mark.parametrize("inner", [{"kind": "item", "of": {"kind": "literal", "value": 1}}, None, 5])
def test_an_item_within_an_item_and_an_item_of_nothing_are_refused(inner: object) -> None:
    for document in ({"kind": "item", "of": inner}, {"kind": "flat", "of": inner}):
        with pytest.raises(InvalidBinding):
            parse(document)


def count(*bindings: Binding, **values: object) -> int:
    found = graph(task("a", **{f"x{number}": binding for number, binding in enumerate(bindings)}))
    return number_of_items(found, "a", results=values, parameters=values, lengths={})


def test_there_are_as_many_items_as_the_shortest_list_has() -> None:
    assert count(Item(Literal([1, 2, 3])), Item(Upstream("u")), u=[1, 2]) == 2
    assert count(Item(Parameter("p")), p=[]) == 0
    assert number_of_items(CHAIN, "D", results={}, parameters={}, lengths={"U": 7}) == 7


@pytest.mark.parametrize(
    ("value", "said"),
    [({"a": 1}, "an object with 'a'"), ("text", "text"), (None, "null"), (3, "a number"), (True, "true")],
)
def test_what_is_no_list_cannot_be_mapped_over(value: object, said: str) -> None:
    wanted = f"Nothing can be mapped over: the result of u is {said}; only a list has items."
    with pytest.raises(Unresolvable, match=f"^{wanted}$"):
        count(Item(Upstream("u")), u=value)


def test_too_many_items_are_refused() -> None:
    with pytest.raises(Unresolvable, match="at most 20,000 items, but there are 20,001"):
        count(Item(Upstream("u")), u=[0] * (MAX_ITEMS + 1))


def test_a_mapped_task_ends_as_its_items_do() -> None:
    def ending(**counts: int) -> tuple[str, str]:
        found = mapped_ending({State(state): number for state, number in counts.items()}, [(3, "ValueError: x")])
        return found.state.value, found.message

    assert ending() == ("Success", "")
    assert ending(Success=2, Skipped=1, Cached=1) == ("Success", "")
    assert ending(Success=2, Cancelled=1) == ("Cancelled", "1 of 3 items were cancelled.")
    assert ending(Success=2, Failed=1, Cancelled=1, TriggerFailed=1) == (
        "Failed",
        "2 of 5 items failed: [3] ValueError: x",
    )
    assert ending(Success=2, TriggerFailed=1) == ("TriggerFailed", "1 of 3 items could not start: [3] ValueError: x")


def test_items_are_judged_by_their_number_and_named_by_the_first_of_them() -> None:
    states = item_states("D", {State.SUCCESS: Counted(9_998, [0, 1, 2]), State.FAILED: Counted(2, [7, 9])})

    assert len(states) == 10_000
    ending = judge_task(CHAIN, "sum", {}, {"D": states})
    assert ending is not None
    assert ending.state is State.TRIGGER_FAILED
    assert "D[0], D[1], D[2] and 9995 more succeeded, D[7], D[9] failed" in ending.message


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"list": State.SUCCESS}, None),
        ({"list": State.FAILED}, "Nothing can be mapped over: list failed."),
        ({"list": State.CANCELLED}, "Nothing can be mapped over: list ended cancelled."),
        ({"list": State.SKIPPED}, "Skipped because of what was skipped before it: list."),
    ],
)
def test_s086_whether_a_mapped_task_is_given_items(states: dict[str, State], expected: str | None) -> None:
    ending = judge_mapping(CHAIN, "U", states, {}, {})

    assert (ending and ending.message) == expected


def test_a_mapped_task_whose_trigger_cannot_pass_for_any_item_is_given_none() -> None:
    asks = Task("D", "D", TaskKind.FUNCTION, {"x": Item(Literal([1]))}, trigger=Trigger.ALL_FAILED)
    found = graph(task("a"), asks, edges=(Edge("a", "D"),))

    ending = judge_mapping(found, "D", {"a": State.SUCCESS}, {}, {})

    assert ending is not None
    assert ending.state is State.TRIGGER_FAILED


def test_the_items_of_a_mapped_task_are_read_by_its_direct_downstreams_only() -> None:
    found = FlowGraph({**CHAIN.tasks, "sum": task("sum", x=Upstream("U"))}, CHAIN.edges)
    schema = {"properties": {}}

    assert [problem.code for problem in check_graph(found, schema, {})] == ["not_upstream"]
    assert check_graph(CHAIN, schema, {}) == []
