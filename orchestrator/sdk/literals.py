"""Values that are written into a flow, as its definition has them: JSON."""

from typing import Any

from orchestrator.core.bindings import Literal
from orchestrator.core.results import Unkeepable, to_json


class NotConstant(TypeError):
    """A value written into a flow cannot be part of its definition."""


def plain(value: Any, what: str) -> Any:
    """Return the JSON form of a value.

    :param what: what it is, for the message
    :raises NotConstant: it has none
    """
    try:
        return to_json(value, what)
    except Unkeepable as error:
        raise NotConstant(
            f"{error.found} What is written into a flow is part of its definition, which is JSON: numbers, text, lists,"
            " objects, dates, dataclasses, pydantic models. Make anything else in a task."
        ) from None


def literal(value: Any, what: str) -> Literal:
    """Return the binding that gives a value. Errors are those of `plain`."""
    return Literal(plain(value, what))
