"""Building graphs. Names with s001... refer to the statements of the seed's behaviour."""

import copy
from typing import Any

import pytest

from orchestrator.sdk import Edge, Flow, Parameter, Task, task


class Plain(Task):
    """A task without arguments."""

    def run(self) -> None:
        pass


class Wants(Task):
    """A task with an argument."""

    def run(self, x: Any, y: Any = 2) -> Any:
        return x, y


def chained(*names: str) -> tuple[Flow, list[Task]]:
    """Return a flow of plain tasks in a row."""
    tasks = [Plain(name) for name in names]
    flow = Flow("chained")
    flow.chain(*tasks)
    return flow, tasks


@pytest.mark.parametrize("name", [None, "", False, 5, "x" * 201, "two\nlines"])
def test_s001_a_flow_needs_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Flow(name)


def test_s002_a_task_added_twice_is_in_the_flow_once() -> None:
    flow, plain = Flow("f"), Plain("a")

    assert flow.add_task(plain) is flow.add_task(plain) is plain
    assert flow.tasks == {plain}


def test_what_is_no_task_is_not_added() -> None:
    with pytest.raises(TypeError, match="made of tasks, not of 'a'"):
        Flow("f").add_task("a")  # type: ignore[arg-type]


def test_an_edge_added_twice_is_there_once() -> None:
    flow, (first, second) = chained("a", "b")

    flow.add_edge(first, second)

    assert flow.edges == {Edge(first, second)}


def test_a_data_edge_and_a_plain_edge_join_one_pair() -> None:
    flow, first, second = Flow("f"), Plain("a"), Wants("b")

    flow.add_edge(first, second)
    flow.add_edge(first, second, key="x")

    assert flow.edges_to(second) == flow.edges_from(first) == {Edge(first, second), Edge(first, second, "x")}
    assert flow.upstream_tasks(second) == {first}
    graph = flow.graph()
    assert [(edge.upstream, edge.downstream, edge.key) for edge in graph.edges] == [
        ("a-1", "b-1", None),
        ("a-1", "b-1", "x"),
    ]
    assert graph.upstreams["b-1"] == ("a-1",)


def test_s004_a_cycle_is_accepted_until_the_flow_is_validated() -> None:
    flow, (first, second) = chained("a", "b")
    flow.add_edge(second, first)

    for refused in (flow.validate, flow.serialize, flow.sorted_tasks, flow.run):
        with pytest.raises(ValueError, match=r"(a-1 -> b-1|b-1 -> a-1) -> "):
            refused()


def test_s005_a_cycle_is_refused_at_once_where_validation_is_on() -> None:
    eager = Flow("f", validate=True)
    first, second = Plain("a"), Plain("b")
    eager.add_edge(first, second)

    with pytest.raises(ValueError, match="has a cycle"):
        eager.add_edge(second, first)


def test_validation_can_be_asked_for_with_one_edge() -> None:
    flow, (first, second) = chained("a", "b")

    with pytest.raises(ValueError, match="has a cycle"):
        flow.add_edge(second, first, validate=True)


def test_a_task_does_not_run_before_itself() -> None:
    flow, plain = Flow("f"), Plain("a")

    with pytest.raises(ValueError, match="cannot run before itself"):
        flow.add_edge(plain, plain)


def test_s007_roots_and_terminals_are_found_and_an_isolated_task_is_both() -> None:
    flow, (first, _, last) = chained("a", "b", "c")
    isolated = flow.add_task(Plain("d"))

    assert flow.root_tasks() == {first, isolated}
    assert flow.terminal_tasks() == {last, isolated}


def test_s008_reference_tasks_are_the_terminal_ones_unless_said_and_again_when_reset() -> None:
    flow, (_, middle, last) = chained("a", "b", "c")
    assert flow.reference_tasks() == {last}

    flow.set_reference_tasks([middle])
    assert flow.reference_tasks() == {middle}
    assert flow.graph().deciders == ("b-1",)

    flow.set_reference_tasks([])
    assert flow.reference_tasks() == {last}
    assert flow.graph().deciders == ("c-1",)


def test_a_reference_task_is_one_of_the_flow() -> None:
    with pytest.raises(ValueError, match="is not in the flow 'f'"):
        Flow("f").set_reference_tasks([Plain("a")])


def test_s010_tasks_are_sorted_after_their_upstreams() -> None:
    flow, tasks = chained("a", "b", "c", "d")
    flow.add_edge(tasks[0], tasks[3])

    assert flow.sorted_tasks() == tuple(tasks)


def test_s011_slugs_count_within_name_and_tags_in_the_order_of_making() -> None:
    flow = Flow("f")
    made = [("a", ()), ("a", ()), ("b", ()), ("a", ("y", "x")), ("a", ("x", "y")), ("a", ())]

    for name, tags in made:
        flow.add_task(Plain(name, tags=tags))

    assert list(flow.slugs.values()) == ["a-1", "a-2", "b-1", "a-x-y-1", "a-x-y-2", "a-3"]


def test_a_slug_of_ones_own_is_kept_and_must_be_free() -> None:
    flow = Flow("f")
    flow.add_task(Plain("a", slug="mine"))
    flow.add_task(Plain("b", slug="c-1"))
    flow.add_task(Plain("c"))

    assert list(flow.slugs.values()) == ["mine", "c-1", "c-2"]
    with pytest.raises(ValueError, match="has a task with the slug 'mine' already"):
        flow.add_task(Plain("other", slug="mine"))


@pytest.mark.parametrize("name", ["two\nlines", "x" * 200, "a\x00b"])
def test_a_task_has_a_name_that_can_be_shown_and_a_slug_that_can_be_kept(name: str) -> None:
    with pytest.raises(ValueError, match="have 1 to 200 printable characters, not "):
        Flow("f").add_task(Plain(name))


def test_s013_a_parameter_cannot_have_an_upstream() -> None:
    flow, parameter = Flow("f"), Parameter("x")

    with pytest.raises(ValueError, match="parameters have no upstreams"):
        flow.add_edge(Plain("a"), parameter)


def test_two_parameters_of_one_name_are_refused() -> None:
    flow = Flow("f")
    flow.add_task(Parameter("x"))

    with pytest.raises(ValueError, match="has a parameter 'x' already; use that one"):
        flow.add_task(Parameter("x"))


@pytest.mark.parametrize("key", ["", "two words", "1st", "param-key", "class", 5])
def test_s014_the_key_of_an_edge_is_a_python_name(key: Any) -> None:
    with pytest.raises(ValueError, match="must be a Python name"):
        Flow("f").add_edge(Plain("a"), Wants("b"), key=key)


def test_s026_an_argument_bound_twice_is_refused_at_once_where_validation_is_on() -> None:
    eager = Flow("f", validate=True)
    wants = Wants("w")
    wants.bind(x=Plain("a"), flow=eager)

    for again in (Plain("b"), 5):
        with pytest.raises(ValueError, match="The argument 'x' of <Task: w> is bound already"):
            wants.bind(x=again, flow=eager)


def test_an_argument_bound_twice_is_refused_before_the_flow_is_run() -> None:
    flow, wants = Flow("f"), Wants("w")
    for first in (Plain("a"), 5):
        wants.bind(x=first, flow=flow)

    with pytest.raises(ValueError, match="The argument 'x' of <Task: w> is bound 2 times; bind it once"):
        flow.validate()


def test_tasks_and_edges_may_be_given_to_the_constructor() -> None:
    first, second, alone = Plain("a"), Wants("b"), Plain("c")

    flow = Flow("f", tasks=[alone], edges=[Edge(first, second, "x")], reference_tasks=[second], result=alone)

    assert flow.tasks == {first, second, alone}
    assert flow.edges == {Edge(first, second, "x")}
    assert flow.reference_tasks() == {second}
    assert flow.graph().result_task == "c-1"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Plain("elsewhere"), "The result task <Task: elsewhere> is not in the flow 'f'"),
        (Parameter("x"), "of a task which does something, not of <Parameter: x>"),
    ],
)
def test_the_result_is_that_of_a_task_that_the_flow_executes(result: Task, message: str) -> None:
    flow = Flow("f", tasks=[Plain("a")], result=result)
    if isinstance(result, Parameter):
        flow.add_task(result)

    with pytest.raises(ValueError, match=message):
        flow.graph()


def test_tasks_are_found_by_name_slug_tags_and_type() -> None:
    flow = Flow("f")
    first, second = flow.add_task(Plain("a", tags=["x", "y"])), flow.add_task(Wants("a"))
    parameter = flow.add_task(Parameter("p"))

    assert flow.get_tasks() == [first, second, parameter]
    assert flow.get_tasks(name="a") == [first, second]
    assert flow.get_tasks(name="a", tags=["x"]) == [first]
    assert flow.get_tasks(slug="a-1") == [second]
    assert flow.get_tasks(task_type=Parameter) == [parameter]
    assert flow.parameters() == {parameter}


def test_flows_may_be_opened_again_and_within_each_other() -> None:
    outer, inner = Flow("outer"), Flow("inner")

    with outer:
        first = Plain("a")()
        with inner:
            second = Plain("b")()
            with outer:
                third = Plain("c")()
        fourth = Plain("d")()

    assert outer.tasks == {first, third, fourth}
    assert inner.tasks == {second}
    with pytest.raises(ValueError, match="No flow was passed or is open"):
        Plain("e")()


def test_a_flow_is_closed_when_its_block_raises() -> None:
    with pytest.raises(RuntimeError, match="within"), Flow("f"):
        raise RuntimeError("within")

    with pytest.raises(ValueError, match="No flow was passed or is open"):
        Plain("a")()


@pytest.mark.parametrize("verb", ["run", "register"])
def test_a_flow_is_not_run_or_registered_inside_its_own_block(verb: str) -> None:
    with Flow("f") as flow, pytest.raises(RuntimeError, match=rf"{verb}\(\) was called inside `with <Flow"):
        getattr(flow, verb)()


def test_one_task_in_two_flows_has_its_slug_in_each() -> None:
    shared = task(lambda: "done", name="shared")
    first, second = Flow("first"), Flow("second")
    first.add_task(Plain("shared"))
    first.add_task(shared)
    second.add_task(shared)

    assert first.slugs[shared] == "shared-2"
    assert second.slugs[shared] == "shared-1"
    assert first.run()[shared].result == "done"


def test_a_copied_flow_is_independent_of_the_first() -> None:
    flow, _ = chained("a", "b")
    with flow:
        Plain("c")()

    twin = copy.deepcopy(flow)
    twin.add_task(Plain("c"))

    assert len(flow.tasks) == 3
    assert list(twin.slugs.values()) == ["a-1", "b-1", "c-1", "c-2"]
    assert flow.serialized_hash() != twin.serialized_hash()


def test_a_flow_knows_where_it_was_written() -> None:
    flow = Flow("f")

    file, _, line = flow.place.rpartition(":")

    assert file == __file__
    assert line.isdigit()


def test_building_takes_time_in_proportion_to_the_tasks() -> None:
    flow = Flow("large")
    last: Task = flow.add_task(Plain("a"))
    for _ in range(5_000):
        last = flow.add_edge(last, Plain("a")).downstream_task

    assert flow.slugs[last] == "a-5001"
    assert len(flow.graph().order) == 5_001
