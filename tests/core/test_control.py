"""What a case and a merge decide from plain values."""

from typing import Any

import pytest

from orchestrator.core.bindings import Binding, ListOf, Literal, Parameter, Upstream
from orchestrator.core.control import Known, decide
from orchestrator.core.graph import Task, TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import State


def decided(kind: TaskKind, known: Known, **inputs: Binding) -> Ending:
    return decide(Task("t", "t", kind, inputs=inputs), known)


@pytest.mark.parametrize(
    ("condition", "value", "state"),
    [
        (1, 1, State.SUCCESS),
        (1, True, State.SUCCESS),
        (1, 1.0, State.SUCCESS),
        ([1, {"a": None}], [1, {"a": None}], State.SUCCESS),
        ("1", 1, State.SKIPPED),
        (None, False, State.SKIPPED),
        ("a", "b", State.SKIPPED),
    ],
)
def test_s091_a_case_compares_as_python_does(condition: Any, value: Any, state: State) -> None:
    known = Known({"a": condition}, set(), {"wanted": value})
    assert decided(TaskKind.CASE, known, condition=Upstream("a"), value=Parameter("wanted")).state is state


def test_a_skipped_case_says_what_was_found_and_what_was_wanted() -> None:
    known = Known({"a": {"n": "x" * 200}}, set(), {})
    ending = decided(TaskKind.CASE, known, condition=Upstream("a"), value=Literal(None))
    assert ending.message == f"The condition, {chr(123)}{chr(34)}n{chr(34)}: {chr(34)}{'x' * 72}…, is not null."

    ending = decided(TaskKind.CASE, known, condition=Upstream("a"), truthy=Literal(False))
    assert ending.message.endswith("does not count as false.")


def test_a_path_that_leads_nowhere_fails_the_case_and_says_where() -> None:
    known = Known({"a": {"n": 1}}, set(), {})
    ending = decided(TaskKind.CASE, known, condition=Upstream("a", "rows"), value=Literal(1))

    assert ending.state is State.FAILED
    assert ending.message == "The result of a has nothing at 'rows': an object with 'n' has no 'rows'."


def test_row_16_a_merge_takes_the_first_branch_in_the_written_order_that_has_a_result() -> None:
    branches = ListOf(tuple(Upstream(f"t{number}") for number in range(12)))
    known = Known({"t10": 10, "t2": 2, "t3": None}, {"t0", "t1"}, {})

    assert decided(TaskKind.MERGE, known, branches=branches) == Ending(State.SUCCESS, "", 2)
    assert decided(TaskKind.MERGE, Known({}, set(), {}), branches=branches).result is None
