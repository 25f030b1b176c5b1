"""May a task start, now that all its upstreams have ended? The names and the truth table are those of Prefect 1."""

from collections.abc import Callable, Collection
from enum import StrEnum

from orchestrator.core.states import SUCCESSFUL, UNSUCCESSFUL, State


class Trigger(StrEnum):
    """What a task asks of its upstreams' states. A task without upstreams always starts."""

    ALL_SUCCESSFUL = "all_successful"
    ALL_FAILED = "all_failed"
    ANY_SUCCESSFUL = "any_successful"
    ANY_FAILED = "any_failed"
    ALL_FINISHED = "all_finished"
    ALWAYS_RUN = "always_run"


def _successes(states: Collection[State]) -> int:
    return sum(state in SUCCESSFUL for state in states)


def _failures(states: Collection[State]) -> int:
    return sum(state in UNSUCCESSFUL for state in states)


# A Cancelled upstream is neither a success nor a failure.
_PASSES: dict[Trigger, Callable[[Collection[State]], bool]] = {
    Trigger.ALL_SUCCESSFUL: lambda states: _successes(states) == len(states),
    Trigger.ALL_FAILED: lambda states: _failures(states) == len(states),
    Trigger.ANY_SUCCESSFUL: lambda states: _successes(states) > 0,
    Trigger.ANY_FAILED: lambda states: _failures(states) > 0,
    Trigger.ALL_FINISHED: lambda _: True,
    Trigger.ALWAYS_RUN: lambda _: True,
}

_ASKS: dict[Trigger, str] = {
    Trigger.ALL_SUCCESSFUL: "every upstream to be successful",
    Trigger.ALL_FAILED: "every upstream to have failed",
    Trigger.ANY_SUCCESSFUL: "at least one successful upstream",
    Trigger.ANY_FAILED: "at least one failed upstream",
    Trigger.ALL_FINISHED: "every upstream to have ended",
    Trigger.ALWAYS_RUN: "every upstream to have ended",
}


def judge(trigger: Trigger, skip_on_upstream_skip: bool, upstream: dict[str, State]) -> tuple[State | None, str]:
    """Return (None, "") if a task may start, else the state it ends in without starting, and why.

    :param upstream: slug -> terminal state of each upstream task run; skip beats trigger, as in Prefect 1
    """
    if not upstream:
        return None, ""
    if skip_on_upstream_skip:
        skipped = [slug for slug, state in upstream.items() if state == State.SKIPPED]
        if skipped:
            return State.SKIPPED, f"Skipped because of what was skipped before it: {_names(skipped)}."
    if _PASSES[trigger](upstream.values()):
        return None, ""
    return State.TRIGGER_FAILED, f"Trigger {trigger} asks for {_ASKS[trigger]}, but {_found(upstream)}."


def _found(upstream: dict[str, State]) -> str:
    by_state: dict[State, list[str]] = {}
    for slug, state in upstream.items():
        by_state.setdefault(state, []).append(slug)
    return ", ".join(f"{_names(slugs)} ended {state}" for state, slugs in by_state.items())


def _names(slugs: list[str]) -> str:
    shown = ", ".join(slugs[:3])
    return shown if len(slugs) <= 3 else f"{shown} and {len(slugs) - 3} more"
