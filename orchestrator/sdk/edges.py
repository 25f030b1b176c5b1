"""Edges between tasks, as people write them."""

from dataclasses import dataclass

from orchestrator.sdk.tasks import Task


@dataclass(frozen=True, slots=True)
class Edge:
    """`downstream_task` starts after `upstream_task` ended; with a key, the result is its argument of that name.

    `mapped`: each item of the downstream gets one item of it; `flattened`: it is a list of lists, made one list.
    """

    upstream_task: Task
    downstream_task: Task
    key: str | None = None
    mapped: bool = False
    flattened: bool = False
