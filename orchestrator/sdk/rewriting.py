"""Change a flow as a whole: put one task in another's place, take in another flow, copy it."""

from __future__ import annotations

import copy
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.collections import as_task
from orchestrator.sdk.parameters import Parameter

if TYPE_CHECKING:
    from orchestrator.sdk.edges import Edge
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.tasks import Task


def replace(flow: Flow, old: Task, new: Any) -> None:
    """Put a task or a constant in the place of another: see `Flow.replace`."""
    if old not in flow.slugs:
        raise ValueError(f"{old!r} is not in the flow {flow.name!r}, so nothing can be put in its place.")
    instead = as_task(new)
    if instead is old:
        return
    reference = flow.own_reference_tasks
    constants = flow.constants.get(old, {})
    edges = flow.remove_task(old)
    flow.add_task(instead)
    if constants:
        flow.constants[instead] = {**constants, **flow.constants.get(instead, {})}
    for edge in edges:
        _add(flow, edge, {old: instead})
    flow.set_reference_tasks(instead if task is old else task for task in reference)
    if flow.result is old:
        flow.result = instead


def update(flow: Flow, other: Flow, merge_parameters: bool, merge_reference_tasks: bool) -> None:
    """Add all tasks and edges of another flow: see `Flow.update`."""
    own = {parameter.name: parameter for parameter in flow.parameters()}
    merged: dict[Task, Task] = {}
    for task in other.slugs:
        if merge_parameters and isinstance(task, Parameter) and task.name in own:
            merged[task] = own[task.name]
        else:
            flow.add_task(task)
    for edge in sorted(
        other.edges, key=lambda edge: (other.slugs[edge.upstream_task], other.slugs[edge.downstream_task])
    ):
        _add(flow, edge, merged)
    for task, constants in other.constants.items():
        flow.constants[task] = {**flow.constants.get(task, {}), **constants}
    if merge_reference_tasks:
        flow.set_reference_tasks(flow.reference_tasks() | other.reference_tasks())


def copied(flow: Flow) -> Flow:
    """Return a flow of the same tasks and edges, none of whose changes the first one sees."""
    twin = copy.copy(flow)
    for name, value in vars(flow).items():
        setattr(twin, name, _own(value))
    return twin


def _own(value: Any) -> Any:
    """Return a container, and the containers in it, as ones of one's own."""
    match value:
        case dict():
            twin = value.copy()
            for key, inner in value.items():
                twin[key] = _own(inner)
            return twin
        case set() | list():
            return value.copy()
    return value


def _add(flow: Flow, edge: Edge, instead: dict[Task, Task]) -> None:
    moved = changed(
        edge,
        upstream_task=instead.get(edge.upstream_task, edge.upstream_task),
        downstream_task=instead.get(edge.downstream_task, edge.downstream_task),
    )
    flow.add_edge(moved.upstream_task, moved.downstream_task, moved.key, moved.mapped, moved.flattened)
