"""JSON bodies, refused before anything behind can stumble over what Python accepts and PostgreSQL does not."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

DEEPEST = 100


class StrictJSONParser(BaseParser):
    """Parse a JSON body that is not too large, not too deep, and that any JSON store can hold."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        try:
            parsed = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(f"The JSON is nested deeper than {DEEPEST} levels.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from None
        _check(parsed)
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _check(parsed: Any) -> None:
    """Refuse what is JSON for Python but cannot be stored, at any depth."""
    level = [parsed]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise ParseError(f"The JSON is nested deeper than {DEEPEST} levels.")


def _inside(value: Any) -> list[Any]:
    """Return the values within `value`, having checked it itself."""
    match value:
        case str() if "\0" in value or not _is_unicode(value):
            raise ParseError("A text of the JSON holds a NUL character or half a surrogate pair.")
        case float() if not math.isfinite(value):
            raise ParseError("A number of the JSON is too large.")
        case dict():
            return [*value, *value.values()]
        case list():
            return value
    return []


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
