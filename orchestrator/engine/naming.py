"""Which flow a task starts that names it at run time."""

from collections.abc import Mapping
from typing import Any

from orchestrator.core.graph import FlowName
from orchestrator.engine.access import flows_to_start
from orchestrator.engine.steps import Run
from orchestrator.models import Flow, FlowRun


class NoSuchFlow(LookupError):
    """The inputs of a task name no flow, or none that is there; the message becomes that of the task run."""


def named_flow(run: Run, inputs: Mapping[str, Any]) -> FlowName:
    """Return the flow that inputs name: by `flow_id`, or by `flow_name` and `project_name`.

    Where there is an input `project_name` that is empty, every project is searched; without one, the flow run's own.

    :raises NoSuchFlow: nothing is named, or too much, or nothing is found, or several flows
    """
    flow_id, name = inputs.get("flow_id"), inputs.get("flow_name")
    if flow_id is not None and name is not None:
        raise NoSuchFlow(f"Give either flow_id or flow_name, not both; they are {flow_id!r} and {name!r}.")
    if flow_id is not None:
        return _by_id(run, flow_id)
    if not name or not isinstance(name, str):
        raise NoSuchFlow("Must provide a flow name.")
    if project := inputs.get("project_name", run.version.flow.project):
        return FlowName(str(project), name)
    return _in_any_project(run, name)


def child_name(run: Run, flow: FlowName) -> str:
    """Return the name of a child flow run that is named after its parent."""
    parent = FlowRun.objects.values_list("name", flat=True).get(pk=run.id)
    return f"{parent or run.version.flow.name}-{flow.name}"


def _by_id(run: Run, flow_id: Any) -> FlowName:
    try:
        found = flows_to_start(run.user_id).select_related("project").filter(pk=int(flow_id)).first()
    except (TypeError, ValueError):
        found = None
    if found is None:
        raise NoSuchFlow(f"There is no flow with the id {flow_id!r} that this flow run may start.")
    return _name_of(found)


def _in_any_project(run: Run, name: str) -> FlowName:
    found = list(flows_to_start(run.user_id).select_related("project").filter(name=name).order_by("project__name"))
    if not found:
        raise NoSuchFlow(f"Flow {name!r} not found in any project. Is it registered?")
    if len(found) > 1:
        projects = ", ".join(flow.project.name for flow in found)
        raise NoSuchFlow(f"There is a flow {name!r} in each of the projects {projects}; say which with project_name.")
    return _name_of(found[0])


def _name_of(flow: Flow) -> FlowName:
    return FlowName(flow.project.name, flow.name)
