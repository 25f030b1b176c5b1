"""The `with case(...)` block that is open: it hears of every task that is added inside."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orchestrator.sdk.task_graph import TaskGraph
    from orchestrator.sdk.tasks import Task


class Block(Protocol):
    """A block of tasks that are gated together."""

    def add_task(self, task: Task, flow: TaskGraph) -> None:
        """Take note of a task that was added to a flow inside the block."""


open_block: ContextVar[Block | None] = ContextVar("anabranch_open_block", default=None)


def note(task: Task, flow: TaskGraph) -> None:
    """Tell the innermost open block, if there is one, that a task was added."""
    block = open_block.get()
    if block is not None:
        block.add_task(task, flow)
