"""The plain fields of a task: what each accepts, said once for reading and writing documents."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.core.graph import ApproverRole, OnRetry, OnTimeLimit
from orchestrator.core.names import MAX_PRIORITY, QUEUE_WANTED, is_name, is_queue
from orchestrator.core.triggers import Trigger

MAX_RETRIES = 1_000
MAX_DELAY_SECONDS = 365 * 86_400
MAX_TAGS = 20
MAX_MESSAGE = 1_000
MAX_NUMBER = 1e12  # no delay and no place on a canvas is larger


@dataclass(frozen=True, slots=True)
class Rule:
    """What one plain field of a task accepts; `instead` stands in where it was refused."""

    accepts: Callable[[Any], bool]
    wanted: str
    instead: Any
    made: Callable[[Any], Any] = lambda value: value


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def is_number(value: Any, least: float = -MAX_NUMBER, most: float = MAX_NUMBER) -> bool:
    """Return whether a JSON value is a number within limits; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and is_number(value, 0, most)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list_of(value: Any, accepts: Callable[[Any], bool], most: int) -> bool:
    return isinstance(value, list) and len(value) <= most and all(map(accepts, value))


def _is_delay(value: Any) -> bool:
    return is_number(value, 0, MAX_DELAY_SECONDS)


_SHARE_OR_COUNT = Rule(lambda v: v is None or is_number(v, 0), "a count, a share below 1, or null", None)
_LIMIT = Rule(lambda v: v is None or (_is_delay(v) and v > 0), "seconds, more than 0 and at most one year", None)
_TEXT = Rule(_is_text, "text", "")
NAME = Rule(is_name, "text of 1 to 200 characters", "unnamed")

# The fields of a task whose value is one of a few words.
CHOICES: dict[str, tuple[type[StrEnum], StrEnum]] = {
    "on_retry": (OnRetry, OnRetry.RESTART),
    "trigger": (Trigger, Trigger.ALL_SUCCESSFUL),
    "role": (ApproverRole, ApproverRole.OPERATOR),
    "on_time_limit": (OnTimeLimit, OnTimeLimit.FAIL),
}
# The fields of a task that are read and written as they are; their defaults are those of `Task`.
PLAIN: dict[str, Rule] = {
    "wait": Rule(_is_bool, "true or false", True),
    "named_after_parent": Rule(_is_bool, "true or false", False),
    "skip_on_upstream_skip": Rule(_is_bool, "true or false", True),
    "trigger_at_least": _SHARE_OR_COUNT,
    "trigger_at_most": _SHARE_OR_COUNT,
    "max_retries": Rule(lambda v: _is_whole(v, MAX_RETRIES), f"a whole number from 0 to {MAX_RETRIES}", 0),
    "retry_delay_seconds": Rule(_is_delay, "seconds, from 0 to one year", 0.0, float),
    "retry_delays": Rule(lambda v: _is_list_of(v, _is_delay, MAX_RETRIES), "a list of seconds", (), tuple),
    "retry_backoff": Rule(lambda v: is_number(v, 1, 100), "a number from 1 to 100", 1.0, float),
    "retry_jitter": Rule(lambda v: is_number(v, 0, 1), "a share from 0 to 1", 0.0, float),
    "retry_delay_max_seconds": _LIMIT,
    "timeout_seconds": _LIMIT,
    "cache_for_seconds": _LIMIT,
    "cache_key": _TEXT,
    "cache_validator": _TEXT,
    "queue": Rule(lambda v: v == "" or is_queue(v), QUEUE_WANTED, ""),
    "tags": Rule(lambda v: _is_list_of(v, is_name, MAX_TAGS), f"a list of at most {MAX_TAGS} names", (), tuple),
    "result_serializer": _TEXT,
    "message": Rule(lambda v: _is_text(v) and len(v) <= MAX_MESSAGE, f"text of at most {MAX_MESSAGE} characters", ""),
    "judged_by_worker": Rule(_is_bool, "true or false", False),
    "digest": _TEXT,
    "people_digest": _TEXT,
}
# Those of a whole graph.
OF_GRAPH: dict[str, Rule] = {
    "queue": PLAIN["queue"],
    "priority": Rule(
        lambda v: isinstance(v, int) and is_number(v, -MAX_PRIORITY, MAX_PRIORITY),
        f"a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}",
        0,
    ),
}
# The fields of a task that are read each in its own way.
SPECIAL = ("slug", "name", "kind", "flow", "inputs", "position")
