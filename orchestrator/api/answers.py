"""What the OpenAPI document says about the methods of a view."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema

from orchestrator.api.serializers.problems import RefusalSerializer

_Method = TypeVar("_Method", bound=Callable[..., Any])
_ALWAYS_POSSIBLE = (401, 403, 404)


def answers(
    operation: str, *refusals: int, request: Any = None, ok: Any = None, created: Any = None
) -> Callable[[_Method], _Method]:
    """Describe a method: the shapes of its request and of its answers 200 and 201, and how it may refuse.

    With neither `ok` nor `created` it answers 204. The docstring becomes the sentence beside the address.
    """
    shapes: dict[int, Any] = dict.fromkeys((*_ALWAYS_POSSIBLE, *refusals), RefusalSerializer)
    shapes |= {status: shape for status, shape in ((200, ok), (201, created)) if shape is not None}
    if ok is None and created is None:
        shapes[204] = None

    def described(method: _Method) -> _Method:
        sentence = (method.__doc__ or "").strip()
        schema = extend_schema(
            operation_id=operation, request=request, responses=shapes, summary=sentence, description=""
        )
        return schema(method)

    return described
