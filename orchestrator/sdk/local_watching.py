"""Tasks of a flow.run() that wait for a flow run which is there already, or for the result of a task in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator.core.graph import Task, TaskKind
from orchestrator.core.mapping import no_such_item
from orchestrator.core.planner import Ending
from orchestrator.core.states import ENDED, SUCCESSFUL, TERMINAL, State

if TYPE_CHECKING:
    from orchestrator.sdk.local import LocalRun


def end_of_watching(run: LocalRun, task: Task, inputs: Mapping[str, Any]) -> Ending:
    """Return how a task ends that waits for a flow run, or that it waits for a person with that."""
    given, slug, index = inputs.get("flow_run_id"), inputs.get("task_slug"), inputs.get("map_index", -1)
    if task.kind is TaskKind.TASK_RESULT and not (slug and isinstance(slug, str)):
        return Ending(State.FAILED, f"Must provide the slug of a task as task_slug, but it is {slug!r}.")
    if not isinstance(index, int):
        return Ending(State.FAILED, f"map_index must be the number of an item, or -1, not {index!r}.")
    try:
        found = run.runs.by_id.get(str(UUID(str(given))))
    except ValueError:
        why = f"flow_run_id must be a flow run's id, as create_flow_run returns it, not {given!r}."
        return Ending(State.FAILED, why)
    if found is run:
        return Ending(State.FAILED, "It is part of the flow run that it waits for, and would wait for ever.")
    if found is None:
        return Ending(State.FAILED, f"There is no flow run {given} that this one may see.")
    ended = found.ending
    if ended is None:
        return Ending(State.FAILED, f"Flow run {given} waits for this one; both would wait for ever.")
    if ended.state not in TERMINAL:
        return Ending(State.RUNNING)
    if task.kind is TaskKind.TASK_RESULT:
        return _result_of_task(found, str(slug), index)
    view = {
        "id": found.id,
        "name": found.name,
        "flow": found.flow_name,
        "state": ended.state.value,
        "message": ended.message,
        "parameters": found.parameters,
        "result": ended.result,
    }
    if not inputs.get("raise_final_state") or ended.state is State.SUCCESS:
        return Ending(State.SUCCESS, "", view)
    return Ending(ended.state, f"Flow run {found.id} ended {ended.state}: {ended.message}", view)


def _result_of_task(run: LocalRun, slug: str, index: int) -> Ending:
    ended, what = run.endings.get(slug), f"Task {slug!r}"
    if ended is None:
        there = ", ".join(sorted(run.endings)[:10])
        return Ending(State.FAILED, f"Flow run {run.id} has no task {slug!r}; it has {there}.")
    if index >= 0:
        items, what = run.items.get(slug, []), f"{what}, item {index},"
        if index >= len(items):
            return Ending(State.FAILED, no_such_item(slug, index, len(items), run.id))
        ended = items[index]
    if ended.state not in SUCCESSFUL:
        return Ending(State.FAILED, f"{what} of flow run {run.id} {ENDED[ended.state]}: no result.")
    return Ending(State.SUCCESS, "", ended.result)
