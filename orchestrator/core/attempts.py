"""What follows one attempt at a task: its end, or a pause and the next attempt. The same for the engine and flow.run().

Chance is an argument, so that the same attempt has the same consequence in every test.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.core.graph import Task
from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
from orchestrator.core.task_fields import MAX_DELAY_SECONDS

RETRIED = frozenset({State.FAILED, State.TIMED_OUT})


def after_attempt(task: Task, ending: Ending, *, failures: int, chance: float, cancelling: bool = False) -> Ending:
    """Return what an attempt's ending leads to: itself, or Retrying where retries are left or were asked for.

    :param failures: attempts that failed before this one
    :param cancelling: whether its flow run is being cancelled: then nothing is executed again
    """
    if cancelling:
        stopped = Ending(State.CANCELLED, "Cancelled before it ran again.")
        return ending if ending.state in TERMINAL else stopped
    if ending.state in RETRIED and ending.retry:
        delay = retry_delay(task, failures + 1, chance=chance)
        if delay is not None:
            return Ending(State.RETRYING, retry_message(task, failures + 1, ending.message), delay=delay)
    if ending.state is State.RETRYING and ending.delay is None:
        return replace(ending, delay=pause_before(task, failures, chance=chance))
    return ending


def retry_delay(task: Task, failures: int, *, chance: float = 0.5) -> float | None:
    """Return the seconds to wait before the next attempt, None if there is none left.

    :param failures: attempts that have failed so far, the one just ended included
    :param chance: from 0 to 1: where the delay falls within the task's jitter
    """
    return pause_before(task, failures, chance=chance) if failures <= task.max_retries else None


def pause_before(task: Task, retry: int, *, chance: float = 0.5) -> float:
    """Return the seconds to wait before a task's retry of this number, counted from 1, whether it has so many or not.

    :param chance: from 0 to 1: where the delay falls within the task's jitter
    """
    most = task.retry_delay_max_seconds or MAX_DELAY_SECONDS
    delay = min(most, _planned_pause(task, max(1, retry)))
    return min(most, delay * (1 + task.retry_jitter * (2 * chance - 1)))


def _planned_pause(task: Task, retry: int) -> float:
    if task.retry_delays:
        return task.retry_delays[min(retry, len(task.retry_delays)) - 1]
    try:
        return task.retry_delay_seconds * task.retry_backoff ** (retry - 1)
    except OverflowError:
        return MAX_DELAY_SECONDS


def retry_message(task: Task, failures: int, cause: str) -> str:
    """Return the message of a task run that waits for its next attempt."""
    # Not by the attempt's number: pauses, loops, restarts and lost workers count attempts too, and use up no retry.
    return f"Retry {failures} of {task.max_retries} follows: {cause}"


def looped(carried: Mapping[str, Any] | None, result: Any) -> dict[str, Any]:
    """Return what the next execution of a task that loops is told: how often it looped, and with what."""
    return {"loop_count": (carried or {}).get("loop_count", 1) + 1, "loop_result": result}
