"""Results in flow.run(): JSON as it is, and what a serializer keeps as bytes, of which every reader gets its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.core.large import Unread, type_name
from orchestrator.core.results import to_json
from orchestrator.sdk.serializers import find_serializer


@dataclass(frozen=True, slots=True)
class Kept:
    """Stands for a Python object that a serializer keeps, wherever that object would stand."""

    content: bytes
    serializer: str
    type_name: str

    def loaded(self) -> Any:
        return find_serializer(self.serializer).loads(self.content)


def keep(value: Any, serializer: str) -> Any:
    """Return a function's result as the engine would keep it.

    :param serializer: its name, where the task asks for one
    :raises Unkeepable: it has no JSON form
    """
    if value is None or isinstance(value, Kept):
        return value
    if not serializer:
        return to_json(value)
    return Kept(find_serializer(serializer).dumps(value), serializer, type_name(value))


def opened(value: Any) -> Any:
    """Return a result, or what is made of some, as a function is given it, to change it as it likes."""
    return _copied(value, Kept.loaded)


def unread(value: Any) -> Any:
    """Return a result as a child flow run may be given it: with a stand-in for what is no JSON."""
    return _copied(value, lambda kept: Unread(kept.type_name, kept.serializer))


def holds_kept(value: Any) -> bool:
    """Return whether a result is kept by a serializer, or has such a one in it."""
    match value:
        case dict():
            return any(map(holds_kept, value.values()))
        case list():
            return any(map(holds_kept, value))
    return isinstance(value, Kept)


def _copied(value: Any, of_kept: Callable[[Kept], Any]) -> Any:
    match value:
        case Kept():
            return of_kept(value)
        case dict():
            return {key: _copied(inner, of_kept) for key, inner in value.items()}
        case list():
            return [_copied(inner, of_kept) for inner in value]
    return value
