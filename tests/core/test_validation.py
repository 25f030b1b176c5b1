"""Everything that keeps a graph from being published, each with its code and place."""

from typing import Any

import pytest

from orchestrator.core.bindings import Binding, ListOf, Literal, ObjectOf, Parameter, Upstream
from orchestrator.core.graph import Edge, FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.parameters import empty_schema
from orchestrator.core.problems import Problem
from orchestrator.core.validation import check_graph
from tests.core.graphs import DIAMOND, graph_of

CHILD = FlowName("examples", "child")
UNPUBLISHED = FlowName("examples", "unpublished")
CHILD_SCHEMA = {
    "type": "object",
    "properties": {"rows": {"type": "integer"}, "day": {"type": "string"}, "a.b": {"type": "integer"}},
    "required": ["rows"],
    "additionalProperties": False,
}
FLOWS = {CHILD: CHILD_SCHEMA, UNPUBLISHED: None}
SCHEMA = {**empty_schema(), "properties": {"day": {"type": "string"}}}


def found(graph: FlowGraph) -> list[Problem]:
    return check_graph(graph, SCHEMA, FLOWS)


def starting(flow: FlowName, parameters: Binding | None = None) -> FlowGraph:
    """Return load -> start, and a task aside; `start` starts the flow."""
    functions = graph_of("load-start", alone="aside")
    inputs = {} if parameters is None else {"parameters": parameters}
    start = Task("start", "Start it", TaskKind.FLOW_RUN, inputs=inputs, flow=flow)
    return FlowGraph({**functions.tasks, "start": start}, functions.edges)


def rows(binding: Any) -> ObjectOf:
    return ObjectOf({"rows": binding})


def test_a_good_graph_has_no_problems() -> None:
    assert found(graph_of(DIAMOND)) == []


@pytest.mark.parametrize(
    "parameters",
    [
        rows(Literal(5)),
        rows(Upstream("load", "rows[0].id")),
        rows(Parameter("day")),
        ObjectOf({"rows": Literal(5), "day": Parameter("day")}),
        Literal({"rows": 5, "a.b": 1}),
        Upstream("load"),
        Parameter("day"),
    ],
)
def test_parameters_that_may_fit_have_no_problems(parameters: Binding) -> None:
    assert found(starting(CHILD, parameters)) == []


def test_an_empty_graph_is_refused() -> None:
    [problem] = found(FlowGraph({}))
    assert problem.code == "empty_graph"


def test_a_cycle_is_refused_and_named_by_its_tasks_and_one_of_its_edges() -> None:
    [problem] = found(graph_of("A-B B-C C-A", alone="D"))

    assert problem.code == "cycle"
    assert problem.message.startswith("A -> B -> C -> A is a cycle")
    assert problem.edge == ("A", "B")


def test_a_task_that_waits_for_itself_is_refused() -> None:
    problem = found(graph_of("A-B B-B"))[0]
    assert (problem.code, problem.edge) == ("self_edge", ("B", "B"))


def test_an_edge_that_is_there_twice_is_refused() -> None:
    [problem] = found(graph_of("A-B B-C A-B"))
    assert (problem.code, problem.edge) == ("duplicate_edge", ("A", "B"))


def test_a_data_edge_and_a_plain_edge_may_join_one_pair() -> None:
    tasks = graph_of("A-B").tasks
    assert found(FlowGraph(tasks, (Edge("A", "B"), Edge("A", "B", "rows"), Edge("A", "B", "day")))) == []


@pytest.mark.parametrize(
    ("flow", "code", "message"),
    [
        (FlowName("examples", "x"), "unknown_flow", "Start it starts examples/x, which does not exist"),
        (UNPUBLISHED, "flow_without_version", "which has no published version yet"),
    ],
)
def test_a_flow_that_cannot_be_started_is_refused(flow: FlowName, code: str, message: str) -> None:
    [problem] = found(starting(flow))

    assert (problem.code, problem.task, problem.field) == (code, "start", "flow")
    assert message in problem.message


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("scheduled_start_time", "soon", "must be a date and time like"),
        ("scheduled_start_time", True, "must be a date and time like"),
        ("idempotency_key", " ", "is text, or a whole number"),
        ("idempotency_key", "k" * 201, "at most 200 characters"),
    ],
)
def test_what_no_run_can_be_started_by_is_refused_before_any_runs(name: str, value: Any, message: str) -> None:
    inputs = {"parameters": rows(Literal(5)), name: Literal(value)}
    start = Task("start", "Start it", TaskKind.FLOW_RUN, inputs=inputs, flow=CHILD)
    [problem] = found(FlowGraph({"start": start}))

    assert (problem.code, problem.task, problem.field) == ("invalid_start", "start", name)
    assert message in problem.message


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        (None, "missing_parameter", "parameters.rows"),
        (Literal(None), "missing_parameter", "parameters.rows"),
        (ObjectOf({"day": Parameter("day")}), "missing_parameter", "parameters.rows"),
        (ObjectOf({"rows": Upstream("load"), "row": Literal(1)}), "unknown_parameter", "parameters.row"),
        (rows(Literal("five")), "invalid_parameter", "parameters.rows"),
        (rows(Literal(None)), "invalid_parameter", "parameters.rows"),
        (rows(ListOf((Literal(5),))), "invalid_parameter", "parameters.rows"),
        (Literal({"rows": "five"}), "invalid_parameter", "parameters.rows"),
        (Literal({"rows": 5, "a.b": "x"}), "invalid_parameter", "parameters.a.b"),
        (Literal(5), "invalid_parameter", "parameters"),
        (ListOf((Upstream("load"),)), "invalid_parameter", "parameters"),
    ],
)
def test_parameters_that_the_child_does_not_take_are_refused(parameters: Binding | None, code: str, field: str) -> None:
    [problem] = found(starting(CHILD, parameters))

    assert (problem.code, problem.task, problem.field) == (code, "start", field)
    assert problem.message.startswith("Start it: ")


def test_a_value_that_comes_at_run_time_is_checked_at_run_time() -> None:
    assert found(starting(CHILD, rows(ObjectOf({"x": Upstream("load")})))) == []


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("aside", "which does not run before it; add that edge."),
        ("start", "which does not run before it; add that edge."),
        ("gone", "which is not in the graph."),
    ],
)
def test_a_result_of_what_is_not_upstream_is_refused(task: str, message: str) -> None:
    [problem] = found(starting(CHILD, rows(ListOf((Literal(1), Upstream(task))))))

    assert (problem.code, problem.task, problem.field) == ("not_upstream", "start", "parameters.rows[1]")
    assert problem.message.endswith(message)


def test_a_result_from_further_up_may_be_read() -> None:
    graph = graph_of("A-B B-C", tasks={"C": {"inputs": {"x": Upstream("A")}}})
    assert found(graph) == []


def test_a_parameter_that_the_flow_does_not_have_is_refused() -> None:
    [problem] = found(graph_of("A-B", tasks={"B": {"inputs": {"x": ObjectOf({"y": Parameter("night")})}}}))

    assert (problem.code, problem.task, problem.field) == ("unknown_flow_parameter", "B", "x.y")
    assert problem.message == "B reads the parameter 'night', which this flow does not have."


CONDITION = {"condition": Upstream("load")}


@pytest.mark.parametrize(
    ("kind", "inputs", "field"),
    [
        (TaskKind.CASE, {"value": Literal(1)}, "condition"),
        (TaskKind.CASE, CONDITION, "value"),
        (TaskKind.CASE, {**CONDITION, "value": Literal(1), "truthy": Literal(True)}, "value"),
        (TaskKind.MERGE, {}, "branches"),
        (TaskKind.MERGE, {"branches": Literal([1])}, "branches"),
        (TaskKind.CASE, {**CONDITION, "value": Literal(None)}, None),
        (TaskKind.CASE, {**CONDITION, "truthy": Literal(False)}, None),
        (TaskKind.MERGE, {"branches": ListOf((Upstream("load"),))}, None),
    ],
)
def test_a_case_needs_a_condition_and_a_value_and_a_merge_its_branches(
    kind: TaskKind, inputs: dict[str, Binding], field: str | None
) -> None:
    tasks = {"load": Task("load", "load", TaskKind.FUNCTION), "t": Task("t", "t", kind, inputs=inputs)}

    problems = found(FlowGraph(tasks, (Edge("load", "t"),)))

    assert [(problem.code, problem.field) for problem in problems] == ([(f"incomplete_{kind}", field)] if field else [])


def test_every_problem_is_named_at_once() -> None:
    tasks = {"A": {"inputs": {"x": Parameter("night")}}, "B": {"inputs": {"x": Upstream("gone")}}}

    codes = [problem.code for problem in found(graph_of("A-B B-A A-B", tasks=tasks))]

    assert codes == ["duplicate_edge", "cycle", "unknown_flow_parameter", "not_upstream"]


def test_a_problem_is_given_to_programs_with_all_its_places() -> None:
    assert Problem("cycle", "A -> B is a cycle.", "A", None, ("A", "B")).document() == {
        "code": "cycle",
        "message": "A -> B is a cycle.",
        "task": "A",
        "field": None,
        "edge": {"upstream": "A", "downstream": "B"},
    }
    assert Problem("empty_graph", "The graph is empty.").document()["edge"] is None
