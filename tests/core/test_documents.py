"""Graph documents: read strictly, every problem named at once, written so that reading gives the same graph."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.bindings import Literal
from orchestrator.core.documents import INPUTS, MAX_EDGES, MAX_TASKS, MalformedGraph, read_graph, write_graph
from orchestrator.core.graph import ApproverRole, Edge, FlowGraph, FlowName, OnRetry, OnTimeLimit, Task, TaskKind
from orchestrator.core.problems import Problem
from orchestrator.core.task_fields import MAX_DELAY_SECONDS, MAX_RETRIES
from orchestrator.core.triggers import Trigger
from tests.core.graphs import BINDINGS, DIAMOND, FLAGS, graph_of

NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
SECONDS = st.none() | st.floats(0.001, MAX_DELAY_SECONDS)
PLACES = st.floats(-1e6, 1e6) | st.integers(-10_000, 10_000)


@st.composite
def tasks(draw: st.DrawFn, slug: str) -> Task:
    kind = draw(st.sampled_from(TaskKind))
    keys = st.sampled_from(sorted(INPUTS[kind])) if kind in INPUTS else st.text(max_size=5)
    return Task(
        slug=slug,
        name=draw(NAMES),
        kind=kind,
        inputs=draw(st.dictionaries(keys, BINDINGS, max_size=2)),
        flow=draw(st.builds(FlowName, NAMES, NAMES)) if kind is TaskKind.FLOW_RUN else None,
        wait=draw(st.booleans()),
        on_retry=draw(st.sampled_from(OnRetry)),
        trigger=draw(st.sampled_from(Trigger)),
        skip_on_upstream_skip=draw(st.booleans()),
        max_retries=draw(st.integers(0, MAX_RETRIES)),
        retry_delay_seconds=draw(st.floats(0, MAX_DELAY_SECONDS)),
        digest=draw(st.text(max_size=5)),
        trigger_at_least=draw(st.none() | st.integers(0, 9) | st.floats(0, 1)),
        trigger_at_most=draw(st.none() | st.integers(0, 9) | st.floats(0, 1)),
        retry_delays=tuple(draw(st.lists(st.floats(0, MAX_DELAY_SECONDS), max_size=3))),
        retry_backoff=draw(st.floats(1, 100)),
        retry_jitter=draw(st.floats(0, 1)),
        retry_delay_max_seconds=draw(SECONDS),
        timeout_seconds=draw(SECONDS),
        cache_for_seconds=draw(SECONDS),
        cache_key=draw(st.text(max_size=5)),
        queue=draw(st.just("") | st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True)),
        tags=tuple(draw(st.lists(NAMES, max_size=3))),
        judged_by_worker=draw(st.booleans()),
        message=draw(st.text(max_size=5)),
        role=draw(st.sampled_from(ApproverRole)),
        on_time_limit=draw(st.sampled_from(OnTimeLimit)),
        position=draw(st.none() | st.tuples(PLACES, PLACES)),
    )


@st.composite
def graphs(draw: st.DrawFn) -> FlowGraph:
    """Draw any graph that a document can describe, cycles and doubles among them."""
    slugs = draw(st.lists(NAMES, max_size=5, unique=True))
    some = st.lists(st.sampled_from(slugs), max_size=4) if slugs else st.just([])
    keys = st.none() | st.text(min_size=1, max_size=5)
    return FlowGraph(
        {slug: draw(tasks(slug)) for slug in slugs},
        tuple(
            Edge(upstream, downstream, draw(keys), *draw(FLAGS)) for upstream in draw(some) for downstream in draw(some)
        ),
        tuple(dict.fromkeys(draw(some))),
        draw(st.none() | st.sampled_from(slugs)) if slugs else None,
        draw(st.none() | st.sampled_from(slugs)) if slugs else None,
        draw(st.none() | st.sampled_from(slugs)) if slugs else None,
    )


@given(graph=graphs())
@settings(max_examples=40, deadline=None)
def test_a_graph_written_and_read_again_is_the_same(graph: FlowGraph) -> None:
    document = write_graph(graph)

    assert read_graph(json.loads(json.dumps(document))) == graph
    assert write_graph(read_graph(document)) == document


def test_defaults_are_left_out() -> None:
    child = Task("A-1", "A", TaskKind.FLOW_RUN, flow=FlowName("examples", "A"))

    assert write_graph(FlowGraph({"A-1": child})) == {
        "schema": 1,
        "tasks": [
            {"slug": "A-1", "name": "A", "kind": "flow_run", "flow": {"project": "examples", "name": "A"}},
        ],
        "edges": [],
    }


def test_what_a_document_leaves_out_has_its_default() -> None:
    graph = read_graph({"tasks": [{"slug": "A", "flow": {"project": "examples", "name": "A"}}]})

    assert graph.tasks["A"] == Task("A", "A", TaskKind.FLOW_RUN, flow=FlowName("examples", "A"))
    assert graph.edges == ()
    assert read_graph({}) == FlowGraph({})


def problems_of(document: Any) -> list[Problem]:
    with pytest.raises(MalformedGraph) as refused:
        read_graph(document)
    return refused.value.problems


def task_of(**more: Any) -> dict[str, Any]:
    return {"slug": "Load-1", "kind": "function", **more}


def with_tasks(**more: Any) -> dict[str, Any]:
    return {"tasks": [task_of()], **more}


MALFORMED = [
    (None, "malformed_graph", {"field": "graph"}, "must be a JSON object"),
    ([], "malformed_graph", {"field": "graph"}, "must be a JSON object"),
    ({"task": []}, "malformed_graph", {"field": "graph"}, "The graph has unknown keys: task."),
    ({"schema": 2}, "malformed_graph", {"field": "schema"}, "schema is 2; this program reads 1"),
    ({"tasks": {}}, "malformed_graph", {"field": "tasks"}, "must be a list"),
    ({"edges": None}, "malformed_graph", {"field": "edges"}, "must be a list"),
    ({"reference_tasks": "A"}, "malformed_graph", {"field": "reference_tasks"}, "must be a list"),
    ({"tasks": [None] * (MAX_TASKS + 1)}, "too_large", {"field": "tasks"}, "the limit is 20000"),
    ({"edges": [None] * (MAX_EDGES + 1)}, "too_large", {"field": "edges"}, "the limit is 200000"),
    ({"tasks": [None]}, "malformed_graph", {"field": "tasks[0]"}, "an object with a slug"),
    ({"tasks": [{"name": "A"}]}, "malformed_graph", {"field": "tasks[0]"}, "an object with a slug"),
    ({"tasks": [task_of(slug="")]}, "malformed_graph", {"field": "tasks[0]"}, "a slug of 1 to 200 characters"),
    ({"tasks": [task_of(slug="x" * 201)]}, "malformed_graph", {"field": "tasks[0]"}, "a slug of 1 to 200 characters"),
    ({"tasks": [task_of(slug="a\x00b")]}, "malformed_graph", {"field": "tasks[0]"}, "a slug of 1 to 200 characters"),
    ({"tasks": [task_of(), task_of()]}, "duplicate_slug", {"task": "Load-1"}, "Two tasks have the slug 'Load-1'"),
    (with_tasks(edges=[None]), "malformed_graph", {"field": "edges[0]"}, "an object with upstream and downstream"),
    (with_tasks(edges=[{"upstream": "Load-1"}]), "malformed_graph", {"field": "edges[0]"}, "upstream and downstream"),
    (
        with_tasks(edges=[{"upstream": "Load-1", "downstream": "x"}]),
        "unknown_task",
        {"edge": ("Load-1", "x")},
        "no task 'x'",
    ),
    (
        with_tasks(edges=[{"upstream": "x", "downstream": "Load-1"}]),
        "unknown_task",
        {"edge": ("x", "Load-1")},
        "no task 'x'",
    ),
    (
        with_tasks(edges=[{"upstream": "Load-1", "downstream": "Load-1", "key": 5}]),
        "malformed_graph",
        {"field": "edges[0]"},
        "The key of edges[0] must be text or null",
    ),
    (
        with_tasks(edges=[{"upstream": "Load-1", "downstream": "Load-1", "weight": 3}]),
        "malformed_graph",
        {"field": "edges[0]"},
        "edges[0] has unknown keys: weight.",
    ),
    (
        with_tasks(edges=[{"upstream": "Load-1", "downstream": "Load-1", "mapped": 1}]),
        "malformed_graph",
        {"field": "edges[0]"},
        "mapped of edges[0] must be true or false.",
    ),
    (with_tasks(reference_tasks=["x"]), "unknown_task", {}, "no task 'x'"),
    (with_tasks(reference_tasks=[["Load-1"]]), "unknown_task", {}, "no task ['Load-1']"),
    (with_tasks(result_task="x"), "unknown_task", {}, "no task 'x'"),
    (with_tasks(result_task=5), "unknown_task", {}, "no task 5"),
]


@pytest.mark.parametrize(("document", "code", "place", "message"), MALFORMED)
def test_a_malformed_graph_is_refused_with_its_place(
    document: Any, code: str, place: dict[str, Any], message: str
) -> None:
    [problem] = problems_of(document)

    assert (problem.code, problem.task, problem.field, problem.edge) == (
        code,
        place.get("task"),
        place.get("field"),
        place.get("edge"),
    )
    assert message in problem.message


MALFORMED_TASKS = [
    ({"waits": True}, None, "Task 'Load-1' has unknown keys: waits."),
    ({"name": ""}, "name", "text of 1 to 200 characters"),
    ({"name": None}, "name", "but is None"),
    ({"name": "two\nlines"}, "name", "text of 1 to 200 characters"),
    (
        {"kind": "container"},
        "kind",
        "one of function, flow_run, case, merge, wait, task_result, approval, but is 'container'",
    ),
    ({"kind": None}, "flow", "must name the flow it starts"),
    ({"kind": "flow_run"}, "flow", "must name the flow it starts"),
    ({"kind": "flow_run", "flow": "examples/A"}, "flow", "project and name"),
    ({"kind": "flow_run", "flow": {"project": "examples"}}, "flow", "project and name"),
    ({"kind": "flow_run", "flow": {"project": "", "name": "A"}}, "flow", "project and name"),
    ({"kind": "flow_run", "flow": {"project": "examples", "name": "a\x00"}}, "flow", "project and name"),
    ({"kind": "flow_run", "flow": {"project": "examples", "name": "A", "version": 1}}, "flow", "project and name"),
    ({"flow": []}, "flow", "must name the flow it starts"),
    ({"wait": 1}, "wait", "must be true or false, but is 1"),
    ({"skip_on_upstream_skip": None}, "skip_on_upstream_skip", "must be true or false"),
    ({"on_retry": "again"}, "on_retry", "one of restart, new_run, mirror"),
    ({"trigger": "sometimes"}, "trigger", "one of all_successful, "),
    ({"trigger": ["always_run"]}, "trigger", "one of all_successful, "),
    ({"max_retries": -1}, "max_retries", "a whole number from 0 to 1000"),
    ({"max_retries": 1.5}, "max_retries", "a whole number from 0 to 1000"),
    ({"max_retries": True}, "max_retries", "a whole number from 0 to 1000"),
    ({"max_retries": 1_001}, "max_retries", "a whole number from 0 to 1000"),
    ({"retry_delay_seconds": -1}, "retry_delay_seconds", "from 0 to one year"),
    ({"retry_delay_seconds": "5"}, "retry_delay_seconds", "from 0 to one year"),
    ({"retry_delay_seconds": 10**400}, "retry_delay_seconds", "from 0 to one year"),
    ({"retry_delay_seconds": float("nan")}, "retry_delay_seconds", "from 0 to one year"),
    ({"digest": 5}, "digest", "must be text"),
    ({"position": [1]}, "position", "must be two numbers"),
    ({"position": [1, "2"]}, "position", "must be two numbers"),
    ({"position": [1, 10**400]}, "position", "must be two numbers"),
    ({"position": [1, float("inf")]}, "position", "must be two numbers"),
    ({"inputs": []}, "inputs", "must be an object"),
]


@pytest.mark.parametrize(("more", "field", "message"), MALFORMED_TASKS)
def test_a_malformed_task_is_refused_with_its_field(more: dict[str, Any], field: str | None, message: str) -> None:
    problems = problems_of({"tasks": [task_of(**more)]})

    [problem] = [problem for problem in problems if problem.field == field]
    assert (problem.code, problem.task) == ("malformed_graph", "Load-1")
    assert message in problem.message


def test_an_input_that_is_no_binding_names_task_and_input() -> None:
    [problem] = problems_of({"tasks": [task_of(inputs={"rows": {"kind": "code"}})]})

    assert (problem.code, problem.task, problem.field) == ("invalid_binding", "Load-1", "rows")
    assert problem.message.startswith("The input 'rows' of task 'Load-1' is not a binding ('code'); ")


def test_a_task_that_starts_a_flow_has_only_the_inputs_of_one() -> None:
    flow = {"project": "examples", "name": "A"}
    inputs = {"rows": {"kind": "literal", "value": 1}, "parameters": {"kind": "literal", "value": {}}}

    [problem] = problems_of({"tasks": [{"slug": "A-1", "flow": flow, "inputs": inputs}]})

    assert (problem.code, problem.task, problem.field) == ("malformed_graph", "A-1", "rows")
    assert "it can have flow_id, flow_name, idempotency_key, parameters, project_name, run_name" in problem.message


def test_every_problem_of_a_document_is_named_at_once() -> None:
    problems = problems_of(
        {
            "schema": 0,
            "tasks": [task_of(wait="yes", max_retries=-1), None],
            "edges": [{"upstream": "x", "downstream": "y"}],
        }
    )

    assert [problem.field or problem.edge for problem in problems] == [
        "schema",
        "wait",
        "max_retries",
        "tasks[1]",
        ("x", "y"),
        ("x", "y"),
    ]


def test_an_empty_key_of_an_edge_is_no_key() -> None:
    graph = read_graph({**write_graph(graph_of("A-B")), "edges": [{"upstream": "A", "downstream": "B", "key": ""}]})
    assert graph.edges == (Edge("A", "B"),)


def test_reading_does_not_judge_what_the_graph_means() -> None:
    cyclic = {**write_graph(graph_of(DIAMOND)), "edges": [{"upstream": "A", "downstream": "A"}] * 2}
    assert len(read_graph(cyclic).edges) == 2


def test_values_of_any_json_type_are_kept_as_they_are() -> None:
    value = {"a": [None, True, 1, 1.5, "x", {"kind": "upstream"}]}
    graph = read_graph({"tasks": [task_of(inputs={"x": {"kind": "literal", "value": value}})]})
    assert graph.tasks["Load-1"].inputs["x"] == Literal(value)
