"""What a task hands on: JSON values, and the Python values that have one obvious JSON form."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

MAX_DEPTH = 100
MAX_BITS = 10_000  # Python writes no whole number of more than 4300 digits (about 14,000 bits) as text


class Unkeepable(ValueError):
    """A result has no JSON form; the message says which part and what to do. `found`: without what to do."""

    def __init__(self, found: str, advice: str = "") -> None:
        super().__init__(f"{found} {advice}".rstrip())
        self.found = found


def to_json(value: Any, place: str = "result", depth: int = 0) -> Any:
    """Return the JSON form of a result.

    Dates and times become ISO 8601 text, time spans seconds, Decimal, UUID and paths text, enumerations their value,
    dataclasses and pydantic models objects, tuples and sets lists, numpy scalars numbers.

    :raises Unkeepable: some part has no JSON form, is not finite, or lies too deep (it may contain itself)
    """
    if depth > MAX_DEPTH:
        raise Unkeepable(f"The {place} is nested deeper than {MAX_DEPTH} levels; does it contain itself?")
    match value:
        case Enum():
            return to_json(value.value, place, depth + 1)
        case None | bool():
            return value
        case int():
            return _whole(value, place)
        case str():
            return _text(value, place)
        case float():
            _check_finite(value, math.isfinite(value), place)
            return float(value)
        case Mapping():
            return _fields(value, place, depth)
        case list() | tuple() | set() | frozenset():
            items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return [to_json(inner, f"{place}[{index}]", depth + 1) for index, inner in enumerate(items)]
    return _object(value, place, depth)


def storable(text: str) -> str:
    """Return a text without what the database cannot hold: NUL characters go, halves of characters become `?`."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _text(value: str, place: str) -> str:
    if value != storable(value):
        raise Unkeepable(f"The {place} holds a NUL or half a character, which cannot be stored; remove it.")
    return str(value)


def _whole(value: int, place: str) -> int:
    if value.bit_length() > MAX_BITS:
        raise Unkeepable(f"The {place} is a number of thousands of digits; return it as text instead.")
    return int(value)


def _check_finite(value: float | Decimal, is_finite: bool, place: str) -> None:
    if not is_finite:
        raise Unkeepable(f"The {place} is {value}, which JSON does not know; return None or text instead.")


def _object(value: Any, place: str, depth: int) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        _check_finite(value, value.is_finite(), place)
    if isinstance(value, Decimal | UUID | PurePath):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        return {name: to_json(part, f"{place}.{name}", depth + 1) for name, part in parts.items()}
    if callable(dumped := getattr(value, "model_dump", None)) and not isinstance(value, type):
        # By their aliases, which is how pydantic reads them again.
        return to_json(dumped(mode="json", by_alias=True), place, depth + 1)
    if callable(scalar := getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        return to_json(scalar(), place, depth + 1)
    raise Unkeepable(
        f"The {place} is of type {type(value).__module__}.{type(value).__qualname__}, which has no JSON form.",
        "Return numbers, text, lists, objects, dates, dataclasses or pydantic models; or store it and return where it"
        ' is; or have Python keep it for other tasks: @task(result_serializer="pickle").',
    )


def _fields(value: Mapping[Any, Any], place: str, depth: int) -> dict[str, Any]:
    found = {_key(key, place): to_json(inner, f"{place}[{key!r}]", depth + 1) for key, inner in value.items()}
    if len(found) < len(value):
        raise Unkeepable(f"The {place} has two keys that are the same as text, like 1 and '1'; rename one.")
    return found


def _key(key: Any, place: str) -> str:
    match key:
        case Enum():
            return _key(key.value, place)
        case str():
            return _text(key, place)
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[key]
        case int() | float() | datetime() | date() | UUID():
            return str(to_json(key, place))
    raise Unkeepable(f"The {place} has a key of type {type(key).__name__}; JSON objects have text for keys.")
