"""What operators between tasks mean: `rows > 10` and `a + b` are tasks that calculate with the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.sdk.tasks import Task


class Operators:
    """The comparing and calculating operators of a task; `==` only says whether two tasks are the same."""

    def __add__(self, other: Any) -> Task:
        return _calculated("Add", self, other)

    def __radd__(self, other: Any) -> Task:
        return _calculated("Add", other, self)

    def __sub__(self, other: Any) -> Task:
        return _calculated("Sub", self, other)

    def __rsub__(self, other: Any) -> Task:
        return _calculated("Sub", other, self)

    def __mul__(self, other: Any) -> Task:
        return _calculated("Mul", self, other)

    def __rmul__(self, other: Any) -> Task:
        return _calculated("Mul", other, self)

    def __truediv__(self, other: Any) -> Task:
        return _calculated("Div", self, other)

    def __rtruediv__(self, other: Any) -> Task:
        return _calculated("Div", other, self)

    def __floordiv__(self, other: Any) -> Task:
        return _calculated("FloorDiv", self, other)

    def __rfloordiv__(self, other: Any) -> Task:
        return _calculated("FloorDiv", other, self)

    def __mod__(self, other: Any) -> Task:
        return _calculated("Mod", self, other)

    def __rmod__(self, other: Any) -> Task:
        return _calculated("Mod", other, self)

    def __pow__(self, other: Any) -> Task:
        return _calculated("Pow", self, other)

    def __rpow__(self, other: Any) -> Task:
        return _calculated("Pow", other, self)

    def __gt__(self, other: Any) -> Task:
        return _calculated("GreaterThan", self, other)

    def __ge__(self, other: Any) -> Task:
        return _calculated("GreaterThanOrEqual", self, other)

    def __lt__(self, other: Any) -> Task:
        return _calculated("LessThan", self, other)

    def __le__(self, other: Any) -> Task:
        return _calculated("LessThanOrEqual", self, other)


def _calculated(name: str, left: Any, right: Any) -> Task:
    # It is a task itself.
    from orchestrator.sdk.calculations import Calculation

    return Calculation(name).bind(left=left, right=right)
