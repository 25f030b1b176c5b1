"""What is wrong with a graph that reads well: circles, doubles, unknown flows, bindings that cannot be filled."""

from collections.abc import Mapping

from orchestrator.core.bindings import (
    Binding,
    Flat,
    Item,
    ListOf,
    Literal,
    ObjectOf,
    Parameter,
    Upstream,
    resolve,
    walk,
)
from orchestrator.core.graph import CyclicGraph, FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.parameters import Schema, check_parameters
from orchestrator.core.problems import Problem
from orchestrator.core.starts import wrong_inputs


def check_graph(graph: FlowGraph, parameter_schema: Schema, flows: Mapping[FlowName, Schema | None]) -> list[Problem]:
    """Return everything that keeps a graph from being published; empty if nothing does.

    :param flows: the flows that may be started -> their parameter schema, None for one without a version
    """
    if not graph.tasks:
        return [Problem("empty_graph", "The graph is empty; add at least one task.")]
    problems = _edge_problems(graph)
    try:
        _ = graph.order
    except CyclicGraph as circle:
        problems.append(
            Problem(
                "cycle",
                f"{circle} is a cycle: none of them could ever start. Remove one of its edges.",
                task=circle.slugs[0],
                edge=(circle.slugs[0], circle.slugs[1]),
            )
        )
    for task in graph.tasks.values():
        problems += _input_problems(graph, task, parameter_schema)
        problems += _control_problems(task)
        if task.kind is TaskKind.FLOW_RUN:
            problems += _start_problems(task)
        if task.flow is not None:
            problems += _child_problems(task, task.flow, flows)
    return problems


def _edge_problems(graph: FlowGraph) -> list[Problem]:
    problems = []
    seen = set()
    for edge in graph.edges:
        pair = (edge.upstream, edge.downstream)
        identity = (*pair, edge.key, edge.mapped, edge.flattened)
        if edge.upstream == edge.downstream:
            problems.append(Problem("self_edge", f"{edge.upstream} cannot wait for itself.", edge=pair))
        elif identity in seen:
            message = f"The edge from {edge.upstream} to {edge.downstream} is there twice."
            problems.append(Problem("duplicate_edge", message, edge=pair))
        seen.add(identity)
    return problems


def _input_problems(graph: FlowGraph, task: Task, parameter_schema: Schema) -> list[Problem]:
    problems = []
    ancestors: set[str] | None = None
    for key, binding in task.inputs.items():
        for place, found in walk(binding, key):
            if isinstance(found, Parameter) and found.name not in parameter_schema.get("properties", {}):
                message = f"{task.name} reads the parameter {found.name!r}, which this flow does not have."
                problems.append(Problem("unknown_flow_parameter", message, task.slug, place))
            if isinstance(found, Upstream):
                ancestors = graph.ancestors(task.slug) if ancestors is None else ancestors
                # The items of a mapped task may have come by before all of them have ended.
                before = graph.upstreams[task.slug] if found.task in graph.mapped else ancestors
                if found.task not in before or found.task == task.slug:
                    problems.append(_not_upstream(graph, task, found, place))
    return problems


def _not_upstream(graph: FlowGraph, task: Task, found: Upstream, place: str) -> Problem:
    if found.task not in graph.tasks:
        message = f"{task.name} reads the result of {found.task!r}, which is not in the graph."
    else:
        message = f"{task.name} reads the result of {found.task}, which does not run before it; add that edge."
    return Problem("not_upstream", message, task.slug, place)


def _control_problems(task: Task) -> list[Problem]:
    """Return what a case or a merge lacks."""
    if task.kind is TaskKind.CASE:
        if "condition" not in task.inputs:
            message = f"{task.name} has no condition; bind it to the result that decides."
            return [Problem("incomplete_case", message, task.slug, "condition")]
        if len({"value", "truthy"} & task.inputs.keys()) != 1:
            message = f"{task.name} must say either which value the condition has, or whether it counts as true."
            return [Problem("incomplete_case", message, task.slug, "value")]
    if task.kind is TaskKind.MERGE and not isinstance(task.inputs.get("branches"), ListOf):
        message = f"{task.name} has no branches; give it a list of the results that it chooses from."
        return [Problem("incomplete_merge", message, task.slug, "branches")]
    return []


def _start_problems(task: Task) -> list[Problem]:
    """Return what no run can be started by; the parameters are judged by what the child takes."""
    wrong = wrong_inputs({name: found for name, found in task.inputs.items() if name != "parameters"})
    return [Problem("invalid_start", f"{task.name}: {why}", task.slug, name) for name, why in wrong.items()]


def _child_problems(task: Task, child: FlowName, flows: Mapping[FlowName, Schema | None]) -> list[Problem]:
    if child not in flows:
        message = f"{task.name} starts {child}, which does not exist or which you may not run."
        return [Problem("unknown_flow", message, task.slug, "flow")]
    schema = flows[child]
    if schema is None:
        message = f"{task.name} starts {child}, which has no published version yet."
        return [Problem("flow_without_version", message, task.slug, "flow")]
    return [
        Problem(
            found.code,
            f"{task.name}: {found.message}",
            task.slug,
            f"parameters.{found.field}" if found.field else "parameters",
        )
        for found in _given_problems(schema, task.inputs.get("parameters", ObjectOf({})))
    ]


def _given_problems(schema: Schema, given: Binding) -> list[Problem]:
    """Return what is wrong as far as it can be said now; a value that comes at run time is checked at run time."""
    fields: dict[str, Binding]
    match given:
        case Upstream() | Parameter() | Item() | Flat():
            return []
        case ObjectOf(found):
            fields = found
        case Literal(None):
            fields = {}
        case Literal(dict(found)):
            fields = {name: Literal(value) for name, value in found.items()}
        case _:
            return [Problem("invalid_parameter", "The parameters must be an object of name and value.")]
    known = {name: resolve(value, results={}, parameters={}) for name, value in fields.items() if _is_known(value)}
    of_names = [found for found in check_parameters(schema, dict.fromkeys(fields)) if found.code != "invalid_parameter"]
    of_values = [found for found in check_parameters(schema, known) if found.code == "invalid_parameter"]
    return of_names + of_values


def _is_known(binding: Binding) -> bool:
    return not any(isinstance(found, Upstream | Parameter | Item | Flat) for _, found in walk(binding))
