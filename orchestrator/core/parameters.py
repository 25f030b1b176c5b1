"""Parameters of a flow: the schema they have, and what is wrong with the ones given."""

import difflib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator

from orchestrator.core.problems import Problem

Schema = Mapping[str, Any]
MAX_DEPTH = 30

_formats = FormatChecker()


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def empty_schema() -> dict[str, Any]:
    """Return the schema of a flow without parameters."""
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def check_schema(schema: Any) -> list[Problem]:
    """Return what is wrong with a parameter schema itself; empty if it can be used."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return [Problem("invalid_schema", 'A parameter schema is a JSON Schema with "type": "object".')]
    if _is_deep(schema):
        return [Problem("invalid_schema", f"A parameter schema may not be nested deeper than {MAX_DEPTH} levels.")]
    if _has_reference(schema):
        return [Problem("invalid_schema", "A parameter schema may not refer to other documents ($ref).")]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return [Problem("invalid_schema", f"The parameter schema is not JSON Schema: {error.message[:200]}")]
    return [
        Problem("invalid_schema", f"The schema of parameter {name!r} must be an object.", field=name)
        for name, rule in schema.get("properties", {}).items()
        if not isinstance(rule, dict)
    ]


def check_defaults(schema: Schema) -> list[Problem]:
    """Return a problem for each parameter whose default is not a value it takes."""
    return [
        Problem(found.code, f"As its default: {found.message}", field=found.field)
        for found in check_parameters(schema, with_defaults(schema, {}))
        if found.code == "invalid_parameter"
    ]


def with_defaults(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters a run gets: the schema's defaults with the given ones over them. None counts as given."""
    properties = schema.get("properties", {})
    defaults = {name: rule["default"] for name, rule in properties.items() if "default" in rule}
    return {**defaults, **given}


def check_parameters(schema: Schema, given: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each missing, unknown or wrongly typed parameter; empty if a run may start with them.

    A required parameter needs to be given even where it has a default, as in Prefect 1.
    """
    properties = schema.get("properties", {})
    problems = [
        Problem("missing_parameter", f"Parameter {name!r} is required; give a value for it.", field=name)
        for name in schema.get("required", [])
        if name not in given
    ]
    if schema.get("additionalProperties", False) is False:
        problems += [_unknown(name, list(properties)) for name in given if name not in properties]
    known = {name: value for name, value in given.items() if name in properties}
    problems += [_wrong(error) for error in _validator(_frozen(properties)).iter_errors(known)]
    return problems


def _unknown(name: str, known: list[str]) -> Problem:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"the flow has {', '.join(map(repr, known)) or 'none'}."
    return Problem("unknown_parameter", f"There is no parameter {name!r}; {hint}", field=name)


def _wrong(error: ValidationError) -> Problem:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    shown = json.dumps(error.instance, default=str)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    if error.validator == "type":
        message = f"Parameter {place!r} must be of type {_types(error.validator_value)}, but is {shown}."
    elif error.validator == "enum":
        choices = ", ".join(json.dumps(choice, default=str) for choice in error.validator_value)
        message = f"Parameter {place!r} must be one of {choices}, but is {shown}."
    else:
        message = f"Parameter {place!r} is refused: {error.message[:200]}."
    return Problem("invalid_parameter", message, field=place)


def _types(types: str | list[str]) -> str:
    return types if isinstance(types, str) else " or ".join(types)


def _has_reference(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key in {"$ref", "$dynamicRef"} or _has_reference(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_has_reference, value))


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _frozen(properties: Mapping[str, Any]) -> str:
    return json.dumps(properties, sort_keys=True)


@lru_cache(maxsize=512)
def _validator(properties: str) -> Validator:
    return Draft202012Validator({"type": "object", "properties": json.loads(properties)}, format_checker=_formats)
