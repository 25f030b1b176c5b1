"""Edges between tasks, as people write them."""

from dataclasses import dataclass

from orchestrator.sdk.tasks import Task


@dataclass(frozen=True, slots=True)
class Edge:
    """`downstream_task` starts after `upstream_task` ended; with a key, the result is its argument of that name."""

    upstream_task: Task
    downstream_task: Task
    key: str | None = None
    mapped: bool = False
