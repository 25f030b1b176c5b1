"""May a task start, now that all its upstreams have ended? The names and the truth table are those of Prefect 1."""

import math
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum

from orchestrator.core.states import ENDED, SUCCESSFUL, UNSUCCESSFUL, State


class Trigger(StrEnum):
    """What a task asks of its upstreams' states."""

    ALL_SUCCESSFUL = "all_successful"
    ALL_FAILED = "all_failed"
    ANY_SUCCESSFUL = "any_successful"
    ANY_FAILED = "any_failed"
    SOME_SUCCESSFUL = "some_successful"
    SOME_FAILED = "some_failed"
    NOT_ALL_SKIPPED = "not_all_skipped"
    ALL_FINISHED = "all_finished"
    ALWAYS_RUN = "always_run"
    MANUAL_ONLY = "manual_only"
    CUSTOM = "custom"


WAITS_FOR_APPROVAL = "Waits to be approved."

# A task without upstreams starts at once, unless its trigger is one of these.
_JUDGED_WITHOUT_UPSTREAMS = frozenset({Trigger.NOT_ALL_SKIPPED, Trigger.MANUAL_ONLY})


def _successes(states: Collection[State]) -> int:
    return sum(state in SUCCESSFUL for state in states)


def _failures(states: Collection[State]) -> int:
    return sum(state in UNSUCCESSFUL for state in states)


# A Cancelled upstream is neither a success nor a failure. What is custom is judged by people's code, in a worker.
_PASSES: dict[Trigger, Callable[[Collection[State]], bool]] = {
    Trigger.ALL_SUCCESSFUL: lambda states: _successes(states) == len(states),
    Trigger.ALL_FAILED: lambda states: _failures(states) == len(states),
    Trigger.ANY_SUCCESSFUL: lambda states: _successes(states) > 0,
    Trigger.ANY_FAILED: lambda states: _failures(states) > 0,
    Trigger.NOT_ALL_SKIPPED: lambda states: _successes(states) == len(states),
    Trigger.ALL_FINISHED: lambda _: True,
    Trigger.ALWAYS_RUN: lambda _: True,
    Trigger.CUSTOM: lambda _: True,
}

_ASKS: dict[Trigger, str] = {
    Trigger.ALL_SUCCESSFUL: "every upstream to be successful",
    Trigger.ALL_FAILED: "every upstream to have failed",
    Trigger.ANY_SUCCESSFUL: "at least one successful upstream",
    Trigger.ANY_FAILED: "at least one failed upstream",
    Trigger.NOT_ALL_SKIPPED: "every upstream to be successful and one not to be skipped",
}

_COUNTED: dict[Trigger, tuple[Callable[[Collection[State]], int], str]] = {
    Trigger.SOME_SUCCESSFUL: (_successes, "successful"),
    Trigger.SOME_FAILED: (_failures, "failed"),
}


def judge(
    trigger: Trigger,
    skip_on_upstream_skip: bool,
    upstream: Mapping[str, State],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> tuple[State | None, str]:
    """Return (None, "") if a task may start, else the state it takes without starting, and why.

    :param upstream: slug -> terminal state of each upstream task run; skip beats trigger, as in Prefect 1
    :param at_least: for `some_successful` and `some_failed`: how many; below 1, which share of the upstreams
    """
    if not upstream and trigger not in _JUDGED_WITHOUT_UPSTREAMS:
        return None, ""
    skipped = [slug for slug, state in upstream.items() if state == State.SKIPPED]
    if skipped and skip_on_upstream_skip:
        return State.SKIPPED, f"Skipped because of what was skipped before it: {_names(skipped)}."
    if trigger is Trigger.MANUAL_ONLY:
        return State.PAUSED, WAITS_FOR_APPROVAL
    if trigger is Trigger.NOT_ALL_SKIPPED and len(skipped) == len(upstream):
        return State.SKIPPED, "Skipped because all before it was skipped."
    if trigger in _COUNTED:
        passes, asks = _count(trigger, upstream, at_least, at_most)
    else:
        passes, asks = _PASSES[trigger](upstream.values()), _ASKS.get(trigger, "")
    if passes:
        return None, ""
    return State.TRIGGER_FAILED, f"Trigger {trigger} asks for {asks}, but {_found(upstream)}."


def _count(
    trigger: Trigger, upstream: Mapping[str, State], at_least: float | None, at_most: float | None
) -> tuple[bool, str]:
    """Return whether so many upstreams ended as the trigger counts them, and what it asks for."""
    count, what = _COUNTED[trigger]
    least = _bound(at_least, len(upstream), 0.0)
    most = _bound(at_most, len(upstream), math.inf)
    bounds = [
        f"at {word} {_said(bound)}" for word, bound in (("least", at_least), ("most", at_most)) if bound is not None
    ]
    return least <= count(upstream.values()) <= most, f"{' and '.join(bounds)} {what} of {len(upstream)} upstreams"


def _bound(bound: float | None, of: int, without: float) -> float:
    if bound is None:
        return without
    return bound * of if bound < 1 else bound


def _said(bound: float) -> str:
    return f"{bound:.0%}" if 0 < bound < 1 else f"{bound:g}"


def _found(upstream: Mapping[str, State]) -> str:
    by_state: dict[State, list[str]] = {}
    for slug, state in upstream.items():
        by_state.setdefault(state, []).append(slug)
    return ", ".join(f"{_names(slugs)} {ENDED[state]}" for state, slugs in by_state.items())


def _names(slugs: list[str]) -> str:
    shown = ", ".join(slugs[:3])
    return shown if len(slugs) <= 3 else f"{shown} and {len(slugs) - 3} more"
