"""Map a part of a flow: what a function calls, once an item."""

from collections.abc import Callable
from typing import Any, TypeVar

from orchestrator.sdk.annotations import list_to_map, plain
from orchestrator.sdk.collections import Constant, as_task
from orchestrator.sdk.flows import Flow
from orchestrator.sdk.opening import open_flow
from orchestrator.sdk.tasks import Task

_R = TypeVar("_R")


def apply_map(func: Callable[..., _R], *args: Any, flow: Flow | None = None, **kwargs: Any) -> _R:
    """Call a function that calls tasks, and map them all: each is executed once an item of the arguments.

    Inside, an argument stands for one item of it, or for all where `unmapped` is around it. Tasks in it that depend on
    no item are executed once. Outside, a task that was called in it is a mapped task like any other.

    :returns: what the function returns
    :raises ValueError: no flow is open, or it is inside another `apply_map`
    :raises TypeError: an argument is a value without items
    """
    target = flow or open_flow()
    if target is None:
        raise ValueError("No flow was passed or is open, so apply_map has none to add tasks to; give flow=.")
    if target.is_mapping:
        raise ValueError("apply_map cannot be called inside apply_map; call the inner function as it is.")
    sources: dict[Task, bool] = {}

    def given(name: str, argument: Any) -> Any:
        value, is_mapped, flattened = plain(argument, True)
        if not is_mapped:
            return value
        source = as_task(value)
        if isinstance(source, Constant):
            source.value = list_to_map(name, source.value, func.__name__)
        sources[source] = flattened
        return source

    positional = [given(f"argument {number + 1}", argument) for number, argument in enumerate(args)]
    named = {name: given(name, argument) for name, argument in kwargs.items()}
    known = target.tasks
    target.is_mapping = True
    try:
        with target:
            returned = func(*positional, **named)
    finally:
        target.is_mapping = False
    _map_edges(target, target.tasks - known - sources.keys(), sources)
    return returned


def _map_edges(flow: Flow, new: set[Task], sources: dict[Task, bool]) -> None:
    """Let the edges that lead from the sources on, through what is new, hand on item by item."""
    ahead = list(sources)
    seen = set(ahead)
    while ahead:
        upstream = ahead.pop()
        for edge in flow.edges_from(upstream):
            if edge.downstream_task not in new:
                continue
            flow.map_edge(edge, flattened=sources.get(upstream, False))
            if edge.downstream_task not in seen:
                seen.add(edge.downstream_task)
                ahead.append(edge.downstream_task)
