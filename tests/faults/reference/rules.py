"""What decides: triggers and skips, cases and merges, how items and task runs decide about what they are part of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orchestrator.core.states import State

GOOD = {State.SUCCESS, State.CACHED, State.SKIPPED}
BAD = {State.FAILED, State.TRIGGER_FAILED, State.TIMED_OUT}
ENDED = GOOD | BAD | {State.CANCELLED}
RETRIED = {State.FAILED, State.TIMED_OUT}

Written = Mapping[str, Any]


def _good(ends: Sequence[State]) -> int:
    return sum(end in GOOD for end in ends)


def _bad(ends: Sequence[State]) -> int:
    return sum(end in BAD for end in ends)


def _within(task: Written, number: int, of: int) -> bool:
    """Return whether so many are between the bounds that a task gives, those below 1 being shares."""
    least, most = task.get("trigger_at_least"), task.get("trigger_at_most")
    share = {bound: bound * of if bound < 1 else bound for bound in (least, most) if bound is not None}
    return (least is None or number >= share[least]) and (most is None or number <= share[most])


TRIGGERS: dict[str, Callable[[Written, Sequence[State]], bool]] = {
    "all_successful": lambda _, ends: all(end in GOOD for end in ends),
    "all_failed": lambda _, ends: all(end in BAD for end in ends),
    "any_successful": lambda _, ends: any(end in GOOD for end in ends),
    "any_failed": lambda _, ends: any(end in BAD for end in ends),
    "some_successful": lambda task, ends: _within(task, _good(ends), len(ends)),
    "some_failed": lambda task, ends: _within(task, _bad(ends), len(ends)),
    "not_all_skipped": lambda _, ends: all(end in GOOD for end in ends),
    "all_finished": lambda _, ends: True,
    "always_run": lambda _, ends: True,
    "manual_only": lambda _, ends: True,
}


def judged(task: Written, ends: Sequence[State]) -> State | None:
    """Return None if a task may start after such ends, else the state that it takes instead. Skip beats trigger.

    What people's own code judges may start: the worker that has the code says how it ends.
    """
    if task.get("judged_by_worker"):
        return None
    trigger = task.get("trigger", "all_successful")
    if not ends and trigger not in ("not_all_skipped", "manual_only"):
        return None
    if State.SKIPPED in ends and task.get("skip_on_upstream_skip", True):
        return State.SKIPPED
    if trigger == "manual_only":
        return State.PAUSED
    if trigger == "not_all_skipped" and all(end is State.SKIPPED for end in ends):
        return State.SKIPPED
    return None if TRIGGERS[trigger](task, ends) else State.TRIGGER_FAILED


def together(ends: Sequence[State]) -> State:
    """Return how a mapped task ends whose items ended so."""
    bad = {end for end in ends if end in BAD}
    if bad:
        return State.TRIGGER_FAILED if bad == {State.TRIGGER_FAILED} else State.FAILED
    return State.CANCELLED if State.CANCELLED in ends else State.SUCCESS


def last_state(ends: Sequence[State], *, is_cancelled: bool) -> State:
    """Return how a flow run ends whose reference tasks ended so."""
    if is_cancelled:
        return State.CANCELLED
    if any(end in BAD for end in ends):
        return State.FAILED
    return State.CANCELLED if State.CANCELLED in ends else State.SUCCESS
