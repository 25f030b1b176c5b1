"""What people do to single items of mapped tasks: restart one, mark one."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.marking import NotMarkable, mark_task_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.restarting import NotFinished, restart_flow_run, restart_task_run
from orchestrator.models import Flow, FlowRun, StateChange
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, task, unmapped
from tests.engine.conftest import state
from tests.engine.flows import child, one_task
from tests.engine.mapped import BAD, DONE, add, item, items, keep, parent, picky

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]
Drain = Callable[[], None]


@pytest.fixture
def ended(register: Register, start: Start, drain: Drain) -> FlowRun:
    """A run of picky -> add, item by item, and all of them kept; items 1 and 3 of five failed."""
    BAD.update({1, 3})
    with WrittenFlow("f") as flow:
        keep(add.map(picky.map([0, 1, 2, 3, 4])))
    run = start(register(flow))
    drain()
    assert (state(run), parent(run, "picky-1").state, parent(run, "add-1").state) == (
        "Failed",
        "Failed",
        "TriggerFailed",
    )
    BAD.clear()
    DONE.clear()
    return run


def test_one_item_is_restarted_with_what_follows_it_and_the_others_keep_their_ends(
    ended: FlowRun, drain: Drain
) -> None:
    ann = User.objects.create_user("ann")

    restart_task_run(task_run_id=item(ended, "picky-1", 3).pk, user=ann)
    drain()

    assert DONE == [3]
    assert items(ended, "picky-1") == {
        **dict.fromkeys((0, 2, 4), ("Success", 1)),
        1: ("Failed", 1),
        3: ("Success", 2),
    }
    assert items(ended, "add-1")[1] == ("TriggerFailed", 1)
    assert items(ended, "add-1")[3] == ("Success", 2)
    assert (state(ended), parent(ended, "keep-1").state) == ("Failed", "TriggerFailed")
    told = StateChange.objects.filter(task_run=item(ended, "picky-1", 3), after="Pending").get()
    assert (told.message, told.actor) == ("Restarted by ann from picky[3].", ann)

    restart_task_run(task_run_id=item(ended, "picky-1", 1).pk)
    drain()
    ended.refresh_from_db()

    assert (ended.state, ended.result) == ("Success", [10, 11, 12, 13, 14])


def test_an_item_that_succeeded_is_restarted_with_a_new_child(register: Register, start: Start, drain: Drain) -> None:
    register(one_task("low", picky, x=Parameter("x")))
    with WrittenFlow("f") as flow:
        child("low", wait=True).map(parameters=[{"x": 0}, {"x": 1}])
    run = start(register(flow))
    drain()

    restart_task_run(task_run_id=item(run, "Flow low-1", 1).pk)
    drain()

    assert (state(run), FlowRun.objects.filter(flow__name="low").count()) == ("Success", 3)
    assert items(run, "Flow low-1") == {0: ("Success", 1), 1: ("Success", 2)}


def test_an_item_that_waits_for_one_that_failed_is_judged_again_and_cannot_start(ended: FlowRun, drain: Drain) -> None:
    restart_task_run(task_run_id=item(ended, "add-1", 1).pk)
    drain()

    assert (items(ended, "add-1")[1], items(ended, "picky-1")[1]) == (("TriggerFailed", 2), ("Failed", 1))
    assert (state(ended), DONE) == ("Failed", [])


def test_an_item_is_restarted_while_others_of_its_task_run(register: Register, start: Start, drain: Drain) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map(picky.map([0, 1])))
    run = start(register(flow))
    first, second = sorted(claim(worker="test", limit=2), key=lambda held: held.map_index)
    complete(ended=[(first, Ending(State.FAILED, "no"))])
    assert items(run, "add-1") == {0: ("TriggerFailed", 1), 1: ("Pending", 1)}

    with pytest.raises(NotFinished, match=r"picky-1\[1\] is Running"):
        restart_task_run(task_run_id=second.task_run_id)
    restart_task_run(task_run_id=first.task_run_id)
    assert items(run, "add-1") == {0: ("Pending", 2), 1: ("Pending", 1)}
    drain()
    complete(ended=[(second, Ending(State.SUCCESS, "", 1))])
    drain()
    run.refresh_from_db()

    assert (run.state, run.attempt, run.result) == ("Success", 1, [10, 11])


def test_an_item_is_not_restarted_while_what_follows_it_runs(register: Register, start: Start) -> None:
    with WrittenFlow("f") as flow:
        add.map(picky.map([0, 1]), y=unmapped(0), task_args={"trigger": "all_finished"})
    run = start(register(flow))
    first, _ = sorted(claim(worker="test", limit=2), key=lambda held: held.map_index)
    complete(ended=[(first, Ending(State.FAILED, "no"))])
    claim(worker="other", limit=1)

    with pytest.raises(NotFinished, match=r"add-1\[0\] is Running"):
        restart_task_run(task_run_id=item(run, "picky-1", 0).pk)


def test_an_item_that_is_restarted_in_a_paused_run_starts_when_it_is_resumed(
    register: Register, start: Start, drain: Drain
) -> None:
    BAD.update({1, 3})
    with WrittenFlow("f") as flow:
        keep(picky.map([0, 1, 2, 3]))
    run = start(register(flow))
    held = {one.map_index: one for one in claim(worker="test", limit=4)}
    complete(ended=[(held[1], Ending(State.FAILED, "no")), (held[3], Ending(State.FAILED, "no"))])
    pause_flow_run(flow_run_id=run.pk)

    restart_task_run(task_run_id=held[3].task_run_id)
    complete(ended=[(held[0], Ending(State.SUCCESS)), (held[2], Ending(State.SUCCESS))])
    drain()
    assert items(run, "picky-1")[3] == ("Pending", 2)
    BAD.clear()
    resume_flow_run(flow_run_id=run.pk)
    drain()

    assert items(run, "picky-1") == {0: ("Success", 1), 1: ("Failed", 1), 2: ("Success", 1), 3: ("Success", 2)}


def test_an_item_that_is_not_mapped_over_any_more_cannot_be_restarted_or_marked(
    register: Register, start: Start, drain: Drain
) -> None:
    lengths = [3, 2]
    with WrittenFlow("f") as flow:
        add.map(task(lambda: list(range(lengths.pop(0))), name="listed")())
    run = start(register(flow))
    drain()
    restart_flow_run(flow_run_id=run.pk, from_tasks=["listed-1"])
    drain()
    gone = item(run, "add-1", 2)

    with pytest.raises(NotFinished, match=r"add-1 has no item 2 any more"):
        restart_task_run(task_run_id=gone.pk)
    with pytest.raises(NotMarkable, match=r"add-1 has no item 2 any more"):
        mark_task_run(task_run_id=gone.pk, state=State.FAILED, reason="no")


def test_items_that_failed_are_marked_one_by_one_and_let_what_could_not_start_run(ended: FlowRun, drain: Drain) -> None:
    mark_task_run(task_run_id=item(ended, "picky-1", 1).pk, state=State.SUCCESS, reason="known", result=100)
    drain()

    assert (parent(ended, "picky-1").state, parent(ended, "picky-1").message) == (
        "Failed",
        "1 of 5 items failed: [3] ValueError: no 3",
    )
    assert items(ended, "add-1")[1] == ("Success", 2)
    assert (items(ended, "add-1")[3], state(ended)) == (("TriggerFailed", 1), "Failed")

    mark_task_run(task_run_id=item(ended, "picky-1", 3).pk, state=State.SUCCESS, reason="known", result=300)
    drain()
    ended.refresh_from_db()

    assert (ended.state, ended.result, DONE) == ("Success", [10, 110, 12, 310, 14], [])
    assert (parent(ended, "picky-1").state, parent(ended, "add-1").state) == ("Success", "Success")


def test_a_successful_item_marked_failed_fails_its_task_and_leaves_what_had_started(
    register: Register, start: Start, drain: Drain
) -> None:
    with WrittenFlow("f") as flow:
        mapped = picky.map([0, 1])
        keep(mapped)
        keep.copy(name="alert", trigger="any_failed")(mapped)
    run = start(register(flow))
    drain()
    assert parent(run, "alert-1").state == "TriggerFailed"

    mark_task_run(task_run_id=item(run, "picky-1", 0).pk, state=State.FAILED, reason="wrong")
    drain()

    assert (parent(run, "picky-1").state, parent(run, "keep-1").state) == ("Failed", "Success")
    assert parent(run, "alert-1").result == [None, 1]


def test_an_item_marked_by_which_only_triggers_are_left_makes_its_task_say_so(ended: FlowRun, drain: Drain) -> None:
    mark_task_run(task_run_id=item(ended, "add-1", 3).pk, state=State.FAILED, reason="no")
    drain()
    assert parent(ended, "add-1").state == "Failed"

    mark_task_run(task_run_id=item(ended, "add-1", 3).pk, state=State.SUCCESS, reason="yes", result=0)
    drain()

    assert parent(ended, "add-1").state == "TriggerFailed"
    with pytest.raises(NotMarkable, match=r"add-1\[3\] is Success already"):
        mark_task_run(task_run_id=item(ended, "add-1", 3).pk, state=State.SUCCESS, reason="yes")


def test_an_item_that_ended_is_marked_while_others_of_its_task_run(
    register: Register, start: Start, drain: Drain
) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map(picky.map([0, 1])))
    run = start(register(flow))
    first, second = sorted(claim(worker="test", limit=2), key=lambda held: held.map_index)
    complete(ended=[(first, Ending(State.FAILED, "no"))])

    mark_task_run(task_run_id=first.task_run_id, state=State.SUCCESS, reason="known", result=50)
    assert items(run, "add-1")[0] == ("Submitted", 2)
    complete(ended=[(second, Ending(State.SUCCESS, "", 1))])
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [60, 11])


def test_a_shorter_task_that_has_no_such_item_ends_as_before(register: Register, start: Start, drain: Drain) -> None:
    BAD.update({1, 2})
    with WrittenFlow("f") as flow:
        mapped = picky.map([0, 1, 2])
        keep(add.map(mapped, y=[10, 10]))
        flow.set_reference_tasks([mapped])
    run = start(register(flow))
    drain()
    BAD.clear()

    restart_task_run(task_run_id=item(run, "picky-1", 2).pk)
    drain()

    assert items(run, "add-1") == {0: ("Success", 1), 1: ("TriggerFailed", 1)}
    assert (parent(run, "add-1").state, parent(run, "picky-1").state) == ("TriggerFailed", "Failed")
    restart_task_run(task_run_id=item(run, "picky-1", 1).pk)
    drain()
    assert (state(run), parent(run, "keep-1").result) == ("Success", [10, 11])


def test_an_item_waits_for_room_with_its_flow_run_and_is_judged_then(
    register: Register, start: Start, drain: Drain
) -> None:
    BAD.add(1)
    with WrittenFlow("f", max_runs=1) as flow:
        keep(add.map(picky.map([0, 1])))
    kept = register(flow)
    run = start(kept)
    drain()
    other = start(kept)

    restart_task_run(task_run_id=item(run, "add-1", 1).pk)
    assert (state(run), items(run, "add-1")[1]) == ("Queued", ("Pending", 2))
    drain()
    assert (state(run), items(run, "add-1")[1]) == ("Failed", ("TriggerFailed", 2))

    BAD.clear()
    assert (state(other), state(start(kept))) == ("Failed", "Running")
    restart_task_run(task_run_id=item(run, "picky-1", 1).pk)
    assert state(run) == "Queued"
    drain()
    run.refresh_from_db()
    assert (run.state, run.result) == ("Success", [10, 11])
