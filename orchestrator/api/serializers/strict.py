"""Reading what people send: nothing is silently left out."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from orchestrator.core.graph import FlowName


class StrictSerializer(serializers.Serializer[Any]):
    """Refuse fields that it does not know, instead of acting as if they had not been sent."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = [name for name, field in self.fields.items() if not field.read_only]
            refuse_unknown(data, writable)
        return super().to_internal_value(data)


def refuse_unknown(names: Iterable[Any], known: list[str], what: str = "field") -> None:
    """Accept names that are all known.

    :raises ValidationError: with a sentence for each that is not
    """
    if unknown := {name: [_unknown(str(name), known, what)] for name in names if name not in known}:
        raise serializers.ValidationError(unknown, code=f"unknown_{what}")


def _unknown(name: str, known: list[str], what: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known) or 'none'}."
    return f"There is no {what} {name!r:.80}; {hint}"


class JsonObject(serializers.DictField):
    """A JSON object with any values."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return data


class FlowNameField(serializers.CharField):
    """`project/name`, read as a FlowName."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=301, help_text="project/name", **options)

    def run_validation(self, data: Any = empty) -> Any:
        text = super().run_validation(data)
        try:
            return FlowName.parse(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
