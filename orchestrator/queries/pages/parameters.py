"""Forms for parameters: a field for each property of a parameter schema."""

import json
from typing import Any

from orchestrator.core.parameters import empty_schema
from orchestrator.models import Flow

_SIMPLE = ("string", "integer", "number", "boolean")


def parameter_fields(schema: dict[str, Any], given: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return what a form shows for each parameter, and which kind of input takes it, in the schema's order.

    `value` and `default` are JSON text (a string as it is), empty where there is none.
    """
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "title": rule.get("title") or name,
            "description": rule.get("description", ""),
            "kind": _kind(rule),
            "type": _type(rule),
            "choices": [_text(choice) for choice in rule.get("enum", [])],
            "required": name in required,
            "has_default": "default" in rule,
            "default": _text(rule["default"]) if "default" in rule else "",
            "value": _text(given[name]) if given and name in given else "",
        }
        for name, rule in schema.get("properties", {}).items()
    ]


def schema_of(flow: Flow) -> dict[str, Any]:
    """Return the parameter schema of a flow's latest version; that of no parameters where there is no version."""
    return flow.latest_version.parameter_schema if flow.latest_version else empty_schema()


def _kind(rule: dict[str, Any]) -> str:
    asked = rule.get("type")
    if "enum" in rule:
        # A choice of strings is sent as it is shown, any other choice is JSON.
        return "choice" if all(isinstance(choice, str) for choice in rule["enum"]) else "json-choice"
    return asked if asked in _SIMPLE else "json"


def _type(rule: dict[str, Any]) -> str:
    asked = rule.get("type", "any JSON")
    return " or ".join(asked) if isinstance(asked, list) else str(asked)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
