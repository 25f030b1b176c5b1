"""Mapped tasks on the real engine: given items, run item by item, reduced, cancelled and restarted."""

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
from orchestrator.sdk import Parameter, apply_map, case, context, flatten, merge, task, unmapped
from orchestrator.sdk.triggers import some_failed
from tests.engine.conftest import state
from tests.engine.flows import child, fails, one_task
from tests.processes import eventually

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]
Drain = Callable[[], None]


@task
def numbers(n: int = 3) -> list[int]:
    return list(range(1, n + 1))


@task
def add(x: int, y: int = 10) -> int:
    return x + y


@task
def keep(value: Any = None) -> Any:
    return value


@task
def picky(x: int) -> int:
    if x in BAD:
        raise ValueError(f"no {x}")
    return x


BAD: set[int] = set()


@pytest.fixture(autouse=True)
def _bad() -> None:
    BAD.clear()


def item_states(run: FlowRun, slug: str) -> list[str]:
    return list(
        TaskRun.objects.filter(flow_run=run, slug=slug, map_index__gte=0)
        .order_by("map_index")
        .values_list("state", flat=True)
    )


def parent(run: FlowRun, slug: str) -> TaskRun:
    return TaskRun.objects.get(flow_run=run, slug=slug, map_index=-1)


@pytest.fixture
def execute(register: Register, start: Start, drain: Drain) -> Callable[..., FlowRun]:
    """Run a written flow to its end."""

    def run(flow: WrittenFlow, **parameters: Any) -> FlowRun:
        started = start(register(flow), **parameters)
        drain()
        started.refresh_from_db()
        return started

    return run


def test_s082_a_task_mapped_over_three_items_runs_three_times_in_order(execute: Callable[..., FlowRun]) -> None:
    with WrittenFlow("f") as flow:
        add.map(numbers())
    run = execute(flow)

    assert (run.state, run.result) == ("Success", [11, 12, 13])
    assert item_states(run, "add-1") == ["Success"] * 3
    assert (parent(run, "add-1").items, parent(run, "add-1").waiting_on) == (3, 0)


def test_s083_s085_the_shorter_list_decides_and_what_is_unmapped_every_item_gets(
    execute: Callable[..., FlowRun],
) -> None:
    both = task(lambda x, y, all_: [x, y, all_], name="both")
    with WrittenFlow("f") as flow:
        both.map(numbers(), numbers(2), all_=unmapped(numbers(1)))
    run = execute(flow)

    assert run.result == [[1, 1, [1]], [2, 2, [1]]]


def test_parameters_and_lists_in_the_flow_are_mapped_over_at_its_start(execute: Callable[..., FlowRun]) -> None:
    with WrittenFlow("f") as flow:
        add.map(Parameter("days"), y=[100, 200])
    run = execute(flow, days=[1, 2, 3])

    assert run.result == [101, 202]


@pytest.mark.parametrize(
    ("source", "ended", "message"),
    [
        (
            task(lambda: {"a": 1}, name="source"),
            "Failed",
            "Nothing can be mapped over: the result of source-1 is an",
        ),
        (task(lambda: "text", name="source"), "Failed", "the result of source-1 is text; only a list has items."),
        (fails, "Failed", "Nothing can be mapped over: fails ended Failed."),
    ],
)
def test_s086_a_mapped_task_without_a_list_fails(
    execute: Callable[..., FlowRun], source: Any, ended: str, message: str
) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map(source()))
    run = execute(flow)

    assert parent(run, "add-1").state == ended
    assert message in parent(run, "add-1").message
    assert parent(run, "keep-1").state == "TriggerFailed"
    assert item_states(run, "add-1") == []


def test_an_empty_list_is_a_success(execute: Callable[..., FlowRun]) -> None:
    with WrittenFlow("f") as flow:
        keep(add.map(add.map(numbers(0))))
    run = execute(flow)

    assert (run.state, run.result) == ("Success", [])
    assert parent(run, "add-2").items == 0


def test_s088_one_failed_item_fails_the_trigger_of_what_reduces_them(execute: Callable[..., FlowRun]) -> None:
    BAD.add(2)
    with WrittenFlow("f") as flow:
        mapped = picky.map(numbers())
        keep(mapped)
        keep(mapped, task_args={"trigger": "any_successful", "name": "any"})
        keep(mapped, task_args={"trigger": some_failed(at_most=1), "name": "some"})
    run = execute(flow)

    assert parent(run, "keep-1").state == "TriggerFailed"
    assert "picky[0], picky[2] ended Success, picky[1] ended Failed" in parent(run, "keep-1").message
    assert parent(run, "any-1").result == [1, None, 3]
    assert parent(run, "some-1").state == "Success"
    assert run.message == "picky: 1 of 3 items failed: [1] ValueError: no 2"


def test_map_over_map_goes_item_by_item(execute: Callable[..., FlowRun]) -> None:
    BAD.add(2)
    with WrittenFlow("f") as flow:
        total = add.map(add.map(picky.map(numbers())), y=unmapped(0))
        keep(total, task_args={"trigger": "all_finished"})
    run = execute(flow)

    assert item_states(run, "picky-1") == ["Success", "Failed", "Success"]
    assert item_states(run, "add-2") == ["Success", "TriggerFailed", "Success"]
    assert parent(run, "add-2").state == "TriggerFailed"
    assert parent(run, "add-2").message.startswith("1 of 3 items could not start: [1] Trigger all_successful asks")
    assert run.result == [11, None, 13]


def test_an_item_goes_on_while_others_before_it_have_not_ended(register: Register, start: Start, drain: Drain) -> None:
    order: list[tuple[str, int]] = []

    @task
    def first(x: int) -> int:
        order.append(("first", x))
        return x

    @task
    def second(x: int) -> int:
        order.append(("second", x))
        return x

    with WrittenFlow("f") as flow:
        second.map(first.map(numbers(40)))
    start(register(flow))
    drain()

    assert len(order) == 80
    assert order.index(("second", 1)) < order.index(("first", 40))


def test_flattened_lists_wait_for_all_and_are_one_list(execute: Callable[..., FlowRun]) -> None:
    with WrittenFlow("f") as flow:
        lists = numbers.map([2, 0, 1])
        mapped = add.map(flatten(lists))
        keep(flatten(lists))
        keep(mapped)
    run = execute(flow)

    assert run.result == {"keep-1": [1, 2, 1], "keep-2": [11, 12, 11]}


def test_s089_s080_only_the_failed_item_is_tried_again(execute: Callable[..., FlowRun], drain: Drain) -> None:
    tried: list[int] = []

    @task(max_retries=1, retry_delay=0)
    def flaky(x: int) -> int:
        tried.append(x)
        if x == 2 and tried.count(2) == 1:
            raise ValueError("first time")
        return x

    with WrittenFlow("f") as flow:
        keep(flaky.map(numbers()))
    run = execute(flow)
    assert item_states(run, "flaky-1") == ["Success", "Submitted", "Success"]
    assert parent(run, "keep-1").state == "Pending"
    drain()
    run.refresh_from_db()

    assert run.result == [1, 2, 3]
    assert sorted(tried) == [1, 2, 2, 3]
    attempts = TaskRun.objects.filter(flow_run=run, slug="flaky-1").order_by("map_index")
    assert list(attempts.values_list("attempt", flat=True)) == [1, 1, 2, 1]


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


def test_s073_s074_a_mapped_start_flow_run_starts_one_child_an_item(
    register: Register, start: Start, drain: Drain
) -> None:
    register(one_task("child", keep, value=Parameter("value", default=0)))
    with WrittenFlow("f") as flow:
        child("child", wait=True).map(parameters=task(lambda: [{"value": n} for n in range(5)], name="list")())
    run = start(register(flow))
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [0, 1, 2, 3, 4])
    items = TaskRun.objects.filter(flow_run=run, slug="Flow child-1", map_index__gte=0)
    keys = set(FlowRun.objects.filter(parent_task_run__flow_run=run).values_list("idempotency_key", flat=True))
    assert keys == {str(item.pk) for item in items}


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


def test_children_follow_mapped_tasks_item_by_item(register: Register, start: Start, drain: Drain) -> None:
    register(one_task("child", keep, value=Parameter("value")))
    described = task(lambda x: {"value": x}, name="describe")
    with WrittenFlow("f") as flow:
        keep(add.map(child("child", wait=True).map(parameters=described.map(numbers()))))
    run = start(register(flow))
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [11, 12, 13])


def test_a_long_list_that_is_kept_outside_the_database_is_mapped_over(
    register: Register, start: Start, drain: Drain
) -> None:
    register(one_task("child", keep, value=Parameter("text")))
    long = task(lambda: [{"text": str(n) * 20_000} for n in range(5)], name="long")
    with WrittenFlow("f") as flow:
        texts = long()
        sizes = task(lambda x: len(x["text"]), name="size").map(texts)
        sent = child("child", wait=True).map(parameters=texts)
        keep([sizes, task(lambda text: text[:3], name="begin").map(sent)])
    run = start(register(flow))

    def has_ended() -> bool:
        drain()
        return state(run) == "Success"

    # Reading files takes long enough on a busy machine for the keeper to give the next ones back beside the drain.
    eventually(has_ended)
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [[20_000] * 5, [str(n) * 3 for n in range(5)]])


def test_apply_map_maps_children_and_functions(register: Register, start: Start, drain: Drain) -> None:
    register(one_task("child", keep, value=Parameter("value")))

    def inner(x: Any, y: Any) -> Any:
        return add(child("child", wait=True)(parameters={"value": x}), y)

    with WrittenFlow("f") as flow:
        apply_map(inner, numbers(), y=unmapped(5))
    run = start(register(flow))
    drain()
    run.refresh_from_db()

    assert (run.state, run.result) == ("Success", [6, 7, 8])


def test_an_item_knows_its_place(execute: Callable[..., FlowRun]) -> None:
    place = task(lambda x: [x, context().map_index], name="place")
    with WrittenFlow("f") as flow:
        place.map([5, 6])

    assert execute(flow).result == [[5, 0], [6, 1]]


def branched(x: Any) -> Any:
    """Double what is even, keep what is odd."""
    with case(is_even(x), True):
        doubled = double(x)
    with case(is_even(x), False):
        kept = keep(x)
    return merge(doubled, kept)


@task
def is_even(x: int) -> bool:
    return x % 2 == 0


@task
def double(x: int) -> int:
    return 2 * x


def test_apply_map_maps_branches(execute: Callable[..., FlowRun]) -> None:
    with WrittenFlow("f") as flow:
        merged = apply_map(branched, numbers(4))
        total = keep(merged)
    run = execute(flow)

    assert (run.state, run.result) == ("Success", [1, 4, 3, 8])
    assert item_states(run, "double-1") == ["Skipped", "Success", "Skipped", "Success"]
    assert flow.run()[total].result == [1, 4, 3, 8]


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
