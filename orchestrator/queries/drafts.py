"""What keeps a draft from being published."""

from django.contrib.auth.models import User

from orchestrator.core.documents import read_graph
from orchestrator.core.graph import FlowGraph, FlowName, TaskKind
from orchestrator.core.parameters import Schema, check_defaults
from orchestrator.core.problems import Problem
from orchestrator.core.validation import check_graph
from orchestrator.models import Draft, Flow, Role
from orchestrator.queries.access import flows_visible_to
from orchestrator.queries.circles import circle_of


def draft_problems(draft: Draft, user: User | None) -> list[Problem]:
    """Return everything that keeps `user` from publishing the draft; empty if nothing does."""
    graph = read_graph(draft.graph)
    problems = check_defaults(draft.parameter_schema)
    problems += check_graph(graph, draft.parameter_schema, _startable(graph, draft, user))
    problems += [
        Problem("function_task", f"{task.name} is a Python function; a canvas holds flows and approvals.", task.slug)
        for task in graph.tasks.values()
        if task.kind is TaskKind.FUNCTION
    ]
    return problems + _circular(graph, draft, user)


def _circular(graph: FlowGraph, draft: Draft, user: User | None) -> list[Problem]:
    """Return a problem for each task that starts the first flow of a circle."""
    circle = circle_of(FlowName(draft.flow.project.name, draft.flow.name), graph)
    if not circle:
        return []
    way = " -> ".join(str(flow) if _may_know(flow, user) else "(a flow that you may not see)" for flow in circle)
    return [
        Problem("circular_flow", f"{task.name} would make flows start each other without end: {way}.", slug, "flow")
        for slug, task in graph.tasks.items()
        if task.flow == circle[1]
    ]


def _may_know(flow: FlowName, user: User | None) -> bool:
    if user is None:
        return True
    return flows_visible_to(user).filter(project__name=flow.project, name=flow.name).exists()


def _startable(graph: FlowGraph, draft: Draft, user: User | None) -> dict[FlowName, Schema | None]:
    """Return the flows the graph names that may be started from it -> their parameter schema."""
    wanted = graph.starts
    if user is not None:
        flows = flows_visible_to(user, Role.OPERATOR)
    else:
        flows = Flow.objects.filter(project=draft.flow.project)
    found = flows.filter(name__in=[name.name for name in wanted]).select_related("project", "latest_version")
    return {
        FlowName(flow.project.name, flow.name): flow.latest_version.parameter_schema if flow.latest_version else None
        for flow in found
    }
