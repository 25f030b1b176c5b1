"""A flow run believed to be as it was left: the same comes of it as of one that was locked first."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bench.counting import counting
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.following import carry_out
from orchestrator.engine.marking import mark_flow_run, mark_task_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.steps import Claim
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow, StartFlowRun
from orchestrator.sdk.triggers import any_failed
from tests.connections import at_once
from tests.engine.conftest import of, state, states
from tests.engine.flows import child, one_task, works

SUCCESS = Ending(State.SUCCESS, "", {"ok": True})
FAILED = Ending(State.FAILED, "broken on purpose")

Meddles = Callable[[FlowRun], object]


def chain(name: str) -> Flow:
    """Return the child flow runs a, b, c, d, each after the one before; the last task is for when something failed."""
    with Flow(name) as flow:
        last = None
        for slug in "abcd":
            start_small = StartFlowRun(flow_name="small", project_name="tests", wait=True, name=slug)
            last = start_small(upstream_tasks=[last] if last else [])
        works.copy(name="mends", trigger=any_failed).bind(upstream_tasks=[last])
    return flow


def second_of(run: FlowRun) -> Claim:
    """End the first child of a flow run; return the claim of the second, taken with that."""
    (first,) = claim(worker="one", limit=1)
    (step,) = complete(ended=[(first, SUCCESS)], worker="one", claims=1)
    (held,) = step.claimed
    assert held.left is not None
    assert [one.id for one, _ in held.left.line] == [held.flow_run_id, run.pk]
    return held


def outcome(run: FlowRun) -> tuple[Any, ...]:
    """Return what became of a flow run and its children, without what differs from run to run."""
    children = FlowRun.objects.filter(parent_task_run__flow_run=run)
    rows = TaskRun.objects.filter(flow_run=run).values_list("slug", "state", "attempt", "waiting_on", "message")
    run.refresh_from_db()
    return run.state, run.unfinished, sorted(rows), Counter(children.values_list("state", "attempt", "unfinished"))


@pytest.fixture
def parent(register, start) -> Callable[[], FlowRun]:
    """Start a run of the chain."""
    register(one_task("small"))
    flow = register(chain("chain"))
    return lambda: start(flow)


def test_who_is_left_alone_needs_one_flight_a_child(parent):
    held = second_of(parent())

    with counting() as counted:
        (step,) = complete(ended=[(held, SUCCESS)], worker="one", claims=1)

    assert (counted.flights, counted.transactions, len(step.claimed)) == (1, 1, 1)


MEDDLING: dict[str, Meddles] = {
    "nothing": lambda run: None,
    "the parent is paused": lambda run: pause_flow_run(flow_run_id=run.pk, leave_children=True),
    "it is paused with its children": lambda run: pause_flow_run(flow_run_id=run.pk),
    "it is paused and resumed": lambda run: (pause_flow_run(flow_run_id=run.pk), resume_flow_run(flow_run_id=run.pk)),
    "the parent is cancelled": lambda run: cancel_flow_run(flow_run_id=run.pk),
    "its children are left alone": lambda run: cancel_flow_run(flow_run_id=run.pk, leave_children=True),
    "the child is cancelled": lambda run: cancel_flow_run(flow_run_id=of(run, "b-1").child_flow_run_id),
    "what ended is marked": lambda run: mark(of(run, "a-1"), State.FAILED),
    "what waits for the child is marked": lambda run: mark(of(run, "b-1"), State.FAILED),
    "what comes next is marked": lambda run: mark(of(run, "c-1"), State.SUCCESS),
    "what comes later is marked": lambda run: mark(of(run, "d-1"), State.FAILED),
    "the child is marked": lambda run: mark_flow_run(
        flow_run_id=of(run, "b-1").child_flow_run_id, state=State.FAILED, reason="by hand"
    ),
    "the parent is marked": lambda run: mark_flow_run(flow_run_id=run.pk, state=State.SUCCESS, reason="by hand"),
}


def mark(task_run: TaskRun, state: State) -> None:
    mark_task_run(task_run_id=task_run.pk, state=state, reason="by hand")


@pytest.mark.parametrize("ending", [SUCCESS, FAILED])
@pytest.mark.parametrize("meddles", MEDDLING.values(), ids=MEDDLING)
def test_whatever_a_person_does_meanwhile_the_same_follows_as_of_a_lock(parent, drain, meddles: Meddles, ending):
    outcomes = []
    for believes in (True, False):
        run = parent()
        held = second_of(run)
        meddles(run)
        carry_out(complete(ended=[(held if believes else replace(held, left=None), ending)], worker="one", claims=1))
        outcomes.append([outcome(run)])
        cancel_flow_run(flow_run_id=run.pk)
        drain()
        outcomes[-1].append(outcome(run))

    assert outcomes[0] == outcomes[1]


def test_what_is_being_changed_is_waited_for_and_then_looked_at_anew(parent):
    run = parent()
    held = second_of(run)

    raised = at_once(
        lambda: pause_flow_run(flow_run_id=run.pk),
        lambda: complete(ended=[(held, SUCCESS)], worker="one", claims=1),
    )

    assert raised is None
    assert state(run) == State.PAUSED
    assert states(run)["b-1"] == State.SUCCESS
    assert states(run)["c-1"] == State.PENDING


def test_what_nobody_waits_for_is_not_written_by_whom_it_was_taken_from(parent):
    run = parent()
    held = second_of(run)
    TaskRun.objects.filter(pk=held.task_run_id).update(attempt=2)

    (step,) = complete(ended=[(held, SUCCESS)], worker="one", claims=1)

    assert not step.claimed
    assert states(run)["b-1"] == State.RUNNING
    TaskRun.objects.filter(pk=held.task_run_id).update(attempt=1)


def test_one_of_several_branches_is_locked_first(register, start):
    register(one_task("small"))
    with Flow("branches") as flow:
        first = child("small", wait=True)()
        for _ in range(2):
            child("small", wait=True)(upstream_tasks=[first])
    start(register(flow))
    (held,) = claim(worker="one", limit=1)

    (step,) = complete(ended=[(held, SUCCESS)], worker="one", claims=2)

    assert [one.left for one in step.claimed] == [None, None]
