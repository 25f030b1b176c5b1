"""Approvals as people write them, compiled and answered at a terminal."""

import io

import pytest

from orchestrator.core.bindings import Literal, Upstream
from orchestrator.core.graph import ApproverRole, OnTimeLimit, TaskKind
from orchestrator.core.states import State
from orchestrator.sdk import Approval, Flow, task
from orchestrator.sdk.answering import NO_TERMINAL
from orchestrator.sdk.triggers import manual_only


@task
def count():
    return {"rows": 5}


def release(**more) -> Flow:
    with Flow("release") as flow:
        Approval("release", message="Ship it?", **more)(parameters=count())
    return flow


def test_an_approval_is_compiled_with_what_it_asks_of_whom_and_for_how_long():
    graph = release(role="editor", time_limit=60, on_time_limit="approve").graph()

    asked = graph.tasks["release-1"]
    assert (asked.kind, asked.message, asked.role) == (TaskKind.APPROVAL, "Ship it?", ApproverRole.EDITOR)
    assert (asked.timeout_seconds, asked.on_time_limit) == (60.0, OnTimeLimit.APPROVE)
    assert asked.inputs == {"parameters": Upstream("count-1")}


def test_parameters_of_the_constructor_are_proposed_unless_the_call_passes_others():
    with Flow("f") as flow:
        asks = Approval("asks", parameters={"rows": 1})
        asks()
        asks(parameters={"rows": 2})

    inputs = [each.inputs["parameters"] for each in flow.graph().tasks.values()]
    assert inputs == [Literal({"rows": 1}), Literal({"rows": 2})]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"role": "boss"}, "There is no role 'boss'; there are operator, editor."),
        ({"on_time_limit": "shrug"}, "There is no on_time_limit 'shrug'; there are fail, approve."),
        ({"trigger": manual_only}, "waits for a person by itself"),
        ({"trigger": lambda states: True}, "waits for a person by itself"),
        ({"time_limit": 0}, "time_limit must be more than zero"),
        ({"message": "x" * 1_001}, "at most 1000 characters"),
    ],
)
def test_an_approval_that_makes_no_sense_is_refused(wrong, error):
    with pytest.raises(ValueError, match=error):
        Approval("asks", **wrong)


def test_tasks_among_the_constructors_parameters_are_refused_and_so_is_mapping():
    with pytest.raises(TypeError, match="pass them when it is called"):
        Approval("asks", parameters={"rows": count})
    with pytest.raises(ValueError, match="cannot be mapped"):
        Approval("asks").map(parameters=[{}])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "ends"), [("maybe\ny\n", State.SUCCESS), ("n\n", State.FAILED)])
def test_flow_run_asks_at_the_terminal(monkeypatch, typed, ends):
    monkeypatch.setattr("sys.stdin", Terminal(typed))

    run = release().run()

    assert run.state is ends
    if ends is State.SUCCESS:
        assert run.result["rows"] == 5
        assert set(run.result) == {"rows", "approved_by", "reason"}


def test_without_a_terminal_an_approval_fails_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    run = release().run()

    assert (run.state, run.message) == (State.FAILED, f"release: {NO_TERMINAL}")
