"""Single items of mapped tasks whose child flow runs are restarted, or marked: they and all above wait and end anew."""

from collections.abc import Callable

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.marking import mark_task_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.restarts import restart_one
from orchestrator.models import Flow, FlowRun
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, task
from tests.engine.conftest import state
from tests.engine.flows import child, one_task, works
from tests.engine.mapped import BAD, DONE, add, item, items, keep, parent, picky

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]
Drain = Callable[[], None]


@pytest.fixture
def with_children(register: Register, start: Start, drain: Drain) -> FlowRun:
    """A root that waits for a flow run mapped over a child flow of three items, of which 1 and 2 failed."""
    BAD.update({1, 2})
    register(one_task("low", picky, x=Parameter("x")))
    with WrittenFlow("middle") as flow:
        keep(add.map(child("low", wait=True).map(parameters=[{"x": 0}, {"x": 1}, {"x": 2}])))
    register(flow)
    with WrittenFlow("root") as flow:
        works(upstream_tasks=[child("middle", wait=True)()])
    run = start(register(flow))
    drain()
    assert state(run) == State.FAILED
    BAD.clear()
    DONE.clear()
    return run


def child_of_item(index: int) -> FlowRun:
    return FlowRun.objects.get(parent_task_run__slug="Flow low-1", parent_task_run__map_index=index)


def test_a_child_of_an_item_that_is_restarted_heals_its_item_its_task_and_every_level_above(
    with_children: FlowRun, drain: Drain
) -> None:
    middle = FlowRun.objects.get(flow__name="middle")

    restart_flow_run(flow_run_id=child_of_item(1).pk)

    assert items(middle, "Flow low-1") == {0: ("Success", 1), 1: ("Running", 2), 2: ("Failed", 1)}
    assert items(middle, "add-1") == {0: ("Success", 1), 1: ("Pending", 2), 2: ("TriggerFailed", 1)}
    assert (parent(middle, "Flow low-1").state, parent(middle, "Flow low-1").waiting_on) == ("Running", 1)
    assert parent(with_children, "Flow middle-1").state == "Running"
    drain()
    assert items(middle, "add-1") == {0: ("Success", 1), 1: ("Success", 2), 2: ("TriggerFailed", 1)}
    assert (state(middle), state(with_children)) == ("Failed", "Failed")

    restart_flow_run(flow_run_id=child_of_item(2).pk)
    drain()

    assert set(FlowRun.objects.values_list("state", flat=True)) == {"Success"}
    assert FlowRun.objects.get(pk=middle.pk).result == [10, 11, 12]
    assert sorted(DONE) == [1, 2]
    assert FlowRun.objects.count() == 5


def test_a_heal_of_an_item_that_a_process_died_before_is_found_from_the_states(
    with_children: FlowRun, drain: Drain
) -> None:
    for index in (1, 2):
        restart_one(flow_run_id=child_of_item(index).pk)
    assert state(with_children) == State.FAILED

    recover()
    recover()
    drain()

    assert state(with_children) == State.SUCCESS


def test_an_item_is_healed_while_others_of_its_task_still_run(register: Register, start: Start, drain: Drain) -> None:
    BAD.add(1)
    register(one_task("low", picky, x=Parameter("x")))
    register(one_task("slow", task(picky.run, name="slow", tags=["slow"]), x=Parameter("x")))
    with WrittenFlow("f") as flow:
        keep(add.map(child("low", wait=True).map(parameters=[{"x": 1}, {"x": 5}])))
    run = start(register(flow))
    held = claim(worker="test", limit=5)
    (first,) = (one for one in held if FlowRun.objects.get(pk=one.flow_run_id).parameters["x"] == 1)
    complete(ended=[(first, Ending(State.FAILED, "no 1"))])
    drain()
    assert items(run, "Flow low-1") == {0: ("Failed", 1), 1: ("Running", 1)}
    BAD.clear()

    restart_flow_run(flow_run_id=first.flow_run_id)
    assert items(run, "Flow low-1") == {0: ("Running", 2), 1: ("Running", 1)}
    drain()
    complete(ended=[(one, Ending(State.SUCCESS, "", 5)) for one in held if one is not first])
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [11, 15])
    assert FlowRun.objects.count() == 3


def test_a_marked_item_heals_the_runs_above(with_children: FlowRun, drain: Drain) -> None:
    middle = FlowRun.objects.get(flow__name="middle")

    for index in (1, 2):
        mark_task_run(task_run_id=item(middle, "Flow low-1", index).pk, state=State.SUCCESS, reason="ok", result=index)
        drain()

    assert (state(middle), state(with_children)) == ("Success", "Success")
    assert FlowRun.objects.get(pk=middle.pk).result == [10, 11, 12]


def test_a_healed_item_waits_for_room_with_its_flow_run(register: Register, start: Start, drain: Drain) -> None:
    BAD.update({1, 2})
    register(one_task("low", picky, x=Parameter("x")))
    with WrittenFlow("f", max_runs=1) as flow:
        keep(child("low", wait=True).map(parameters=[{"x": 0}, {"x": 1}, {"x": 2}]))
    kept = register(flow)
    run = start(kept)
    drain()
    BAD.clear()
    blocking = start(kept)

    first, second = (FlowRun.objects.get(parent_task_run=item(run, "Flow low-1", index)) for index in (1, 2))
    restart_flow_run(flow_run_id=first.pk)
    restart_one(flow_run_id=second.pk)
    assert (state(run), items(run, "Flow low-1")[1]) == ("Queued", ("Pending", 2))
    recover()
    assert items(run, "Flow low-1")[2] == ("Pending", 2)
    drain()

    assert (state(blocking), state(run)) == ("Success", "Success")
    assert FlowRun.objects.filter(flow__name="low").count() == 6
