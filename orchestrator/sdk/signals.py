"""What a running task may raise to say how it ends. `except Exception` in people's code does not catch them.

raise signals.SKIP("nothing to do today")
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.sdk.context import context
from orchestrator.sdk.durations import Duration, seconds_of
from orchestrator.sdk.missing import refuse_missing
from orchestrator.sdk.raised import message_of


class Signal(BaseException):
    """Ends an execution in a state of its own; the message is for people, and may be an exception.

    `counts_as`: the type of exceptions that it stands for where a task names those it is tried again after.
    """

    counts_as: type[BaseException] | None = None

    def __init__(self, message: Any = "") -> None:
        self.message = message_of(message)
        super().__init__(self.message)

    def ending(self) -> Ending:
        """Return what the signal makes of the task run."""
        raise NotImplementedError


class SUCCESS(Signal):
    """The task was successful, with this result."""

    def __init__(self, message: Any = "", result: Any = None) -> None:
        super().__init__(message)
        self.result = result

    def ending(self) -> Ending:
        return Ending(State.SUCCESS, self.message, self.result)


class FAIL(Signal):
    """The task failed; retries that are left follow, as after an exception."""

    def ending(self) -> Ending:
        return Ending(State.FAILED, self.message or "The task raised FAIL.")


class TRIGGERFAIL(Signal):
    """The task should not have started; it is not tried again."""

    def ending(self) -> Ending:
        return Ending(State.TRIGGER_FAILED, self.message or "The task raised TRIGGERFAIL.")


class SKIP(Signal):
    """There was nothing to do: the task, and what follows unless it says otherwise, is skipped."""

    def ending(self) -> Ending:
        return Ending(State.SKIPPED, self.message)


class _Later(Signal):
    """A signal after which the task runs again.

    :param start_time: when, with a time zone; or `delay`: how long from now, a timedelta or seconds
    """

    def __init__(self, message: Any = "", start_time: datetime | None = None, delay: Duration | None = None) -> None:
        super().__init__(message)
        if start_time is not None and delay is not None:
            raise ValueError("Give start_time or delay, not both.")
        if start_time is not None and start_time.tzinfo is None:
            raise ValueError(f"start_time needs a time zone, but {start_time} has none; use datetime.now(UTC) + ....")
        self.start_time = start_time
        self.delay = None if delay is None else seconds_of(delay, "delay")

    def seconds(self) -> float | None:
        """Return how long from now it runs again, None where nothing was said."""
        if self.start_time is not None:
            return max(0.0, (self.start_time - datetime.now(UTC)).total_seconds())
        return self.delay


class RETRY(_Later):
    """Run the task again, then or after its own retry delay, also when no retries are left."""

    def ending(self) -> Ending:
        return Ending(State.RETRYING, self.message or "The task asked to run again.", delay=self.seconds())


class PAUSE(_Later):
    """Wait for a person, or for the time given, and then run the task again from its first line."""

    def ending(self) -> Ending:
        return Ending(State.PAUSED, self.message or "Paused by the task.", delay=self.seconds())


class LOOP(Signal):
    """Run the task again at once; `context().loop_result` is then this result, and `loop_count` one more."""

    def __init__(self, message: Any = "", result: Any = None) -> None:
        super().__init__(message)
        self.result = result

    def ending(self) -> Ending:
        return Ending(State.SUBMITTED, self.message, self.result)


def pause_task(message: str = "", duration: Duration | None = None) -> None:
    """Pause the task that calls this until a person approves it, or for a duration; then it runs from its start.

    :raises PAUSE: unless the task was resumed
    """
    if not context().resumed:
        raise PAUSE(message, delay=duration)


def ending_of(raised: BaseException, message: str, retry_on: tuple[type[BaseException], ...] = ()) -> Ending:
    """Return what an exception, or a signal, that people's code raised makes of its task run.

    :param message: what people are told of an exception
    :param retry_on: the types of exceptions after which it is tried again; none: all
    """
    ending = raised.ending() if isinstance(raised, Signal) else Ending(State.FAILED, message)
    kind = (raised.counts_as if isinstance(raised, Signal) else None) or type(raised)
    return replace(ending, retry=not retry_on or issubclass(kind, retry_on))


__getattr__ = refuse_missing(
    __name__,
    {
        "ENDRUN": "raise SUCCESS, FAIL or SKIP",
        "VALIDATIONFAIL": "raise FAIL",
        "signal_from_state": "StartFlowRun(wait=True) ends as its child does by itself",
    },
)
