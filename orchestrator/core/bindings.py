"""Where a task's input comes from: data, never code.

A binding is one of: a literal, an upstream's result (or a place in it), a parameter of the flow, a list or an
object of bindings, one item of a list (which makes the task a mapped one), or a list of lists made flat. Its JSON form
is a tagged union by `kind`; see docs/graph.md.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.?([^.\[\]]+)|\[([0-9]{1,9})\]")
MAX_DEPTH = 40


class InvalidBinding(ValueError):
    """A binding is not written as one; the message says what was found."""


class Unresolvable(ValueError):
    """A binding names a place that the upstream's result does not have, or a list where there is none."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Upstream:
    task: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple["Binding", ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    fields: dict[str, "Binding"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list: each item of the mapped task gets its own."""

    of: "Binding"


@dataclass(frozen=True, slots=True)
class Flat:
    """The lists in a list as one list; what is null among them is left out."""

    of: "Binding"


Binding = Literal | Upstream | Parameter | ListOf | ObjectOf | Item | Flat


def parse(document: Any, depth: int = 0, *, in_item: bool = False) -> Binding:
    """Return the binding that a JSON value stands for.

    :raises InvalidBinding: the value has another shape, an unknown kind, or lies too deep; an item inside an item
    """
    if depth > MAX_DEPTH:
        raise InvalidBinding(f"is nested deeper than {MAX_DEPTH} levels")
    match document:
        case {"kind": "literal", "value": value, **more} if not more:
            return Literal(value)
        case {"kind": "upstream", "task": str(task), **more} if more.keys() <= {"path"}:
            path = more.get("path", "")
            if not isinstance(path, str):
                raise InvalidBinding(f"has a path of type {type(path).__name__}; give text like rows[0].id")
            split_path(path)
            return Upstream(task, path)
        case {"kind": "parameter", "name": str(name), **more} if not more:
            return Parameter(name)
        case {"kind": "list", "items": list(items), **more} if not more:
            return ListOf(tuple(parse(item, depth + 1, in_item=in_item) for item in items))
        case {"kind": "object", "fields": dict(fields), **more} if not more:
            return ObjectOf({str(name): parse(value, depth + 1, in_item=in_item) for name, value in fields.items()})
        case {"kind": "item", "of": of, **more} if not more and not in_item:
            return Item(parse(of, depth + 1, in_item=True))
        case {"kind": "flat", "of": of, **more} if not more:
            return Flat(parse(of, depth + 1, in_item=True))
    found = document.get("kind", "no kind") if isinstance(document, dict) else type(document).__name__
    raise InvalidBinding(
        f"is not a binding ({found!r}); write literal with value, upstream with task and perhaps path,"
        " parameter with name, list with items, object with fields, flat with of, or item with of (not inside another"
        " item or a flat), and nothing more"
    )


def dump(binding: Binding) -> dict[str, Any]:
    """Return the JSON form of a binding."""
    match binding:
        case Literal(value):
            return {"kind": "literal", "value": value}
        case Upstream(task, path):
            return {"kind": "upstream", "task": task, **({"path": path} if path else {})}
        case Parameter(name):
            return {"kind": "parameter", "name": name}
        case ListOf(items):
            return {"kind": "list", "items": [dump(item) for item in items]}
        case ObjectOf(fields):
            return {"kind": "object", "fields": {name: dump(value) for name, value in fields.items()}}
        case Item(of):
            return {"kind": "item", "of": dump(of)}
        case Flat(of):
            return {"kind": "flat", "of": dump(of)}


def walk(binding: Binding, place: str = "") -> Iterator[tuple[str, Binding]]:
    """Yield (place, binding) for it and all bindings inside, `place` being like `parameters.rows[0]`."""
    yield place, binding
    match binding:
        case ListOf(items):
            for index, item in enumerate(items):
                yield from walk(item, f"{place}[{index}]")
        case ObjectOf(fields):
            for name, value in fields.items():
                yield from walk(value, f"{place}.{name}" if place else name)
        case Item(of) | Flat(of):
            yield from walk(of, place)


def upstreams_of(binding: Binding) -> set[str]:
    """Return the slugs of the tasks whose results a binding reads."""
    return {found.task for _, found in walk(binding) if isinstance(found, Upstream)}


def items_in(binding: Binding) -> list[Item]:
    """Return the lists that a binding takes one item of."""
    return [found for _, found in walk(binding) if isinstance(found, Item)]


def read_whole(binding: Binding) -> set[str]:
    """Return the slugs of the tasks whose results a binding needs whole, not one item of."""
    match binding:
        case Upstream(task):
            return {task}
        case Item(Upstream(_, "")):
            return set()
        case ListOf(items):
            return set().union(*map(read_whole, items))
        case ObjectOf(fields):
            return set().union(*map(read_whole, fields.values()))
        case Item(of) | Flat(of):
            return read_whole(of)
    return set()


def resolve(
    binding: Binding,
    *,
    results: Mapping[str, Any],
    parameters: Mapping[str, Any],
    index: int = -1,
    items: Mapping[str, Any] | None = None,
) -> Any:
    """Return the value a binding stands for. An upstream without a result (it did not succeed) gives None.

    :param index: which item of a mapped task it is resolved for
    :param items: slug -> that item of a task's result, where it was read alone
    :raises Unresolvable: a path leads nowhere in the result that is there, or to no list where one is needed
    """

    def within(inner: Binding) -> Any:
        return resolve(inner, results=results, parameters=parameters, index=index, items=items)

    match binding:
        case Literal(value):
            return fresh(value)
        case Upstream(task, path):
            return _follow(results.get(task), task, path)
        case Parameter(name):
            return parameters.get(name)
        case ListOf(inside):
            return [within(item) for item in inside]
        case ObjectOf(fields):
            return {name: within(value) for name, value in fields.items()}
        case Item(Upstream(task, "")) if items is not None and task in items:
            return items[task]
        case Item(Literal(list() as values)):
            return fresh(values[index])
        case Item(of):
            values = _list(within(of), of)
            if index >= len(values):
                raise Unresolvable(f"There is no item {index}: the list that is mapped over has {len(values)} now.")
            return values[index]
        case Flat(of):
            lists = [inner for inner in _list(within(of), of) if inner is not None]
            return [value for inner in lists for value in _list(inner, of, "holds ")]


def fresh(value: Any) -> Any:
    """Return a JSON value as one that may be changed: what a flow's definition holds serves every run of it."""
    match value:
        case dict():
            return {key: fresh(inner) for key, inner in value.items()}
        case list():
            return [fresh(inner) for inner in value]
    return value


def length(item: Item, *, results: Mapping[str, Any], parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> int:
    """Return how many items the list has that an item is taken of.

    :param lengths: slug -> number of items, of mapped tasks
    :raises Unresolvable: there is no list to be mapped over
    """
    match item.of:
        case Upstream(task, "") if task in lengths:
            return lengths[task]
    return len(_list(resolve(item.of, results=results, parameters=parameters), item.of))


def _list(value: Any, binding: Binding, verb: str = "is ") -> list[Any]:
    if isinstance(value, list):
        return value
    match binding:
        case Upstream(task, path):
            what = f"the result of {task}{f' at {path!r}' if path else ''}"
        case Parameter(name):
            what = f"the parameter {name!r}"
        case _:
            what = "the value"
    raise Unresolvable(f"Nothing can be mapped over: {what} {verb}{describe(value)}; only a list has items.")


def split_path(path: str) -> list[str | int]:
    """Return the steps of a path: `rows[0].id` -> ["rows", 0, "id"].

    :raises InvalidBinding: the path is not written so
    """
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise InvalidBinding(
                f"has the path {path!r:.80}, wrong from {path[position:]!r:.80}; write it like rows[0].id"
            )
        steps.append(step[1] if step[1] is not None else int(step[2]))
        position = step.end()
    return steps


def step_into(path: str, step: str | int) -> str:
    """Return the path one step further: ("rows", 0) -> `rows[0]`.

    :raises InvalidBinding: no path can say that step
    """
    further = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}".lstrip(".")
    try:
        is_said = not isinstance(step, bool) and split_path(further) == [*split_path(path), step]
    except InvalidBinding:
        is_said = False
    if not is_said:
        raise InvalidBinding(f"cannot say {step!r} in a path: an index counts from 0, a key is text without . [ ]")
    return further


def _follow(value: Any, task: str, path: str) -> Any:
    if value is None:
        return None
    for step in split_path(path):
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                raise Unresolvable(f"The result of {task} has nothing at {path!r}: {describe(value)} has no {step!r}.")
    return value


def describe(value: Any) -> str:
    """Return what a JSON value is, in a few words."""
    match value:
        case dict():
            return f"an object with {', '.join(repr(key)[:40] for key in list(value)[:8]) or 'no fields'}"
        case list():
            return f"a list of {len(value)}"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "text"
        case int() | float():
            return "a number"
    return f"a {type(value).__name__}"
