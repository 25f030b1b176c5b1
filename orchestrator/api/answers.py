"""What the OpenAPI document says about the answers of a view."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema

from orchestrator.api.serializers.problems import RefusalSerializer

_Method = TypeVar("_Method", bound=Callable[..., Any])


def answers(operation: str, *refusals: int, request: Any = None, **schema: Any) -> Callable[[_Method], _Method]:
    """Describe one method of a view: `200=Shape`-like answers as `ok=`, `created=` or `gone=`, and its refusals.

    401, 403 and 404 can come from everywhere and are added to all.
    """
    shapes: dict[int, Any] = dict.fromkeys((401, 403, 404, *refusals), RefusalSerializer)
    for word, code in (("ok", 200), ("created", 201)):
        if word in schema:
            shapes[code] = schema.pop(word)
    if schema.pop("gone", False):
        shapes[204] = None
    return extend_schema(operation_id=operation, request=request, responses=shapes, **schema)
