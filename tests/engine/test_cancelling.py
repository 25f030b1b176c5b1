"""Cancels and restarts, on every level (numbers: the conformance list of the semantics)."""

from uuid import uuid4

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.cancels import cancel_one
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.pausing import pause_flow_run
from orchestrator.engine.restarting import NotFinished, restart_flow_run
from orchestrator.engine.steps import UnknownFlowRun
from orchestrator.models import FlowRun, StateChange, TaskRun
from orchestrator.sdk import Flow, task
from tests.engine.conftest import state, states
from tests.engine.flows import WORKS, child, one_task, works


def test_s115_s116_a_cancel_ends_what_has_not_started_and_the_children_that_are_waited_for(register, start):
    register(one_task("child"))
    with Flow("parent") as flow:
        waits = child("child", wait=True)()
        works(upstream_tasks=[waits])
    run = start(register(flow))

    cancel_flow_run(flow_run_id=run.pk)

    assert state(run) == State.CANCELLED
    assert states(run) == {"Flow child-1": "Cancelled", "works-1": "Cancelled"}
    assert FlowRun.objects.exclude(pk=run.pk).get().state == State.CANCELLED
    cancel_flow_run(flow_run_id=run.pk)
    assert state(run) == State.CANCELLED
    with pytest.raises(UnknownFlowRun):
        cancel_flow_run(flow_run_id=uuid4())


def test_a_cancel_can_leave_the_children_running(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True)()
    run = start(register(flow))

    cancel_flow_run(flow_run_id=run.pk, leave_children=True)
    drain()

    assert state(run) == State.CANCELLED
    assert FlowRun.objects.exclude(pk=run.pk).get().state == State.SUCCESS


def test_children_can_be_left_running_also_by_a_second_cancel_while_a_function_is_being_stopped(register, start):
    register(one_task("child"))
    with Flow("parent") as flow:
        works()
        child("child", wait=True)()
    run = start(register(flow))
    held = next(one for one in claim(worker="w", limit=2) if one.flow_run_id == run.pk)
    cancel_one(flow_run_id=run.pk)

    cancel_one(flow_run_id=run.pk, leave_children=True)
    assert states(run) == {"works-1": "Running", "Flow child-1": "Cancelled"}
    complete(ended=[(held, Ending(State.CANCELLED))])

    assert state(run) == State.CANCELLED


def test_a_cancelled_child_is_mirrored_as_cancelled(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        waits = child("child", wait=True)()
        works(upstream_tasks=[waits])
    run = start(register(flow))

    cancel_flow_run(flow_run_id=FlowRun.objects.exclude(pk=run.pk).get().pk)

    assert states(run) == {"Flow child-1": "Cancelled", "works-1": "TriggerFailed"}


def test_a_restart_runs_what_failed_and_what_follows_on_every_level(register, start, drain):
    calls = []

    @task
    def shaky():
        calls.append("shaky")
        if len(calls) == 1:
            raise ValueError("first time")
        return "fine"

    register(one_task("child", shaky))
    register(one_task("steady"))
    with Flow("parent") as flow:
        before = child("steady", wait=True)()
        inner = child("child", wait=True)(upstream_tasks=[before])
        works(upstream_tasks=[inner])
    run = start(register(flow))
    with pytest.raises(NotFinished):
        restart_flow_run(flow_run_id=run.pk)
    drain()
    assert state(run) == State.FAILED

    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert state(run) == State.SUCCESS
    assert FlowRun.objects.count() == 3
    attempts = dict(TaskRun.objects.filter(flow_run=run).values_list("slug", "attempt"))
    assert attempts == {"Flow steady-1": 1, "Flow child-1": 2, "works-1": 2}


def test_a_restart_of_a_child_that_was_cancelled_too_late_to_stop_anything_ends_successful(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True)()
    run = start(register(flow))
    inner = FlowRun.objects.exclude(pk=run.pk).get()
    (held,) = claim(worker="busy", limit=1)
    cancel_flow_run(flow_run_id=run.pk)
    complete(ended=[(held, Ending(State.SUCCESS, "", WORKS))])
    drain()
    assert (state(run), state(inner), states(inner)) == ("Cancelled", "Cancelled", {"works-1": "Success"})

    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert (state(run), state(inner)) == (State.SUCCESS, State.SUCCESS)


@pytest.mark.parametrize("before", [State.SCHEDULED, State.QUEUED, State.PAUSED])
def test_s115_a_run_that_has_not_started_or_is_held_is_cancelled_at_once(register, start, drain, before):
    run = start(register(one_task("f")))
    if before is State.PAUSED:
        pause_flow_run(flow_run_id=run.pk)
    else:
        FlowRun.objects.filter(pk=run.pk).update(state=before)
        TaskRun.objects.filter(flow_run=run).update(state=State.PENDING)
        StateChange.objects.filter(flow_run=run).delete()

    cancel_flow_run(flow_run_id=run.pk)
    drain()

    assert (state(run), states(run)) == (State.CANCELLED, {"works-1": "Cancelled"})


def test_s115_s116_a_run_that_runs_is_cancelling_until_it_stops_and_what_has_ended_stays(register, start):
    with Flow("f") as flow:
        works.copy(name="after")(upstream_tasks=[works.copy(name="slow")(upstream_tasks=[works()])])
    run = start(register(flow))
    (held,) = claim(worker="busy", limit=1)
    complete(ended=[(held, Ending(State.SUCCESS, "", WORKS))])
    (held,) = claim(worker="busy", limit=1)

    cancel_flow_run(flow_run_id=run.pk)
    assert (state(run), states(run)) == (
        State.CANCELLING,
        {"works-1": "Success", "slow-1": "Running", "after-1": "Cancelled"},
    )
    complete(ended=[(held, Ending(State.CANCELLED, "stopped"))])

    assert (state(run), states(run)) == (
        State.CANCELLED,
        {"works-1": "Success", "slow-1": "Cancelled", "after-1": "Cancelled"},
    )
