"""From a flow as people write it to the graph that is executed: parameters and collections become bindings."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.core.bindings import Binding, Flat, Item, ListOf, Literal, ObjectOf, Upstream, step_into
from orchestrator.core.bindings import Parameter as ParameterBinding
from orchestrator.core.graph import CyclicGraph, Edge, FlowGraph, Task, TaskKind
from orchestrator.sdk.cache_validators import Validator
from orchestrator.sdk.collections import Collection, Constant, Place
from orchestrator.sdk.digests import digest_of, digest_of_all
from orchestrator.sdk.edges import Edge as WrittenEdge
from orchestrator.sdk.engine_tasks import EngineTask
from orchestrator.sdk.flow_handlers import with_handlers
from orchestrator.sdk.literals import literal, plain
from orchestrator.sdk.parameters import Parameter
from orchestrator.sdk.signatures import needed
from orchestrator.sdk.tasks import Task as WrittenTask

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.task_graph import TaskGraph


def shape_of(flow: TaskGraph) -> FlowGraph:
    """Return the flow's graph with all its tasks, those for parameters and collections among them; names only."""
    tasks = {slug: Task(slug, task.name, TaskKind.FUNCTION) for task, slug in flow.slugs.items()}
    edges = {(flow.slugs[edge.upstream_task], flow.slugs[edge.downstream_task]) for edge in flow.edges}
    return FlowGraph(tasks, tuple(Edge(*pair) for pair in sorted(edges)))


def check_graph(flow: TaskGraph) -> None:
    """Pass if the tasks can be executed.

    :raises ValueError: a cycle, an argument bound twice or not at all
    """
    try:
        _ = shape_of(flow).order
    except CyclicGraph as circle:
        raise ValueError(f"The flow {flow.name!r} has a cycle: {circle}. Remove one of its edges.") from None
    for task in flow.slugs:
        bound = Counter(flow.arguments_of(task))
        for key, times in bound.items():
            if times > 1:
                raise ValueError(f"The argument {key!r} of {task!r} is bound {times} times; bind it once.")
        if missing := [key for key in needed(task.signature) if key not in bound]:
            raise ValueError(
                f"The argument {missing[0]!r} of {task!r} is not bound: give it where the task is called, or by"
                f" set_upstream(..., key={missing[0]!r})."
            )


def check_result(flow: Flow) -> None:
    """Pass if the result task that the flow names is one that it executes.

    :raises ValueError: it is not
    """
    if flow.result is not None and flow.result not in flow.slugs:
        raise ValueError(f"The result task {flow.result!r} is not in the flow {flow.name!r}.")
    if flow.result is not None and not is_executed(flow.result):
        raise ValueError(f"The result of a flow is that of a task which does something, not of {flow.result!r}.")


def graph_of(flow: Flow) -> FlowGraph:
    """Return the graph of a valid flow: its tasks level by level, within a level in the order of their making."""
    levels = _levels(flow)
    written = sorted(flow.slugs.items(), key=lambda item: levels[item[1]])
    tasks = {slug: _task(flow, task, slug) for task, slug in written if is_executed(task)}
    edges = {
        Edge(leaf, flow.slugs[edge.downstream_task], edge.key, mapped, edge.flattened)
        for edge in flow.edges
        if is_executed(edge.downstream_task)
        for leaf, mapped in _leaves(flow, edge)
    }
    reference = [flow.slugs[task] for task in flow.own_reference_tasks if is_executed(task)]
    graph = FlowGraph(
        tasks=tasks,
        edges=tuple(sorted(edges, key=_place_of_edge)),
        reference_tasks=tuple(sorted(reference)),
        result_task=flow.slugs[flow.result] if flow.result is not None else None,
        queue=flow.queue,
        priority=flow.priority,
    )
    return with_handlers(flow, graph)


def schema_of(flow: Flow) -> dict[str, Any]:
    """Return the JSON Schema of a flow's parameters."""
    parameters = sorted(flow.parameters(), key=lambda parameter: parameter.name)
    return {
        "type": "object",
        "properties": {parameter.name: plain(parameter.schema, repr(parameter)) for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }


def fingerprint(document: dict[str, Any]) -> str:
    """Return the same text for the same definition: places on the canvas and start dates are not part of it."""
    graph = document["graph"]
    tasks = sorted(
        ({key: value for key, value in task.items() if key != "position"} for task in graph["tasks"]),
        key=lambda task: str(task["slug"]),
    )
    clocks = document.get("schedule")
    same = {
        **document,
        "graph": {**graph, "tasks": tasks},
        "schedule": clocks and [{key: value for key, value in clock.items() if key != "start_at"} for clock in clocks],
    }
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _levels(flow: Flow) -> dict[str, int]:
    """Return how many executed tasks come before each on the longest way."""
    shape = shape_of(flow)
    steps = {slug: int(is_executed(task)) for task, slug in flow.slugs.items()}
    levels: dict[str, int] = {}
    for slug in shape.order:
        levels[slug] = max((levels[upstream] + steps[upstream] for upstream in shape.upstreams[slug]), default=0)
    return levels


def is_executed(task: WrittenTask) -> bool:
    """Return whether a task has task runs; parameters, collections and constants become bindings of others."""
    return not isinstance(task, Parameter | Collection | Constant)


def _place_of_edge(edge: Edge) -> tuple[str, str, str, bool, bool]:
    return edge.upstream, edge.downstream, edge.key or "", edge.mapped, edge.flattened


def _leaves(flow: Flow, edge: WrittenEdge) -> Iterator[tuple[str, bool]]:
    """Yield the slugs of the executed tasks behind an edge, each with whether it is mapped over: its upstream, or what
    a collection there collects.
    """
    if is_executed(edge.upstream_task):
        yield flow.slugs[edge.upstream_task], edge.mapped
    else:
        for part in flow.edges_to(edge.upstream_task):
            yield from _leaves(flow, part)


def _task(flow: Flow, task: WrittenTask, slug: str) -> Task:
    constants = flow.constants.get(task, {})
    inputs: dict[str, Binding] = {key: _constant(value, task, key) for key, value in sorted(constants.items())}
    keyed = sorted((edge for edge in flow.edges_to(task) if edge.key), key=lambda edge: edge.key or "")
    inputs |= {edge.key: _binding(flow, edge) for edge in keyed if edge.key}
    common: dict[str, Any] = {
        "slug": slug,
        "name": task.name,
        "trigger": task.trigger,
        "trigger_at_least": task.asks.at_least,
        "trigger_at_most": task.asks.at_most,
        "judged_by_worker": task.asks.custom is not None or bool(task.state_handlers),
        "skip_on_upstream_skip": task.skip_on_upstream_skip,
        "max_retries": task.max_retries,
        "retry_delay_seconds": task.retry_delay_seconds,
        "retry_delays": task.retry_delays,
        "retry_backoff": task.retry_backoff,
        "retry_jitter": task.retry_jitter,
        "retry_delay_max_seconds": task.retry_delay_max_seconds,
        "timeout_seconds": task.timeout_seconds,
        "queue": task.queue,
        "tags": tuple(sorted(task.tags)),
        **_caching(task),
        "people_digest": _people_digest(task),
    }
    if isinstance(task, EngineTask):
        if task.retry_on:
            raise ValueError(f"{task!r} raises no exceptions, so retry_on says nothing of it: leave it out.")
        return Task(**common | task.compiled(inputs, flow.project))
    return Task(
        kind=TaskKind.FUNCTION,
        inputs=inputs,
        digest=digest_of(task.run),
        result_serializer=task.result_serializer,
        **common,
    )


def _caching(task: WrittenTask) -> dict[str, Any]:
    if task.cache_for_seconds is None:
        return {}
    validator = task.cache_validator
    name = validator.name if isinstance(validator, Validator) else "custom"
    return {"cache_for_seconds": task.cache_for_seconds, "cache_key": task.cache_key, "cache_validator": name}


def _people_digest(task: WrittenTask) -> str:
    validator = task.cache_validator if task.cache_for_seconds is not None else None
    return digest_of_all(
        {
            "trigger": [task.asks.custom] if task.asks.custom is not None else [],
            "state_handlers": task.state_handlers,
            "cache_validator": [] if validator is None or isinstance(validator, Validator) else [validator],
        }
    )


def _constant(value: Any, task: WrittenTask, key: str) -> Literal:
    is_length = isinstance(value, timedelta) and isinstance(task, EngineTask)
    return literal(value.total_seconds() if is_length else value, f"{key} of {task!r}")


def _binding(flow: Flow, edge: WrittenEdge) -> Binding:
    """Return what an edge hands on. Of a collection made in `apply_map`, the items are in its parts."""
    found = _value(flow, edge.upstream_task)
    if edge.flattened:
        found = Flat(found)
    if not edge.mapped or _is_mapped_collection(flow, edge.upstream_task):
        return found
    return Item(found)


def _value(flow: Flow, task: WrittenTask) -> Binding:
    if isinstance(task, Parameter):
        return ParameterBinding(task.name)
    if isinstance(task, Constant):
        return literal(task.value, f"value of {task!r}")
    if isinstance(task, Place):
        return _place_in(flow, task)
    if isinstance(task, Collection):
        by_key = {edge.key: edge for edge in flow.edges_to(task)}
        parts = [_binding(flow, by_key[f"arg_{index + 1}"]) for index in range(len(task.parts))]
        return ObjectOf(dict(zip(task.keys, parts, strict=True))) if task.keys is not None else ListOf(tuple(parts))
    return Upstream(flow.slugs[task])


def _place_in(flow: Flow, place: Place) -> Upstream:
    (edge,) = (edge for edge in flow.edges_to(place) if edge.key)
    around = _binding(flow, edge)
    if not isinstance(around, Upstream):
        what = "an item of what it is mapped over" if edge.mapped else repr(edge.upstream_task)
        raise ValueError(
            f"[{place.step!r}] is a place in the result of a task that is executed, not in {what}; take it in run()."
        )
    return Upstream(around.task, step_into(around.path, place.step))


def _is_mapped_collection(flow: Flow, task: WrittenTask) -> bool:
    return isinstance(task, Collection) and any(
        edge.mapped or _is_mapped_collection(flow, edge.upstream_task) for edge in flow.edges_to(task)
    )
