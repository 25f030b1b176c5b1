"""What a child flow run that failed is told when its parent is restarted: what its parent would start it with now."""

import pytest

from orchestrator.core.large import INLINE_BYTES
from orchestrator.core.states import State
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.restarts import restart_one
from orchestrator.models import FlowRun, StateChange
from orchestrator.sdk import Flow, Parameter, task, unmapped
from tests.engine.conftest import of, state
from tests.engine.flows import child

CALLS: list[object] = []


@task
def first() -> None:
    CALLS.append("first")


@task
def picky(x: int) -> int:
    CALLS.append(x)
    if x < 0:
        raise ValueError(f"{x} is too little")
    return x


@task
def given(x: int) -> dict[str, int]:
    return {"x": x}


@pytest.fixture
def failed(register, start, drain):
    """A root, its child and the child's child, which failed by the parameter that all three were told."""
    CALLS.clear()
    with Flow("low") as flow:
        picky(Parameter("x", type=int), upstream_tasks=[first()])
    register(flow)
    with Flow("middle") as flow:
        child("low", wait=True)(parameters={"x": Parameter("x", type=int)})
    register(flow)
    with Flow("root") as flow:
        child("middle", wait=True)(parameters=given(Parameter("x", type=int)))
    run = start(register(flow), x=-1)
    drain()
    assert (state(run), CALLS) == (State.FAILED, ["first", -1])
    return run


def children() -> dict[str, tuple[str, int, dict[str, int]]]:
    found = FlowRun.objects.exclude(flow__name="root")
    return {run.flow.name: (run.state, run.attempt, run.parameters) for run in found.select_related("flow")}


def test_other_parameters_reach_the_children_that_run_again_on_every_level(failed, drain):
    restart_flow_run(flow_run_id=failed.pk, from_tasks=["given-1"], parameters={"x": 2})
    drain()

    assert (state(failed), CALLS) == (State.SUCCESS, ["first", -1, 2])
    assert children() == {"middle": ("Success", 2, {"x": 2}), "low": ("Success", 2, {"x": 2})}
    why = "Restarted by the retry of its parent with other parameters (x)."
    assert StateChange.objects.filter(message=why, task_run=None).count() == 2


def test_what_a_process_that_died_had_not_told_a_child_is_told_by_recovery(failed, drain):
    restart_one(flow_run_id=failed.pk, from_tasks=["given-1"], parameters={"x": 2})

    recover()
    drain()

    assert children() == {"middle": ("Success", 2, {"x": 2}), "low": ("Success", 2, {"x": 2})}


def test_a_child_keeps_what_a_person_gave_it_where_its_parent_does_not_say_otherwise(register, start, drain):
    CALLS.clear()
    with Flow("low") as flow:
        given.copy(name="kept")(Parameter("y", default=1))
        picky(Parameter("x", type=int))
    register(flow)
    with Flow("root") as flow:
        child("low", wait=True)(parameters={"x": Parameter("x", type=int)})
    run = start(register(flow), x=-1)
    drain()
    restart_flow_run(flow_run_id=FlowRun.objects.get(flow__name="low").pk, parameters={"y": 7, "x": -5})
    drain()

    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert children() == {"low": ("Failed", 3, {"x": -1, "y": 7})}


def test_parameters_that_the_child_refuses_fail_the_task_and_leave_the_child_as_it_is(register, start, drain):
    CALLS.clear()
    with Flow("low") as flow:
        picky(Parameter("x", type=int))
    register(flow)
    with Flow("root") as flow:
        child("low", wait=True)(parameters={"x": Parameter("x")})
    run = start(register(flow), x=-1)
    drain()

    restart_flow_run(flow_run_id=run.pk, parameters={"x": "many"})
    drain()

    assert (state(run), children()) == (State.FAILED, {"low": ("Failed", 1, {"x": -1})})
    refused = "tests/low refuses these parameters. Parameter 'x' must be of type integer, but is \"many\"."
    assert of(run, "Flow low-1").message == refused


def test_items_tell_their_children_and_large_results_are_told_too(register, start, drain):
    CALLS.clear()

    @task
    def write() -> str:
        return "x" * INLINE_BYTES

    with Flow("low") as flow:
        picky(Parameter("x", type=int), upstream_tasks=[Parameter("text", type=str)])
    register(flow)
    with Flow("root") as flow:
        told = {"x": Parameter("x", type=int), "text": write()}
        child("low", wait=True).map(run_name=["one", "two"], parameters=unmapped(told))
    run = start(register(flow), x=-1)
    drain()
    assert (state(run), CALLS) == (State.FAILED, [-1, -1])

    restart_flow_run(flow_run_id=run.pk, parameters={"x": 3})
    drain()

    assert (state(run), CALLS) == (State.SUCCESS, [-1, -1, 3, 3])
    runs = FlowRun.objects.filter(flow__name="low").order_by("name")
    assert [(one.name, one.attempt, one.parameters["x"]) for one in runs] == [("one", 2, 3), ("two", 2, 3)]
