"""What a task's function receives: JSON values become the types that its annotations name."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache, partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.sdk.tasks import Task

# What JSON brings as it is: an argument of these alone is handed over untouched and unchecked, as Prefect 1 does.
_PLAIN = frozenset({Any, object, str, int, float, bool, None, types.NoneType, list, dict, Iterable, Sequence, Mapping})
_PLAIN_AROUND = frozenset({list, dict, typing.Union, types.UnionType, Iterable, Collection, Sequence, Mapping})
# Keys of JSON are text.
_NUMBERS = ((int,), (float,), (bool,))
# From here on, PostgreSQL gives a float back without the point that tells it from a whole number.
_FIRST_WITHOUT_POINT = 1e16

Convert = Callable[[Any], Any]


class WrongArgument(ValueError):
    """A value is not what an argument's annotation says; the message names the argument, the value and the type."""


def received(task: Task, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments as the task's annotations want them: dates, Decimals, UUIDs, dataclasses, pydantic models.

    What is not annotated, or as something that JSON has anyway, stays untouched.

    :raises WrongArgument: a value does not fit its annotation
    """
    converters = _converters(_function(task))
    if not converters:
        return inputs
    return {name: _converted(name, value, converters.get(name)) for name, value in inputs.items()}


def _function(task: Task) -> Callable[..., Any]:
    return getattr(task.run, "__func__", task.run)


def _converted(name: str, value: Any, converter: tuple[Convert, str] | None) -> Any:
    if converter is None:
        return value
    convert, wanted = converter
    try:
        return convert(value)
    except ValueError as error:
        raise WrongArgument(f"The argument {name!r} must be {wanted}, but is {value!r:.200}. {_why(error)}") from None


def _why(error: ValueError) -> str:
    """Return the first thing that pydantic found, and its place in the value."""
    details: list[dict[str, Any]] = error.errors() if hasattr(error, "errors") else []
    if not details:
        return str(error)
    place = ".".join(map(str, details[0]["loc"]))
    return f"{f'At {place}: ' if place else ''}{details[0]['msg']}."


@lru_cache(maxsize=1_024)
def _converters(function: Callable[..., Any]) -> dict[str, tuple[Convert, str]]:
    """Return argument -> what converts it and what it is called, for those arguments that need it."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001 - annotations are people's code, and may name what exists only for a type checker
        return {}
    hints.pop("return", None)
    fits_none = {name for name, each in inspect.signature(function).parameters.items() if each.default is None}
    found = {
        name: _converter(hint | None if name in fits_none else hint)
        for name, hint in hints.items()
        if not _is_plain(hint)
    }
    floats = {name: (_as_float, "float") for name, hint in hints.items() if hint in (float, float | None)}
    return {name: converter for name, converter in found.items() if converter is not None} | floats


def _as_float(value: Any) -> Any:
    """Return a float that has come back as a whole number as what it was; anything else stays untouched."""
    is_one = type(value) is int and _FIRST_WITHOUT_POINT <= abs(value) <= sys.float_info.max
    return float(value) if is_one else value


def _is_plain(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is typing.Literal or isinstance(hint, typing.TypeVar):
        return True
    if origin in _PLAIN_AROUND:
        inner = typing.get_args(hint)
        has_numbers_as_keys = origin in (dict, Mapping) and inner[:1] in _NUMBERS
        return all(map(_is_plain, inner)) and not has_numbers_as_keys
    try:
        return hint in _PLAIN
    except TypeError:
        return False


def _converter(hint: Any) -> tuple[Convert, str] | None:
    """Return None for a type that has no JSON form, like a data frame: its values come as what they are."""
    # Pydantic takes longer to load than a small flow to run, and most functions do not need it.
    from pydantic import PydanticUserError, TypeAdapter

    try:
        # Of an Iterable pydantic makes a generator, which a function could read only once.
        made: Any = types.GenericAlias(list, typing.get_args(hint)) if typing.get_origin(hint) is Iterable else hint
        return TypeAdapter(_known_to_pydantic(made)).validate_python, _name(hint)
    except PydanticUserError:
        return None


def _known_to_pydantic(hint: Any) -> Any:
    """Return a hint with the types of pendulum in it as what pydantic can make them of."""
    inner = typing.get_args(hint)
    if not inner and isinstance(hint, type):
        return _of_pendulum().get(hint, hint)
    origin = typing.get_origin(hint)
    known = tuple(map(_known_to_pydantic, inner))
    if known == inner or origin is typing.Annotated:
        return hint
    return reduce(or_, known) if origin in (typing.Union, types.UnionType) else types.GenericAlias(origin, known)


@cache
def _of_pendulum() -> dict[type, Any]:
    import pendulum
    from pydantic import AfterValidator

    def made(plain: type, make: Convert) -> Any:
        return typing.Annotated[plain, AfterValidator(make)]

    instance = partial(pendulum.instance, tz=None)
    return {
        pendulum.DateTime: made(datetime, instance),
        pendulum.Date: made(date, instance),
        pendulum.Time: made(time, instance),
        pendulum.Duration: made(timedelta, lambda span: pendulum.duration(seconds=span.total_seconds())),
    }


def _name(hint: Any) -> str:
    if not isinstance(hint, type) or typing.get_args(hint):
        return str(hint)
    return f"{hint.__module__}.{hint.__qualname__}"
