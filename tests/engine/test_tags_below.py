"""Limits of tags where what has a tag waits for flow runs whose functions have it too."""

import pytest

from orchestrator.engine.completing import start_held
from orchestrator.engine.following import carry_out
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun
from orchestrator.sdk import Flow, wait_for_flow_run
from tests.engine.conftest import state, states
from tests.engine.flows import child, failing_once, one_task
from tests.engine.test_tag_limits import claimed, end, limit_tag, reading, starting


def children(run: FlowRun) -> list[FlowRun]:
    return list(FlowRun.objects.filter(parent_task_run__flow_run=run).order_by("created_at"))


def wait_for_child() -> None:
    """Be a worker that starts the child of the task run it gets."""
    (held,) = claimed()
    carry_out([start_held(held=held)])


def mapped(name: str, started: str, times: int = 1) -> Flow:
    with Flow(name) as flow:
        child(started, wait=True, tags=["database"]).map(parameters=[{}] * times)
    return flow


@pytest.mark.parametrize("written", [starting, mapped])
@pytest.mark.parametrize("is_paused", [False, True])
def test_who_waits_again_for_a_restarted_child_wants_a_place_for_it(
    register, start, drain, project, written, is_paused
):
    limit_tag(project)
    register(one_task("broken once", failing_once()))
    register(one_task("fine"))
    first = start(register(written("first", "broken once", times=1)))
    drain()
    second = start(register(starting("second", "fine")))
    wait_for_child()
    (below,) = children(first)
    restart_flow_run(flow_run_id=below.pk)
    if is_paused:
        pause_flow_run(flow_run_id=first.pk, leave_children=True)
        resume_flow_run(flow_run_id=first.pk)

    assert ("Submitted" in item_states(first), states(second)) == (True, {"Flow fine-database-1": "Running"})
    drain()

    assert [state(run) for run in (first, second)] == ["Success", "Success"]
    assert [one.attempt for one in children(first)] == [2]


def item_states(run: FlowRun) -> set[str]:
    return set(run.task_runs.filter(items=None).values_list("state", flat=True))


def test_what_waits_lends_its_place_to_one_function_below_it_at_a_time(register, start, project):
    limit_tag(project, most=2)
    register(reading("inner", times=3))
    run = start(register(mapped("outer", "inner", times=3)))
    for held in claimed():
        carry_out([start_held(held=held)])
    assert (len(children(run)), item_states(run)) == (2, {"Running", "Submitted"})

    while held := claimed():
        assert len(held) <= 2
        if held[0].flow_run_id == run.pk:
            carry_out([start_held(held=held.pop(0))])
        end(held)

    assert state(run) == "Success"


def test_who_begins_to_wait_for_a_flow_run_lends_its_place_to_what_is_held_there_already(register, start, project):
    limit_tag(project)
    below = start(register(reading("below", times=2)))
    first = claimed()
    with Flow("waits", priority=9) as flow:
        wait_for_flow_run(str(below.pk), task_args={"tags": ["database"]})
    waits = start(register(flow))
    end(first)

    wait_for_child()

    assert (states(waits), len(claimed())) == ({"wait_for_flow_run-database-1": "Running"}, 1)
