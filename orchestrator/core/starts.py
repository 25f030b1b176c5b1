"""What a flow run is started by, besides its flow: an idempotency key, a moment, an object of parameters."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum

from orchestrator.core.bindings import Binding, ListOf, Literal, describe
from orchestrator.core.large import unread_in

MAX_KEY = 200
# Flows that start each other in a circle must come to an end.
MAX_DEPTH = 20
# Every claim of a task run brings the parameters of its flow run along.
MAX_PARAMETERS = 1_000_000
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


class Unstartable(ValueError):
    """No flow run can be started by what was said."""


def check_depth(depth: int, flow: object, child: object) -> None:
    """Accept that a flow run which has `depth` others above it starts one more.

    :raises Unstartable: there are too many
    """
    if depth >= MAX_DEPTH:
        raise Unstartable(
            f"Flow runs may be nested {MAX_DEPTH} deep; do {flow} and {child} call each other in a circle?"
        )


def key_of(given: Any) -> str | None:
    """Return the idempotency key that was said.

    :raises Unstartable: it is none
    """
    if given is None:
        return None
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    key = str(given).strip() if is_whole or isinstance(given, str) else ""
    if not key:
        raise Unstartable(f"An idempotency key is text, or a whole number, but this one is {given!r:.80}.")
    if len(key) > MAX_KEY:
        raise Unstartable(f"An idempotency key has at most {MAX_KEY} characters, but this one has {len(key)}.")
    return key


def moment_of(given: Any, now: datetime) -> datetime | None:
    """Return the moment that a start time stands for: a moment, or so many seconds or so long after `now`.

    :raises Unstartable: it stands for none
    """
    if given is None:
        return None
    try:
        is_seconds = isinstance(given, int | float) and not isinstance(given, bool)
        parsed = pendulum.duration(seconds=given) if is_seconds else pendulum.parse(given)
        moment = now + parsed if isinstance(parsed, timedelta) else parsed
    except (ValueError, TypeError, OverflowError):
        moment = None
    if not isinstance(moment, datetime):
        raise Unstartable(
            "scheduled_start_time must be a date and time like 2026-03-02T09:30:00-05:00, or a length of time, in"
            f" seconds or like PT2M, not {given!r:.80}."
        )
    return moment


def parameters_of(given: Any) -> dict[str, Any]:
    """Return the parameters that were said.

    :raises Unstartable: they are no object, hold something that is no JSON, or are too large
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Unstartable(
            f"The parameters of a flow run must be an object of name and value, but are {describe(given)}."
        )
    try:
        size = len(json.dumps(given))
    except TypeError:
        raise Unstartable(
            f"The parameters of a flow run are JSON, but {_first_unread(given)}. Let a task read it that returns JSON."
        ) from None
    if size > MAX_PARAMETERS:
        raise Unstartable(
            f"The parameters of a flow run take at most {MAX_PARAMETERS:,} bytes, but these take {size:,}. Store the"
            " data and hand on where it is."
        )
    return given


def _first_unread(parameters: dict[str, Any]) -> str:
    for name, value in parameters.items():
        for unread in unread_in(value):
            return f"{name!r} holds {unread.type_name}, a result kept by {unread.serializer!r}"
    return "these are none"


def wrong_inputs(inputs: Mapping[str, Binding]) -> dict[str, str]:
    """Return input -> what is wrong with it, of those whose value is known before any run."""
    wrong = {}
    for name, read in _READERS.items():
        match inputs.get(name):
            case Literal(value):
                given = value
            case ListOf(items):
                given = list(items)
            case _:
                continue
        try:
            read(given)
        except Unstartable as error:
            wrong[name] = str(error)
    return wrong


_READERS: dict[str, Callable[[Any], Any]] = {
    "parameters": parameters_of,
    "idempotency_key": key_of,
    "scheduled_start_time": lambda given: moment_of(given, _ANY_MOMENT),
}
