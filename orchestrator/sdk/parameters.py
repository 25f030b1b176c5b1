"""Parameters of a flow, as people write them."""

import types
from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from orchestrator.sdk.tasks import Task

_MISSING: Any = object()
_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    list: {"type": "array"},
    dict: {"type": "object"},
    type(None): {"type": "null"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}


class Parameter(Task):
    """A value that a flow run is given.

    :param default: its value unless one is given; None counts as a default
    :param required: whether one must be given; True exactly if there is no default, unless said
    :param type: what values it takes: str, int, float, bool, list, dict, date, datetime, Literal, an Enum, `X | None`
    :param schema: JSON Schema of its values, instead of `type`
    :raises ValueError: no name
    :raises TypeError: a type that has no JSON Schema here
    """

    def __init__(
        self,
        name: str,
        default: Any = _MISSING,
        required: bool | None = None,
        tags: Iterable[str] | None = None,
        *,
        type: Any = None,
        schema: dict[str, Any] | None = None,
        description: str = "",
    ) -> None:
        if not name or not isinstance(name, str):
            raise ValueError("A parameter needs a name.")
        super().__init__(name, slug=name, tags=tags)
        self.has_default = default is not _MISSING
        self.default = default if self.has_default else None
        self.required = not self.has_default if required is None else required
        self.schema: dict[str, Any] = dict(schema) if schema is not None else _schema_of(type)
        if schema is None and self.has_default and default is None:
            self.schema = _or_null(self.schema)
        if description:
            self.schema["description"] = description
        if self.has_default:
            self.schema["default"] = self.default

    def __repr__(self) -> str:
        return f"<Parameter: {self.name}>"

    def run(self) -> Any:
        """Return the default: what the parameter is outside a flow run."""
        return self.default

    def copy(self, **changes: Any) -> Task:
        """Return the parameter itself: a flow has one of a name."""
        return self


def _schema_of(annotation: Any) -> dict[str, Any]:
    if annotation is None or annotation is Any:
        return {}
    if annotation in _TYPES:
        return dict(_TYPES[annotation])
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"enum": list(inner)}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {"enum": [member.value for member in annotation]}
    if origin in (list, set, tuple) and inner:
        return {"type": "array", "items": _schema_of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of(inner[1])}
    if origin in (Union, types.UnionType):
        choices = [_schema_of(choice) for choice in inner if choice is not types.NoneType]
        either = choices[0] if len(choices) == 1 else {"anyOf": choices}
        return _or_null(either) if types.NoneType in inner else either
    raise TypeError(f"Parameter types like {annotation!r} have no JSON Schema here; give schema={{...}} instead.")


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the same values and null, as plain as a form can show it."""
    match schema:
        case {"enum": choices} if None not in choices:
            return {**schema, "enum": [*choices, None]}
        case {"type": str(kind)}:
            return {**schema, "type": [kind, "null"]}
        case {"anyOf": choices} if {"type": "null"} not in choices:
            return {**schema, "anyOf": [*choices, {"type": "null"}]}
    return schema
