"""Operators between tasks, and between tasks and values."""

import operator
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.sdk import Flow, case, task


@task
def seven() -> int:
    return 7


@task
def two() -> int:
    return 2


@task
def counts() -> dict[str, int]:
    return {"rows": 7}


CALCULATING = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.gt,
    operator.ge,
    operator.lt,
    operator.le,
]


@pytest.mark.parametrize("calculate", CALCULATING)
def test_an_operator_makes_a_task_that_calculates(calculate: Callable[[Any, Any], Any]) -> None:
    with Flow("f") as flow:
        made = [calculate(seven(), two()), calculate(seven(), 2), calculate(7, two())]
    ended = flow.run()

    assert [ended[each].result for each in made] == [calculate(7, 2)] * 3


def test_a_comparison_decides_a_case() -> None:
    with Flow("f") as flow:
        with case(seven() > 5, True):
            taken = two()
        with case(counts()["rows"] < 5, True):
            left = two()
    ended = flow.run()

    assert (ended[taken].result, ended[left].is_skipped()) == (2, True)
    assert {"GreaterThan-1", "LessThan-1"} <= flow.graph().tasks.keys()


def test_an_operator_outside_a_flow_says_so() -> None:
    with pytest.raises(ValueError, match="No flow was passed or is open"):
        _ = seven + two


def test_tasks_are_equal_to_themselves_alone() -> None:
    assert seven != two
    assert len({seven, two, seven}) == 2
