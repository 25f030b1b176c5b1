"""Results that are kept outside their rows, as they pass through the engine: by their id, alone or inside others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

# A result whose JSON takes more than this is kept outside its row.
INLINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """Stands for a result that is kept elsewhere, wherever that result would stand."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a result that is no JSON, where nobody may make a Python object of it again."""

    type_name: str
    serializer: str


def type_name(value: object) -> str:
    """Return the name of a value's type, for an `Unread` that stands for it."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


@dataclass(frozen=True, slots=True)
class Part:
    """A stored result within a value, and the way to it: keys and indexes, none where the value is the result."""

    way: tuple[str | int, ...]
    id: UUID


def holds_stored(value: Any) -> bool:
    """Return whether a value is a stored result, or has one in it."""
    return isinstance(value, Stored) or any(map(holds_stored, _inside(value)))


def unread_in(value: Any) -> Iterator[Unread]:
    """Yield what in a value, or in its place, is no JSON."""
    if isinstance(value, Unread):
        yield value
    for inner in _inside(value):
        yield from unread_in(inner)


def take_apart(value: Any) -> tuple[Any, list[Part]]:
    """Return the value with None for each stored result in it, and those results."""
    parts: list[Part] = []
    return _emptied(value, (), parts), parts


def put_together(value: Any, parts: list[Part], by_id: Mapping[UUID, Any]) -> Any:
    """Return a value that `take_apart` emptied, filled in place with what `by_id` has for each stored result."""
    for part in parts:
        if not part.way:
            return by_id[part.id]
        around = value
        for step in part.way[:-1]:
            around = around[step]
        around[part.way[-1]] = by_id[part.id]
    return value


def _inside(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()


def _emptied(value: Any, way: tuple[str | int, ...], parts: list[Part]) -> Any:
    match value:
        case Stored(id=identity):
            parts.append(Part(way, identity))
            return None
        case dict():
            return {key: _emptied(inner, (*way, key), parts) for key, inner in value.items()}
        case list():
            return [_emptied(inner, (*way, index), parts) for index, inner in enumerate(value)]
    return value
