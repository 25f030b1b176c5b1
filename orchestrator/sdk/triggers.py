"""The triggers, by the names they have in `Task(trigger=...)`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.triggers import Trigger

# People's own trigger: edge -> state of its upstream; what is false, or an exception, ends the task TriggerFailed.
CustomTrigger = Callable[[Mapping[Any, Any]], Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task asks of its upstreams: a trigger, the bounds of one that counts, the function of a custom one."""

    trigger: Trigger
    at_least: float | None = None
    at_most: float | None = None
    custom: CustomTrigger | None = None


all_successful = Trigger.ALL_SUCCESSFUL
all_failed = Trigger.ALL_FAILED
any_successful = Trigger.ANY_SUCCESSFUL
any_failed = Trigger.ANY_FAILED
not_all_skipped = Trigger.NOT_ALL_SKIPPED
all_finished = Trigger.ALL_FINISHED
always_run = Trigger.ALWAYS_RUN
manual_only = Trigger.MANUAL_ONLY


def some_successful(at_least: float | None = None, at_most: float | None = None) -> Asked:
    """Return the trigger that starts a task when so many of its upstreams were successful.

    :param at_least: a count from 1, or a share below 1
    :raises ValueError: a bound that is no count and no share
    """
    return _counting(Trigger.SOME_SUCCESSFUL, at_least, at_most)


def some_failed(at_least: float | None = None, at_most: float | None = None) -> Asked:
    """Return the trigger that starts a task when so many of its upstreams failed. Bounds: see `some_successful`."""
    return _counting(Trigger.SOME_FAILED, at_least, at_most)


def _counting(trigger: Trigger, at_least: float | None, at_most: float | None) -> Asked:
    for name, bound in (("at_least", at_least), ("at_most", at_most)):
        is_number = isinstance(bound, int | float) and not isinstance(bound, bool)
        if bound is not None and not (is_number and bound >= 0 and (bound < 1 or bound == int(bound))):
            raise ValueError(f"{name} of {trigger} must be a count, or a share below 1, not {bound!r}.")
    return Asked(trigger, at_least, at_most)


def read_trigger(trigger: Trigger | str | Asked | CustomTrigger | None) -> Asked:
    """Return what `Task(trigger=...)` asks for: a name, a trigger of this module, or a function of people's own.

    :raises ValueError: there is no such trigger
    """
    if trigger is None:
        return Asked(Trigger.ALL_SUCCESSFUL)
    if isinstance(trigger, Asked):
        return trigger
    counting: list[Any] = [some_successful, some_failed]
    if trigger in counting:
        raise ValueError("Say how many: some_failed(at_least=1), some_successful(at_least=0.5).")
    if callable(trigger) and not isinstance(trigger, str):
        return Asked(Trigger.CUSTOM, custom=trigger)
    try:
        return Asked(_NAMED[trigger])
    except (KeyError, TypeError):
        raise ValueError(f"There is no trigger {trigger!r}; there are {', '.join(_NAMED)}.") from None


_NAMED: dict[str, Trigger] = {trigger.value: trigger for trigger in Trigger if trigger is not Trigger.CUSTOM}
