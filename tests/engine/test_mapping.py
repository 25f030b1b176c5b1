"""Mapped tasks on the real engine: given items, run item by item, reduced."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.models import Flow, FlowRun, TaskRun
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, apply_map, case, context, flatten, merge, task, unmapped
from orchestrator.sdk.triggers import some_failed
from tests.engine.conftest import state
from tests.engine.flows import child, fails, one_task
from tests.engine.mapped import BAD, add, is_even, item_states, keep, numbers, parent, picky
from tests.processes import eventually

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]
Drain = Callable[[], None]


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
        (fails, "Failed", "Nothing can be mapped over: fails failed."),
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
    assert "picky[0], picky[2] succeeded, picky[1] failed" in parent(run, "keep-1").message
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
