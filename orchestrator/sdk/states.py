"""States as people's code sees them: what flow.run() returns, what state handlers are given and may return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from orchestrator.core.states import SUCCESSFUL, TERMINAL, UNSUCCESSFUL, State
from orchestrator.sdk.missing import refuse_missing

if TYPE_CHECKING:
    from orchestrator.sdk.tasks import Task as WrittenTask


@dataclass(frozen=True)
class RunState:
    """How a flow run or a task run ended; a mapped task's has the states of its items."""

    state: State
    message: str = ""
    result: Any = None
    task_states: Mapping[str, RunState] = field(default_factory=dict)
    slugs: Mapping[WrittenTask, str] = field(default_factory=dict, repr=False)
    map_states: Sequence[RunState] = ()

    __hash__ = object.__hash__  # results need not be hashable, and states are kept in sets

    def __getitem__(self, task: WrittenTask | str) -> RunState:
        """Return how a task of the flow run ended, by the task or its slug."""
        return self.task_states[task if isinstance(task, str) else self.slugs[task]]

    def is_successful(self) -> bool:
        return self.state in SUCCESSFUL

    def is_failed(self) -> bool:
        return self.state in UNSUCCESSFUL

    def is_skipped(self) -> bool:
        return self.state is State.SKIPPED

    def is_finished(self) -> bool:
        return self.state in TERMINAL

    def is_running(self) -> bool:
        return self.state in (State.RUNNING, State.CANCELLING)

    def is_pending(self) -> bool:
        """Return whether it has not started, or waits to be executed again."""
        return not (self.is_finished() or self.is_running())

    def is_scheduled(self) -> bool:
        """Return whether it waits for a time, a person, or room."""
        return self.state in (State.SCHEDULED, State.QUEUED, State.RETRYING, State.PAUSED)


# What a state handler returns for another state: Success("rescued", result=0).
Success = partial(RunState, State.SUCCESS)
Failed = partial(RunState, State.FAILED)
Skipped = partial(RunState, State.SKIPPED)
Cancelled = partial(RunState, State.CANCELLED)
TriggerFailed = partial(RunState, State.TRIGGER_FAILED)
TimedOut = partial(RunState, State.TIMED_OUT)


_ASK = "ask a state itself: state.is_running(), state.state is State.RUNNING"
_NO_CLASSES = (
    "Pending Scheduled Submitted Queued Paused Resume Retrying Running Cancelling Finished Looped Cached Mapped"
    " ClientFailed ValidationFailed"
)
__getattr__ = refuse_missing(__name__, dict.fromkeys(_NO_CLASSES.split(), _ASK))
