"""Lists, tuples, sets and dicts that hold tasks, used as an argument: small tasks that collect the results."""

from collections.abc import Iterable
from typing import Any

from orchestrator.sdk.annotations import Annotated
from orchestrator.sdk.tasks import Task


class Constant(Task):
    """A value used where a task is expected."""

    auto_generated = True

    def __init__(self, value: Any) -> None:
        super().__init__(name=type(value).__name__)
        self.value = value

    def run(self) -> Any:
        return self.value


class Collection(Task):
    """Collects the results of its upstreams; made where an argument is a collection with tasks in it.

    :param keys: for a dict: the key of each part; for the others None
    """

    auto_generated = True

    def __init__(self, kind: type, parts: list[Any], keys: list[str] | None = None) -> None:
        super().__init__(name=kind.__name__.capitalize())
        self.kind = kind
        self.parts = parts
        self.keys = keys

    def run(self, **parts: Any) -> Any:
        values = [parts[f"arg_{index + 1}"] for index in range(len(self.parts))]
        return dict(zip(self.keys, values, strict=True)) if self.keys is not None else self.kind(values)


class Place(Collection):
    """A place in another task's result: what `t["rows"]` and `t[0]` are."""

    def __init__(self, of: Task, step: str | int) -> None:
        super().__init__(Place, [of])
        self.step = step

    def run(self, **parts: Any) -> Any:
        return parts["arg_1"][self.step]


def holds_task(value: Any) -> bool:
    """Return whether a value is a task, or a list, tuple, set or dict with one in it at any depth."""
    if isinstance(value, Task):
        return True
    return any(map(_is_part_a_task, _parts(value)))


def _is_part_a_task(part: Any) -> bool:
    if isinstance(part, Annotated):
        raise TypeError("mapped(), unmapped() and flatten() stand around a whole argument, not inside a collection.")
    return holds_task(part)


def as_task(value: Any) -> Task:
    """Return a value as a task: a task as it is, a collection that holds tasks as a Collection, else a Constant.

    :raises TypeError: a dict that holds tasks has keys that are not text
    """
    if isinstance(value, Task):
        return value
    if not holds_task(value):
        return Constant(value)
    if isinstance(value, dict):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"A dict with tasks in it needs text for its keys, but has {wrong[0]!r}.")
        return Collection(dict, list(value.values()), list(value))
    if isinstance(value, set | frozenset):
        # A set has no order of its own; without one the same flow would have another fingerprint in every process.
        return Collection(set, sorted(value, key=_place_in_set))
    return Collection(tuple if isinstance(value, tuple) else list, list(value))


def _place_in_set(value: Any) -> tuple[str, str]:
    return (value.slug or "", value.name) if isinstance(value, Task) else ("", repr(value))


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple | set | frozenset) else ()
