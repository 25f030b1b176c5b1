"""What people may say of a task, in its constructor or by `task_args`, and the attributes that it is kept in."""

from collections.abc import Callable, Iterable
from typing import Any

from orchestrator.sdk.cache_validators import CustomValidator, Validator, read_validator
from orchestrator.sdk.durations import Duration, limit_of
from orchestrator.sdk.handlers import handlers_of
from orchestrator.sdk.queues import queue_of
from orchestrator.sdk.retries import retry_on_of
from orchestrator.sdk.serializers import find_serializer


def tags_of(tags: Iterable[str] | None) -> frozenset[str]:
    """Return the tags of a task.

    :raises TypeError: it is text, or one of them is none
    """
    if isinstance(tags, str):
        raise TypeError(f"tags is a list of words, not one: write tags=[{tags!r}].")
    found = frozenset(tags or ())
    if wrong := [tag for tag in found if not isinstance(tag, str)]:
        raise TypeError(f"A tag is a word, not {wrong[0]!r}.")
    return found


def cache_of(
    seconds: Duration | None, validator: Validator | CustomValidator | str | None, key: str | None
) -> tuple[float | None, Validator | CustomValidator, str]:
    """Return for how long a result is cached, what says whether it holds, and the key that it is shared by.

    :raises ValueError: a validator or a key of what is not cached, an unknown validator
    """
    if seconds is None and (validator is not None or key is not None):
        raise ValueError("cache_validator and cache_key need cache_for, for example timedelta(hours=1).")
    return limit_of(seconds, "cache_for"), read_validator(validator), key or ""


def serializer_of(name: str | None) -> str:
    """Return the name of a serializer, "" for none.

    :raises UnknownSerializer: there is none of this name
    """
    return find_serializer(name).name if name else ""


def nout_of(count: int | None) -> int | None:
    """Return how many parts a result has.

    :raises ValueError: it is no count
    """
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise ValueError(f"nout is how many parts a result has, from 0, not {count!r}.")
    return count


# What is kept under another name, or in another form, than it is said in. What checks itself is a property of `Task`.
_READ: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "timeout": ("timeout_seconds", lambda said: limit_of(said, "timeout")),
    "cache_for": ("cache_for_seconds", lambda said: limit_of(said, "cache_for")),
    "cache_validator": ("cache_validator", read_validator),
    "retry_on": ("retry_on", lambda said: retry_on_of(said, max_retries=1)),
    "state_handlers": ("state_handlers", lambda said: handlers_of(said, None)),
    "queue": ("queue", queue_of),
    "result_serializer": ("result_serializer", serializer_of),
    "nout": ("nout", nout_of),
}


def kept(name: str, said: Any) -> tuple[str, Any]:
    """Return the attribute that keeps what is said of a task by `task_args`, and its value."""
    attribute, read = _READ.get(name, (name, lambda value: value))
    return attribute, read(said)
