"""The child flow runs of a `flow.run()`: found by what a task says, kept for the tasks that ask for them later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.core.graph import FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.large import Unread, type_name
from orchestrator.core.mapping import no_such_item
from orchestrator.core.planner import Ending
from orchestrator.core.states import ENDED, SUCCESSFUL, State
from orchestrator.sdk import registry

if TYPE_CHECKING:
    from orchestrator.sdk.states import RunState


class NoSuchFlow(LookupError):
    """A task names no flow, or none that this process knows."""


@dataclass(frozen=True)
class LocalRun:
    """A child flow run that has ended."""

    id: str
    name: str
    flow: FlowName
    parameters: Mapping[str, Any]
    state: RunState


def flow_to_start(task: Task, inputs: Mapping[str, Any], own_project: str | None) -> FlowName:
    """Return the flow that a task starts.

    :raises NoSuchFlow: it names none, or a flow that is in several projects, or that is known by its id alone
    """
    if task.flow is not None:
        return task.flow
    name = inputs.get("flow_name")
    if inputs.get("flow_id") is not None:
        raise NoSuchFlow("A flow has an id only once it is registered; name it by flow_name to try it here.")
    if not name or not isinstance(name, str):
        raise NoSuchFlow("Must provide a flow name.")
    project = inputs.get("project_name", own_project)
    if project:
        return FlowName(str(project), name)
    found = registry.find_flows(name)
    if not found:
        raise NoSuchFlow(f"Flow {name!r} not found in any project. Is it registered?")
    if len(found) > 1:
        projects = ", ".join(flow.project for flow in found)
        raise NoSuchFlow(f"There is a flow {name!r} in each of the projects {projects}; say which with project_name.")
    return found[0]


def unread(graph: FlowGraph, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return results as a child flow run may be given them: a stand-in for each object that a serializer keeps."""
    return {slug: _unread(graph, slug, result) for slug, result in results.items()}


def _unread(graph: FlowGraph, slug: str, result: Any) -> Any:
    serializer = graph.tasks[slug].result_serializer
    if not serializer or result is None:
        return result
    if slug in graph.mapped and isinstance(result, list):
        return [item if item is None else Unread(type_name(item), serializer) for item in result]
    return Unread(type_name(result), serializer)


def ending_of_watching(task: Task, inputs: Mapping[str, Any], own_id: str, runs: Mapping[str, LocalRun]) -> Ending:
    """Return how a task ends that waits for a flow run; here, all that were started have ended."""
    run_id, slug = str(inputs.get("flow_run_id")), inputs.get("task_slug")
    if task.kind is TaskKind.TASK_RESULT and not (slug and isinstance(slug, str)):
        return Ending(State.FAILED, f"Must provide the slug of a task as task_slug, but it is {slug!r}.")
    if run_id == own_id:
        return Ending(State.FAILED, "It is part of the flow run that it waits for, and would wait for ever.")
    if run_id not in runs:
        return Ending(State.FAILED, f"There is no flow run {run_id} that this one may see.")
    found = runs[run_id]
    if task.kind is TaskKind.TASK_RESULT:
        return _result_of_task(found, str(slug), inputs.get("map_index", -1))
    ended = found.state
    view = {
        "id": found.id,
        "name": found.name,
        "flow": str(found.flow),
        "state": ended.state.value,
        "message": ended.message,
        "parameters": dict(found.parameters),
        "result": ended.result,
    }
    if not inputs.get("raise_final_state") or ended.state is State.SUCCESS:
        return Ending(State.SUCCESS, "", view)
    return Ending(ended.state, f"Flow run {found.id} ended {ended.state}: {ended.message}", view)


def _result_of_task(run: LocalRun, slug: str, index: int) -> Ending:
    ended = run.state.task_states.get(slug)
    if ended is None:
        there = ", ".join(sorted(run.state.task_states)[:10])
        return Ending(State.FAILED, f"Flow run {run.id} has no task {slug!r}; it has {there}.")
    if index >= 0:
        if index >= len(ended.map_states):
            return Ending(State.FAILED, no_such_item(slug, index, len(ended.map_states), run.id))
        ended = ended.map_states[index]
    if ended.state not in SUCCESSFUL:
        return Ending(State.FAILED, f"Task {slug!r} of flow run {run.id} {ENDED[ended.state]}: no result.")
    return Ending(State.SUCCESS, "", ended.result)
