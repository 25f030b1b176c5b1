"""The flow that is open: the one whose `with` block is being executed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.tasks import Task

_open: ContextVar[Flow | None] = ContextVar("anabranch_open_flow", default=None)


def open_flow() -> Flow | None:
    """Return the flow whose `with` block is being executed, None outside of one."""
    return _open.get()


def set_open_flow(flow: Flow | None) -> None:
    """Say which flow is open from now on."""
    _open.set(flow)


def note_made(task: Task) -> None:
    """Let the open flow know of a task that somebody wrote inside it, so that it can say if nothing becomes of it."""
    flow = open_flow()
    if flow is not None and not task.auto_generated:
        flow.made[task] = None


def note_copied(task: Task) -> None:
    """Let the open flow know that a task has served for others that are copies of it."""
    flow = open_flow()
    if flow is not None:
        flow.made.pop(task, None)


def open_flow_for(flow: Flow | None, purpose: str) -> Flow:
    """Return the flow that is given, or else the one that is open.

    :raises ValueError: there is neither
    """
    found = flow or open_flow()
    if found is None:
        raise ValueError(
            f"No flow was passed or is open, so there is none to {purpose} in: do it inside `with Flow(...) as flow:`,"
            " or give flow=. To try the task alone, call its run()."
        )
    return found
