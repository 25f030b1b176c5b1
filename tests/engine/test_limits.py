"""How many runs of a flow or of a project are under way at once, and what becomes of one more."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.core.admission import WAITS
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.recovering import recover
from orchestrator.models import Flow as FlowRow
from orchestrator.models import FlowRun, Origin, Project
from orchestrator.sdk import Flow
from tests.engine.conftest import state, states
from tests.engine.flows import child, one_task, works


def limited(name: str = "f", **limits) -> Flow:
    with Flow(name, **limits) as flow:
        works()
    return flow


def end_one() -> None:
    """Be a worker that ends the task run it gets first."""
    (held,) = claim(worker="w", limit=1)
    carry_out(complete(ended=[(held, Ending(State.SUCCESS))]))


def test_runs_beyond_a_flows_limit_wait_and_begin_one_by_one(register, start):
    flow = register(limited(max_runs=2))
    runs = [start(flow) for _ in range(4)]

    assert [state(run) for run in runs] == ["Pending", "Pending", "Queued", "Queued"]
    assert FlowRun.objects.get(pk=runs[2].pk).message == WAITS

    end_one()

    assert [state(run) for run in runs] == ["Success", "Pending", "Pending", "Queued"]


def test_a_limited_flow_comes_to_the_end_of_all_its_runs(register, start, drain):
    flow = register(limited(max_runs=1))
    runs = [start(flow) for _ in range(5)]

    drain()

    assert {state(run) for run in runs} == {"Success"}


def test_higher_priority_begins_first_when_there_is_room(register, start):
    flow = register(limited(max_runs=1))
    first, usual = start(flow), start(flow)
    urgent = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND, priority=9)

    end_one()

    assert [state(first), state(usual)] == ["Success", "Queued"]
    assert FlowRun.objects.get(pk=urgent.flow_run_id).state == "Pending"


def test_one_too_many_is_skipped_where_the_flow_says_so(register, start, drain):
    flow = register(limited(max_runs=1, overlap="skip"))
    first, second = start(flow), start(flow)

    assert [state(first), state(second)] == ["Pending", "Skipped"]
    assert states(second) == {"works-1": "Skipped"}
    said = FlowRun.objects.get(pk=second.pk).message
    assert said == "Skipped: tests/f may have 1 run under way at once, and has."


def test_the_older_is_cancelled_where_the_flow_says_so(register, start, drain):
    flow = register(limited(max_runs=1, overlap="cancel_older"))
    first, second = start(flow), start(flow)

    assert [state(first), state(second)] == ["Cancelled", "Pending"]
    drain()
    assert state(second) == "Success"


def test_a_flow_whose_older_run_is_still_being_cancelled_holds_up_no_other_flow(register, start, drain):
    slow, other = register(limited("slow", max_runs=1, overlap="cancel_older")), register(limited("other", max_runs=1))
    first, (held,) = start(slow), claim(worker="w", limit=1)
    newer, beside = start(slow), start(other)

    assert [state(run) for run in (first, newer, beside)] == ["Cancelling", "Queued", "Pending"]
    carry_out(complete(ended=[(held, Ending(State.SUCCESS))]))
    assert [state(first), state(newer)] == ["Cancelled", "Pending"]


def test_a_child_waits_for_the_limit_of_its_flow_and_its_parent_for_it(register, start, drain):
    register(limited("child", max_runs=1))
    with Flow("parent") as parent:
        for _ in range(3):
            child("child", wait=True)()
    run = start(register(parent))

    assert sorted(FlowRun.objects.exclude(pk=run.pk).values_list("state", flat=True)) == ["Pending", "Queued", "Queued"]

    drain()

    assert state(run) == "Success"
    assert FlowRun.objects.filter(state="Success").count() == 4


def test_a_projects_limit_counts_the_outermost_runs_so_that_children_never_wait_for_their_parents(
    register, start, drain, project
):
    Project.objects.update(max_runs=1)
    register(one_task("child"))
    with Flow("parent") as parent:
        child("child", wait=True)()
    flow = register(parent)
    first, second = start(flow), start(flow)

    assert [state(first), state(second)] == ["Running", "Queued"]
    drain()
    assert [state(first), state(second)] == ["Success", "Success"]


def test_a_queued_run_can_be_cancelled(register, start):
    flow = register(limited(max_runs=1))
    _, second = start(flow), start(flow)

    cancel_flow_run(flow_run_id=second.pk)

    assert state(second) == "Cancelled"


def test_what_a_raised_or_lifted_limit_leaves_room_for_is_found(register, start):
    flow = register(limited(max_runs=1))
    runs = [start(flow) for _ in range(3)]
    FlowRow.objects.update(max_runs=None)

    recover()

    assert [state(run) for run in runs] == ["Pending"] * 3


def test_a_run_that_is_due_later_waits_for_room_then(register, start):
    flow = register(limited(max_runs=1))
    start(flow)
    later = start_flow_run(
        flow=flow,
        parameters={},
        now=timezone.now(),
        origin=Origin.COMMAND,
        scheduled_start_time=timezone.now() + timedelta(days=1),
    ).flow_run_id
    assert state(FlowRun(pk=later)) == "Scheduled"
    FlowRun.objects.filter(pk=later).update(scheduled_start_time=timezone.now())

    recover()

    assert state(FlowRun(pk=later)) == "Queued"


def test_a_run_that_waits_for_room_leaves_nothing_to_recover(register, start):
    flow = register(limited(max_runs=1))
    start(flow)
    waits = start(flow)

    assert recover().owed == 0
    FlowRow.objects.update(max_runs=2)
    assert (recover().owed, state(waits)) == (1, "Pending")


def test_registering_takes_the_limit_of_the_code_and_leaves_that_of_people(register):
    flow = register(limited(max_runs=2, overlap="skip"))
    assert (flow.max_runs, flow.overlap) == (2, "skip")

    flow = register(limited())

    assert (flow.max_runs, flow.overlap) == (2, "skip")


def test_a_run_that_is_due_later_obeys_a_limit_that_was_set_meanwhile(register, start):
    flow = register(limited())
    later = start_flow_run(
        flow=flow,
        parameters={},
        now=timezone.now(),
        origin=Origin.COMMAND,
        scheduled_start_time=timezone.now() + timedelta(days=1),
    ).flow_run_id
    FlowRow.objects.update(max_runs=1)
    start(flow)
    FlowRun.objects.filter(pk=later).update(scheduled_start_time=timezone.now())

    recover()

    assert state(FlowRun(pk=later)) == "Queued"


@pytest.mark.parametrize("limits", [{"max_runs": 0}, {"max_runs": 1.5}, {"max_runs": True}, {"overlap": "never"}])
def test_what_is_no_limit_is_refused(limits):
    with pytest.raises(ValueError, match=r"max_runs must be|There is no overlap"):
        Flow("f", **limits)
