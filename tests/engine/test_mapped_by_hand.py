"""What people do to mapped tasks: restart, cancel, approve, pause and mark them."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.answering import approve_task_run
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.marking import NotMarkable, mark_flow_run, mark_task_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import Flow, FlowRun, TaskRun
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, apply_map, case, task, unmapped
from tests.engine.conftest import state
from tests.engine.flows import child, one_task
from tests.engine.mapped import BAD, add, is_even, item_states, keep, numbers, parent, picky

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]
Drain = Callable[[], None]


def test_s119_s089_a_restart_runs_only_the_unsuccessful_items_again(
    register: Register, start: Start, drain: Drain
) -> None:
    tried: list[int] = []
    BAD.update({2, 4})

    @task
    def before(x: int) -> int:
        tried.append(x)
        return picky.run(x)

    with WrittenFlow("f") as flow:
        keep(add.map(before.map(numbers(5))))
    run = start(register(flow))
    drain()
    assert state(run) == "Failed"
    BAD.clear()
    tried.clear()
    kept = set(TaskRun.objects.filter(flow_run=run, state="Success", map_index__gte=0).values_list("pk", "attempt"))

    restart_flow_run(flow_run_id=run.pk)
    drain()
    run.refresh_from_db()

    assert sorted(tried) == [2, 4]
    assert (run.state, run.result) == ("Success", [11, 12, 13, 14, 15])
    assert kept <= set(TaskRun.objects.filter(flow_run=run).values_list("pk", "attempt"))


@pytest.mark.parametrize(("before", "after"), [(3, 2), (2, 3), (2, 0), (0, 2)])
def test_a_restart_that_makes_another_list_gives_items_anew(
    register: Register, start: Start, drain: Drain, before: int, after: int
) -> None:
    lengths = [before, after]

    @task
    def gate() -> None:
        if len(lengths) == 2:
            raise ValueError("closed")

    @task(trigger="all_finished")
    def listed(n: None) -> list[int]:
        return list(range(lengths.pop(0)))

    with WrittenFlow("f") as flow:
        opened = gate()
        flow.result = keep(add.map(add.map(listed(opened), y=unmapped(0))))
        flow.set_reference_tasks([opened, flow.result])
    run = start(register(flow))
    drain()
    assert item_states(run, "add-2") == ["Success"] * before
    assert state(run) == "Failed"

    restart_flow_run(flow_run_id=run.pk)
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [number + 10 for number in range(after)])


def test_a_cancel_ends_a_mapped_task_with_its_items(register: Register, start: Start, drain: Drain) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map([1, 2, 3]))
    run = start(register(flow))
    assert parent(run, "add-1").state == "Running"

    cancel_flow_run(flow_run_id=run.pk)

    assert state(run) == "Cancelled"
    assert item_states(run, "add-1") == ["Cancelled"] * 3
    assert (parent(run, "add-1").state, parent(run, "add-1").message) == ("Cancelled", "3 of 3 items were cancelled.")
    restart_flow_run(flow_run_id=run.pk)
    drain()
    run.refresh_from_db()
    assert (run.state, run.result) == ("Success", [11, 12, 13])


def test_a_restart_runs_only_the_children_that_failed_again(register: Register, start: Start, drain: Drain) -> None:
    BAD.add(2)
    register(one_task("child", picky, x=Parameter("x")))
    with WrittenFlow("f") as flow:
        keep(child("child", wait=True).map(parameters=[{"x": 1}, {"x": 2}, {"x": 3}]))
    run = start(register(flow))
    drain()
    children = dict(FlowRun.objects.filter(parent_task_run__flow_run=run).values_list("pk", "attempt"))
    assert parent(run, "Flow child-1").message.startswith("1 of 3 items failed: [1] Child flow run")
    BAD.clear()

    restart_flow_run(flow_run_id=run.pk)
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [1, 2, 3])
    again = dict(FlowRun.objects.filter(parent_task_run__flow_run=run).values_list("pk", "attempt"))
    assert again.keys() == children.keys()
    assert sorted(again.values()) == [1, 1, 2]


def test_people_judge_items_one_by_one(execute: Callable[..., FlowRun]) -> None:
    BAD.add(2)

    @task(trigger=lambda upstream: all(state.is_successful() for state in upstream.values()))
    def asked(x: int) -> int:
        return x

    with WrittenFlow("f") as flow:
        flow.result = keep(asked.map(picky.map(numbers())), task_args={"trigger": "all_finished"})
    run = execute(flow)

    assert item_states(run, "asked-1") == ["Success", "TriggerFailed", "Success"]
    assert run.result == [1, None, 3]
    assert [item.state for item in flow.run()["asked-1"].map_states] == ["Success", "TriggerFailed", "Success"]


def test_a_mapped_task_that_waits_for_a_person_asks_once(register: Register, start: Start, drain: Drain) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map([1, 2], task_args={"trigger": "manual_only"}))
    run = start(register(flow))
    waiting = parent(run, "add-1")
    assert (waiting.state, item_states(run, "add-1")) == ("Paused", [])

    approve_task_run(task_run_id=waiting.pk)
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [11, 12])


def test_a_pause_holds_the_items_that_have_not_started(register: Register, start: Start, drain: Drain) -> None:
    register(one_task("child", keep, value=Parameter("value", default=0)))
    with WrittenFlow("f") as flow:
        keep([add.map(add.map([1, 2, 3])), child("child", wait=True).map(parameters=[{}, {}])])
    run = start(register(flow))
    pause_flow_run(flow_run_id=run.pk)
    drain()
    assert item_states(run, "add-1") == ["Pending"] * 3

    resume_flow_run(flow_run_id=run.pk)
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [[21, 22, 23], [0, 0]])


def test_a_pause_before_the_list_is_there_gives_items_when_it_is_resumed(
    register: Register, start: Start, drain: Drain
) -> None:
    with WrittenFlow("f") as flow:
        add.map(numbers())
    run = start(register(flow))
    (held,) = claim(worker="test", limit=1)
    pause_flow_run(flow_run_id=run.pk)
    complete(ended=[(held, Ending(State.SUCCESS, "", [5, 6]))])
    assert (parent(run, "add-1").state, parent(run, "add-1").items) == ("Pending", None)

    resume_flow_run(flow_run_id=run.pk)
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [15, 16])


def test_an_item_is_marked_and_its_task_goes_on(register: Register, start: Start, drain: Drain) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map(add.map([1, 2])))
    run = start(register(flow))
    first = TaskRun.objects.get(flow_run=run, slug="add-1", map_index=0)

    mark_task_run(task_run_id=first.pk, state=State.SUCCESS, reason="known", result=100)
    with pytest.raises(NotMarkable, match="once an item"):
        mark_task_run(task_run_id=parent(run, "add-1").pk, state=State.SUCCESS, reason="all")
    drain()
    run.refresh_from_db()

    assert run.result == [110, 22]


def test_a_flow_run_with_items_is_marked(register: Register, start: Start) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map([1, 2]))
    run = start(register(flow))

    mark_flow_run(flow_run_id=run.pk, state=State.SUCCESS, reason="by hand", result=1)

    assert (state(run), parent(run, "add-1").state) == ("Success", "Cancelled")
    assert item_states(run, "add-1") == ["Cancelled"] * 2


def test_a_mapped_task_that_is_named_runs_all_its_items_again_with_new_children(
    register: Register, start: Start, drain: Drain
) -> None:
    register(one_task("child", keep, value=Parameter("value", default=0)))
    with WrittenFlow("f") as flow:
        keep(child("child", wait=True).map(parameters=[{"value": 1}, {"value": 2}]))
    run = start(register(flow))
    drain()

    restart_flow_run(flow_run_id=run.pk, from_tasks=["Flow child-1"])
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [1, 2])
    assert FlowRun.objects.filter(parent_task_run__flow_run=run).count() == 4
    attempts = TaskRun.objects.filter(flow_run=run, slug="Flow child-1").values_list("attempt", flat=True)
    assert list(attempts) == [2, 2, 2]


def test_a_restart_from_items_that_cannot_start_lets_those_that_follow_them_end_too(
    register: Register, start: Start, drain: Drain
) -> None:
    BAD.add(2)
    with WrittenFlow("f") as flow:
        keep(add.map(add.map(picky.map(numbers()))))
    run = start(register(flow))
    drain()

    restart_flow_run(flow_run_id=run.pk, from_tasks=["add-1"])
    drain()

    assert item_states(run, "add-2") == ["Success", "TriggerFailed", "Success"]
    assert state(run) == "Failed"


def test_items_that_are_given_anew_may_end_before_those_that_follow_them_are(
    register: Register, start: Start, drain: Drain
) -> None:
    skipping = task(lambda x: x, name="skipping")

    def odd(x: Any) -> Any:
        with case(is_even(x), False):
            return skipping(x)

    with WrittenFlow("f") as flow:
        kept = keep.copy(name="kept", skip_on_upstream_skip=False)
        flow.result = keep(keep.map(kept.map(apply_map(odd, numbers()))), task_args={"skip_on_upstream_skip": False})
    run = start(register(flow))
    drain()
    assert item_states(run, "skipping-1") == ["Success", "Skipped", "Success"]

    restart_flow_run(flow_run_id=run.pk, from_tasks=["skipping-1"])
    drain()

    assert item_states(run, "skipping-1") == ["Success", "Skipped", "Success"]
    assert state(run) == "Success"


def test_a_mapped_task_that_had_new_children_once_finds_those_again_when_it_restarts(
    register: Register, start: Start, drain: Drain
) -> None:
    register(one_task("child", picky, x=Parameter("x")))
    with WrittenFlow("f") as flow:
        child("child", wait=True).map(parameters=[{"x": 1}, {"x": 2}])
    run = start(register(flow))
    drain()
    BAD.add(2)
    restart_flow_run(flow_run_id=run.pk, from_tasks=["Flow child-1"])
    drain()
    assert FlowRun.objects.filter(parent_task_run__flow_run=run).count() == 4
    assert item_states(run, "Flow child-1") == ["Success", "Failed"]

    BAD.clear()
    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert item_states(run, "Flow child-1") == ["Success", "Success"]
    assert FlowRun.objects.filter(parent_task_run__flow_run=run).count() == 4
