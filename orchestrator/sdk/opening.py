"""The flow that is open: the one whose `with` block is being executed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow

_open: ContextVar[Flow | None] = ContextVar("anabranch_open_flow", default=None)


def open_flow() -> Flow | None:
    """Return the flow whose `with` block is being executed, None outside of one."""
    return _open.get()


def set_open_flow(flow: Flow | None) -> None:
    """Say which flow is open from now on."""
    _open.set(flow)


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
