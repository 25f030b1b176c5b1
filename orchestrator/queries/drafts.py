"""What keeps a draft from being published."""

from django.contrib.auth.models import User

from orchestrator.core.documents import read_graph
from orchestrator.core.graph import FlowGraph, FlowName, TaskKind
from orchestrator.core.parameters import Schema, check_defaults
from orchestrator.core.problems import Problem
from orchestrator.core.validation import check_graph
from orchestrator.models import Draft, Flow, Role
from orchestrator.queries.access import flows_visible_to


def draft_problems(draft: Draft, user: User | None) -> list[Problem]:
    """Return everything that keeps `user` from publishing the draft; empty if nothing does."""
    graph = read_graph(draft.graph)
    problems = check_defaults(draft.parameter_schema)
    problems += check_graph(graph, draft.parameter_schema, _startable(graph, draft, user))
    problems += [
        Problem("function_task", f"{task.name} is a Python function; a canvas holds flows only.", task.slug)
        for task in graph.tasks.values()
        if task.kind is TaskKind.FUNCTION
    ]
    return problems + _self_start(graph, draft)


def _self_start(graph: FlowGraph, draft: Draft) -> list[Problem]:
    own = FlowName(draft.flow.project.name, draft.flow.name)
    return [
        Problem("circular_flow", f"{task.name} would start {own} itself, again and again.", task.slug, "flow")
        for task in graph.tasks.values()
        if task.flow == own
    ]


def _startable(graph: FlowGraph, draft: Draft, user: User | None) -> dict[FlowName, Schema | None]:
    """Return the flows the graph names that may be started from it -> their parameter schema."""
    wanted = {task.flow for task in graph.tasks.values() if task.flow is not None}
    if user is not None:
        flows = flows_visible_to(user, Role.OPERATOR)
    else:
        flows = Flow.objects.filter(project=draft.flow.project)
    found = flows.filter(name__in=[name.name for name in wanted]).select_related("project", "latest_version")
    return {
        FlowName(flow.project.name, flow.name): flow.latest_version.parameter_schema if flow.latest_version else None
        for flow in found
    }
