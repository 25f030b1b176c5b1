"""What a running Python function may know about the run it belongs to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_CARRIED = frozenset({"loop_count", "loop_result", "resumed"})


@dataclass(frozen=True, slots=True)
class Context:
    """The run around a running function. Ids are text; `idempotency_key` stays the same over retries and crashes.

    A function that changes something outside hands the key on, so that its second execution changes nothing more.
    `map_index`: which item of a mapped task this is, -1 for none.
    `loop_count`: 1, and one more each time the task raised LOOP; `loop_result`: what it last raised LOOP with.
    `resumed`: whether the task was paused before, and was approved or its pause ended.
    `scheduled_for` is the fire time (in UTC) of the schedule that the run stands for, on time, caught up or backfilled;
    None for every other run, child flow runs among them.
    """

    flow: str
    version: int
    flow_run_id: str
    task_run_id: str
    task: str
    attempt: int
    idempotency_key: str
    parameters: dict[str, Any] = field(default_factory=dict)
    map_index: int = -1
    scheduled_for: datetime | None = None
    loop_count: int = 1
    loop_result: Any = None
    resumed: bool = False

    @classmethod
    def told(cls, carried: Mapping[str, Any] | None, **known: Any) -> "Context":
        """Return the context of an execution that is told what earlier ones left for it."""
        told = {key: value for key, value in (carried or {}).items() if key in _CARRIED}
        return cls(**known, **told)


class NoContext(RuntimeError):
    """There is no run around this code."""


_current: ContextVar[Context | None] = ContextVar("anabranch_context", default=None)


def context() -> Context:
    """Return the context of the task run that is being executed.

    :raises NoContext: called from outside a running task
    """
    found = _current.get()
    if found is None:
        raise NoContext("There is no context here: context() works inside a task while a flow run executes it.")
    return found


@contextmanager
def entered(inside: Context) -> Iterator[None]:
    """Make `inside` the context of the block."""
    token = _current.set(inside)
    try:
        yield
    finally:
        _current.reset(token)
