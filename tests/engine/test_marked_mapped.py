"""Mapped tasks that people gave another end as a whole: what follows them, item by item too, looks at that."""

from collections.abc import Callable

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.following import carry_out
from orchestrator.engine.marking import mark_task_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import Flow, FlowRun
from orchestrator.sdk import Flow as WrittenFlow
from tests.engine.conftest import state
from tests.engine.mapped import BAD, add, item_states, keep, numbers, parent, picky

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]
Drain = Callable[[], None]


@pytest.fixture
def half_failed(register: Register, start: Start, drain: Drain) -> FlowRun:
    """The second of two items failed, so that the second of those that follow them item by item could not start."""
    BAD.add(2)
    with WrittenFlow("f") as flow:
        add.map(picky.map([1, 2]))
    run = start(register(flow))
    drain()
    assert item_states(run, "picky-1") == ["Success", "Failed"]
    assert item_states(run, "add-1") == ["Success", "TriggerFailed"]
    return run


def test_what_follows_a_marked_task_item_by_item_is_judged_by_the_mark_and_reads_its_result(
    half_failed: FlowRun, drain: Drain
) -> None:
    mark_task_run(task_run_id=parent(half_failed, "picky-1").pk, state=State.SUCCESS, reason="known", result=[5, 6])
    drain()
    half_failed.refresh_from_db()

    assert item_states(half_failed, "add-1") == ["Success", "Success"]
    assert half_failed.result == [11, 16]


def test_a_task_marked_before_it_began_is_mapped_over_by_its_result(
    register: Register, start: Start, drain: Drain
) -> None:
    with WrittenFlow("f") as flow:
        add.map(picky.map(numbers()))
    run = start(register(flow))
    mark_task_run(task_run_id=parent(run, "picky-1").pk, state=State.SUCCESS, reason="known", result=[5, 6, 7])
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [15, 16, 17])


def test_an_item_that_a_marked_list_does_not_have_fails_and_says_so(half_failed: FlowRun, drain: Drain) -> None:
    mark_task_run(task_run_id=parent(half_failed, "picky-1").pk, state=State.SUCCESS, reason="known", result=[5])
    drain()

    assert item_states(half_failed, "add-1") == ["Success", "Failed"]
    assert "There is no item 1" in parent(half_failed, "add-1").message


def test_a_task_marked_before_its_items_run_again_lets_what_follows_it_go_on(
    register: Register, start: Start, drain: Drain
) -> None:
    BAD.add(2)
    with WrittenFlow("f") as flow:
        add.map(picky.map([1, 2]))
        keep(7)
    run = start(register(flow))
    held = claim(worker="w", limit=9)
    (mine,) = [one for one in held if one.slug == "keep-1"]
    for one in held[:2] if mine is held[2] else held[1:]:
        outcome = State.FAILED if one.map_index == 1 else State.SUCCESS
        carry_out(complete(ended=[(one, Ending(outcome, "", 1))]))
    drain()
    pause_flow_run(flow_run_id=run.pk)
    restart_flow_run(flow_run_id=run.pk, from_tasks=["picky-1"])

    mark_task_run(task_run_id=parent(run, "picky-1").pk, state=State.SUCCESS, reason="known", result=[5, 6])
    assert parent(run, "add-1").waiting_on == 0
    resume_flow_run(flow_run_id=run.pk)
    carry_out(complete(ended=[(mine, Ending(State.SUCCESS, "", 7))]))
    drain()

    assert state(run) == "Success"
