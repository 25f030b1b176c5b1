"""How an argument of a task is handed on: item by item, to every item alike, or made flat."""

from __future__ import annotations

from typing import Any, NamedTuple


class Annotated(NamedTuple):
    """An argument with the way it is handed on; made by `mapped`, `unmapped` and `flatten`.

    `mapped` is None where the call decides: `T.map` maps it, `T` does not.
    """

    value: Any
    mapped: bool | None = None
    flattened: bool = False


def mapped(value: Any) -> Annotated:
    """Return an argument of which each item of the mapped task gets one: what `T.map` does with every argument."""
    return _annotated(value)._replace(mapped=True)


def unmapped(value: Any) -> Annotated:
    """Return an argument of `T.map` that every item gets as it is."""
    return _annotated(value)._replace(mapped=False)


def flatten(value: Any) -> Annotated:
    """Return a list of lists as an argument that is one list; what is None among them is left out."""
    return _annotated(value)._replace(flattened=True)


def plain(value: Any, is_mapped: bool) -> Annotated:
    """Return an argument as what it is handed on as.

    :param is_mapped: whether it is mapped where it does not say itself
    """
    found = _annotated(value)
    return found._replace(mapped=is_mapped) if found.mapped is None else found


def list_to_map(key: str, value: Any, task: object) -> Any:
    """Return a value that is written into the flow as one that can be mapped over.

    :raises TypeError: it is no list
    """
    if isinstance(value, range):
        return list(value)
    if isinstance(value, list | tuple | set | frozenset):
        return value
    raise TypeError(
        f"{task!r} cannot be mapped over {key}={value!r:.80}, a {type(value).__name__}: lists, tuples, sets and ranges"
        " can. Write unmapped(...) around what every item shall get."
    )


def _annotated(value: Any) -> Annotated:
    return value if isinstance(value, Annotated) else Annotated(value)
