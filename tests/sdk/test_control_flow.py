"""case, switch, ifelse and merge as people write them, and as flow.run() decides them."""

from typing import Any

import pytest

from orchestrator.core.graph import Edge, TaskKind
from orchestrator.core.triggers import Trigger
from orchestrator.sdk import Flow, Parameter, Task, case, ifelse, merge, switch, task


@task
def give(value: Any = None) -> Any:
    return value


@task
def fail() -> None:
    raise ValueError("broken")


def named(name: str, value: Any = None) -> Task:
    """Return a task of the open flow that hands on its own name, or a value."""
    return give.copy(name=name).bind(name if value is None else value)


@pytest.mark.parametrize(
    ("value", "expected", "skipped"), [("a", "A", {"B"}), ("b", "B", {"A"}), ("c", None, {"A", "B"})]
)
def test_s091_s092_the_block_whose_value_the_condition_has_runs_and_merge_takes_its_result(
    value: str, expected: str | None, skipped: set[str]
) -> None:
    with Flow("f") as flow:
        condition = give(Parameter("value"))
        with case(condition, "a"):
            first = named("A")
        with case(condition, "b"):
            second = named("B")
        merge(first, second)

    state = flow.run(value=value)

    assert state.is_successful()
    assert state["Merge-1"].result == expected
    assert state["Merge-1"].is_skipped() is (expected is None)
    assert {name for name in "AB" if state[f"{name}-1"].is_skipped()} == skipped


def test_s091_values_are_compared_as_python_does() -> None:
    with Flow("f") as flow:
        with case(give(1), True):
            first = named("same")
        with case(give("1"), 1):
            second = named("other")
    state = flow.run()

    assert state[first].result == "same"
    assert state[second].is_skipped()
    assert state["case(1)-1"].message == 'The condition, "1", is not 1.'


def test_s094_the_value_of_a_case_is_no_task() -> None:
    parameter = Parameter("p")
    with Flow("f"):
        with pytest.raises(TypeError, match="compares with a plain value, not with a task"):
            case(give(1), give(2))
        with pytest.raises(TypeError, match="not with a task"):
            case(give(1), parameter)


@pytest.mark.parametrize("value", [1, "x", True, [0], {"a": 1}, -0.5, 0, "", None, False, [], {}])
def test_s095_ifelse_goes_by_what_counts_as_true_in_python(value: Any) -> None:
    with Flow("f") as flow:
        yes, no = named("yes"), named("no")
        ifelse(give(Parameter("value")), yes, no)
        merge(yes, no)
    state = flow.run(value=value)

    assert state["Merge-1"].result == ("yes" if value else "no")
    assert state[yes].is_skipped() is not bool(value)
    assert state[no].is_skipped() is bool(value)


def test_one_side_of_an_ifelse_may_be_nothing_and_what_is_not_called_yet_is_added() -> None:
    with Flow("f") as flow:
        ifelse(give(0), give.copy(name="yes"), None)
    assert flow.run()["yes-1"].is_skipped()
    assert len(flow.tasks) == 3


def test_switch_runs_the_task_of_the_value() -> None:
    with Flow("f") as flow:
        branches = {value: named(value) for value in "abc"}
        switch(give("b"), branches)
        merge(*branches.values())
    state = flow.run()

    assert state["Merge-1"].result == "b"
    assert [value for value, branch in branches.items() if not state[branch].is_skipped()] == ["b"]


def test_only_what_begins_in_a_block_follows_its_condition() -> None:
    with Flow("f") as flow:
        before = named("before")
        with case(give(1), 1):
            first = give.copy(name="first").bind(before)
            give.copy(name="second").bind(first)
            flow.add_task(Parameter("unused"))
    edges = {(edge.upstream, edge.downstream) for edge in flow.graph().edges}

    assert edges == {
        ("give-1", "case(1)-1"),
        ("case(1)-1", "first-1"),
        ("before-1", "first-1"),
        ("first-1", "second-1"),
    }


def test_blocks_nest_and_an_inner_condition_follows_the_outer_one() -> None:
    with Flow("f") as flow:
        outer, inner = give(Parameter("outer")), give(Parameter("inner"))
        with case(outer, 1):
            one = named("one")
            with case(inner, 2):
                both = named("both")
    assert flow.run(outer=1, inner=2)[both].result == "both"
    neither = flow.run(outer=0, inner=2)
    assert (neither[one].is_skipped(), neither[both].is_skipped()) == (True, True)
    assert flow.run(outer=1, inner=0)[both].is_skipped()
    assert flow.run(outer=1, inner=0)[one].result == "one"


def test_an_empty_block_adds_nothing_and_a_broken_one_leaves_no_block_open() -> None:
    with Flow("f") as flow:
        with case(5, 5):
            pass
        with pytest.raises(RuntimeError), case(5, 5):
            raise RuntimeError
        named("after")
    assert set(flow.graph().tasks) == {"after-1"}
    assert flow.graph().edges == ()


def test_a_parameter_of_the_block_is_nothing_that_comes_before() -> None:
    with Flow("f") as flow, case(give(0), 1):
        inside = give.copy(name="inside").bind(Parameter("first-used-here", default=3))
    assert flow.run()[inside].is_skipped()


def test_one_block_is_of_one_flow() -> None:
    with Flow("f") as other:
        pass
    with Flow("g"), case(1, 1):
        named("one")
        with pytest.raises(ValueError, match="cannot hold tasks of two flows"):
            other.add_task(give.copy())


def test_collections_in_a_block_are_gated_like_tasks() -> None:
    with Flow("f") as flow:
        a, b = named("a"), named("b")
        with case(give(0), 1):
            both = give.copy(name="both").bind([a, b])
    assert flow.run()[both].is_skipped()


def test_row_16_of_many_branches_the_first_written_counts() -> None:
    with Flow("f") as flow:
        merge(*(named(f"t{number}", number) for number in range(1, 13)))
    assert flow.run().result == 1


@pytest.mark.parametrize("value", [0, "", False, []])
def test_a_merge_takes_what_is_empty_but_not_what_is_none(value: Any) -> None:
    with Flow("f") as flow:
        merge(give(None), give(value), named("later"))
    assert flow.run().result == value


def test_a_merge_looks_past_a_list_of_what_was_skipped() -> None:
    with Flow("f") as flow:
        condition = give(2)
        with case(condition, 1):
            a, b = named("a"), named("b")
        with case(condition, 2):
            c = named("c")
        merge([a, b], c)
    assert flow.run()["Merge-1"].result == "c"


def test_a_merge_after_a_branch_that_failed_ends_trigger_failed() -> None:
    with Flow("f") as flow:
        condition = give(1)
        with case(condition, 1):
            bad = fail()
        with case(condition, 2):
            good = named("good")
        merge(bad, good)
    state = flow.run()

    assert state["Merge-1"].state == "TriggerFailed"
    assert state.is_failed()


def test_a_condition_that_failed_ends_all_after_it() -> None:
    with Flow("f") as flow:
        with case(fail(), 1):
            inside = named("inside")
        merge(inside)
    state = flow.run()

    assert {state[slug].state for slug in ("case(1)-1", "inside-1", "Merge-1")} == {"TriggerFailed"}


def test_what_is_compiled_says_what_the_engine_decides() -> None:
    with Flow("f") as flow:
        with case(Parameter("day"), "monday\n"):
            inside = named("inside")
        merge(inside)
    tasks = flow.graph().tasks

    condition = next(found for found in tasks.values() if found.kind is TaskKind.CASE)
    assert (condition.name, set(condition.inputs)) == ("case(monday )", {"condition", "value"})
    joined = tasks["Merge-1"]
    assert (joined.kind, joined.trigger, joined.skip_on_upstream_skip) == ("merge", Trigger.NOT_ALL_SKIPPED, False)
    assert Edge("inside-1", "Merge-1", "task_1") in flow.graph().edges


def test_a_merge_cannot_be_skipped_with_a_branch() -> None:
    with Flow("f"), pytest.raises(ValueError, match="skip_on_upstream_skip must be False"):
        merge(named("a"), skip_on_upstream_skip=True)


def test_branches_need_a_flow() -> None:
    with pytest.raises(ValueError, match="No flow was passed or is open"):
        switch(1, {1: give})
