"""The tasks that operators between tasks make."""

import operator
from collections.abc import Callable
from typing import Any

from orchestrator.sdk.tasks import Task

_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
}


class Calculation(Task):
    """Calculates with two results, or with a result and a value; its name says how."""

    def run(self, left: Any, right: Any) -> Any:
        return _CALCULATE[self.name](left, right)
