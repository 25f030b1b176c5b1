"""Orders, cycles and reaches of graphs; the JSON cases are those that the canvas is tested with as well."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.documents import read_graph
from orchestrator.core.graph import CyclicGraph, Edge, FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.parameters import empty_schema
from orchestrator.core.validation import check_graph
from tests.core.graphs import DIAMOND, acyclic_graphs, graph_of

CASES = Path(__file__).parents[1] / "cases"


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in json.loads((CASES / name).read_text())["cases"]]


@given(graph=acyclic_graphs())
@settings(max_examples=50, deadline=None)
def test_s010_every_task_is_in_the_order_once_and_after_its_upstreams(graph: FlowGraph) -> None:
    place = {slug: index for index, slug in enumerate(graph.order)}

    assert sorted(graph.order) == sorted(graph.tasks)
    assert all(place[edge.upstream] < place[edge.downstream] for edge in graph.edges)


@given(graph=acyclic_graphs(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_cycle_is_named_in_the_direction_of_its_edges(graph: FlowGraph, data: st.DataObject) -> None:
    last = graph.order[-1]
    back = data.draw(st.sampled_from(sorted(graph.ancestors(last) | {last})))
    cyclic = FlowGraph(graph.tasks, (*graph.edges, Edge(last, back)))

    with pytest.raises(CyclicGraph) as found:
        _ = cyclic.order

    slugs = found.value.slugs
    assert slugs[0] == slugs[-1]
    assert set(pairwise(slugs)) <= {(edge.upstream, edge.downstream) for edge in cyclic.edges}
    assert str(found.value) == " -> ".join(slugs)


@pytest.mark.parametrize("case", cases("graph_ancestors.json"))
def test_what_lies_before_and_after_a_task(case: dict[str, Any]) -> None:
    graph = read_graph(case["graph"])

    assert sorted(graph.ancestors(case["task"])) == case["ancestors"]
    assert sorted(graph.descendants([case["task"]])) == case["descendants"]


@pytest.mark.parametrize("case", cases("graph_orders.json"))
def test_the_order_goes_layer_by_layer(case: dict[str, Any]) -> None:
    graph = read_graph(case["graph"])

    if case["layers"] is None:
        with pytest.raises(CyclicGraph):
            _ = graph.order
    else:
        order = list(graph.order)
        for layer in case["layers"]:
            assert sorted(order[: len(layer)]) == layer
            order = order[len(layer) :]


@pytest.mark.parametrize("case", cases("graph_edges.json"))
def test_a_graph_with_a_further_edge_is_refused_or_not(case: dict[str, Any]) -> None:
    document = {**case["graph"], "edges": [*case["graph"]["edges"], case["edge"]]}
    graph = read_graph(document)
    flows = {task.flow: empty_schema() for task in graph.tasks.values() if task.flow}

    problems = check_graph(graph, empty_schema(), flows)

    assert [problem.code for problem in problems][:1] == ([case["refused"]] if case["refused"] else [])


def test_descendants_of_several_tasks_are_those_of_any() -> None:
    graph = graph_of("A-B B-C X-Y Y-C")
    assert graph.descendants(["B", "X"]) == {"C", "Y"}


def test_two_edges_of_one_pair_make_one_neighbour() -> None:
    graph = FlowGraph(graph_of("A-B").tasks, (Edge("A", "B"), Edge("A", "B", "rows")))

    assert graph.upstreams["B"] == ("A",)
    assert graph.downstreams["A"] == ("B",)


def test_s007_roots_and_terminals_are_found_and_an_isolated_task_is_both() -> None:
    graph = graph_of("A-B B-C", alone="D")

    assert set(graph.roots) == {"A", "D"}
    assert set(graph.terminals) == {"C", "D"}


def test_the_terminal_tasks_decide_and_give_the_result_unless_others_are_named() -> None:
    graph = graph_of(DIAMOND, alone="E")
    named = FlowGraph(graph.tasks, graph.edges, reference_tasks=("B",), result_task="C")

    assert graph.deciders == graph.results == ("D", "E")
    assert named.deciders == ("B",)
    assert named.results == ("C",)


def test_a_flow_is_named_by_project_and_name_which_may_hold_slashes() -> None:
    name = FlowName.parse("examples/daily/report")

    assert name == FlowName("examples", "daily/report")
    assert str(name) == "examples/daily/report"


@pytest.mark.parametrize("text", ["", "report", "/report", "examples/"])
def test_a_name_without_project_or_flow_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write project/name"):
        FlowName.parse(text)


def test_a_task_is_called_by_its_name_as_long_as_no_other_has_it() -> None:
    named = {"load-1": "load", "sum-1": "sum", "sum-2": "sum", "x": "sum", "flow-start": "State handlers at the start"}
    graph = FlowGraph({slug: Task(slug, name, TaskKind.FUNCTION) for slug, name in named.items()}, ())

    assert graph.called == {
        "load-1": "load",
        "sum-1": "sum-1",
        "sum-2": "sum-2",
        "x": "sum (x)",
        "flow-start": "State handlers at the start",
    }
