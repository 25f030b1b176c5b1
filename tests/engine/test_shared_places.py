"""A flow run that waits shares its place with what it waits for, so that no limit makes it wait for itself."""

import pytest
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.following import carry_out
from orchestrator.engine.registration import register_flow
from orchestrator.models import FlowRun, Project, TaskRun
from orchestrator.sdk import Flow, Parameter, StartFlowRun, case, task, wait_for_flow_run
from tests.engine.conftest import state
from tests.engine.flows import child, one_task, works


@task
def less(n: int) -> int:
    return n - 1


@task
def is_some(n: int) -> bool:
    return n > 0


@task
def named(name: str) -> str:
    """Return the name of a flow, which nobody knows before it runs."""
    return name


def counting_down(**limits) -> Flow:
    """Return a flow that starts itself again until its parameter is 0."""
    with Flow("again", **limits) as flow:
        n = less(Parameter("n", type=int))
        with case(is_some(n), True):
            child(None, wait=True)(flow_name=named("again"), parameters={"n": n})
    return flow


@pytest.mark.parametrize("overlap", ["queue", "skip", "cancel_older"])
def test_a_run_that_starts_its_own_flow_shares_its_place_with_it(register, start, drain, overlap):
    run = start(register(counting_down(max_runs=1, overlap=overlap)), n=3)
    drain()

    assert state(run) == State.SUCCESS
    assert list(FlowRun.objects.values_list("state", flat=True)) == [State.SUCCESS] * 3


def test_others_wait_until_both_have_ended(register, start, drain):
    flow = register(counting_down(max_runs=1))
    first = start(flow, n=2)
    second = start(flow, n=1)
    drain()

    assert [state(first), state(second)] == [State.SUCCESS, State.SUCCESS]
    below = FlowRun.objects.get(parent_task_run__flow_run=first)
    second.refresh_from_db()
    assert second.started_at > below.ended_at


def test_a_run_below_one_of_another_project_shares_the_place_of_the_run_above(register, start, drain, project):
    between = Project.objects.create(name="between")
    register(one_task("inner"))
    with Flow("middle") as middle:
        child("inner", wait=True)()
    register_flow(flow=middle, project="between", now=timezone.now())
    with Flow("outer") as outer:
        StartFlowRun(flow_name="middle", project_name="between", wait=True)()
    flow = register(outer)
    Project.objects.filter(pk=project.pk).update(max_runs=1)
    Project.objects.filter(pk=between.pk).update(max_runs=1)
    runs = [start(flow), start(flow)]
    drain()

    assert [state(run) for run in runs] == [State.SUCCESS, State.SUCCESS]


def test_a_run_waits_for_another_of_its_flow_that_waits_for_room(register, start, drain):
    with Flow("waits", max_runs=1) as flow:
        wait_for_flow_run(works())
    flow = register(flow)
    leaf = start(register(one_task("leaf")))
    drain()
    first, second = start(flow), start(flow)
    assert [state(first), state(second)] == [State.PENDING, State.QUEUED]

    answer(second)
    assert [state(first), state(second)] == [State.RUNNING, State.PENDING]
    answer(leaf)

    assert [state(first), state(second)] == [State.SUCCESS, State.SUCCESS]


def answer(awaited: FlowRun) -> None:
    """Be a worker that ends the next task run with the id of the flow run to wait for."""
    (held,) = claim(worker="w", limit=1)
    carry_out(complete(ended=[(held, Ending(State.SUCCESS, "", str(awaited.pk)))]))


def test_a_child_passes_runs_of_its_flow_that_wait_for_room_of_the_project(register, start, drain, project):
    inner = register(one_task("inner"))
    with Flow("outer") as outer:
        child("inner", wait=True)(upstream_tasks=[works()])
    flow = register(outer)
    Project.objects.update(max_runs=1)
    type(inner).objects.filter(pk=inner.pk).update(max_runs=2)
    first = start(flow)
    second = start(inner)
    assert state(second) == State.QUEUED
    drain()

    assert [state(first), state(second)] == [State.SUCCESS, State.SUCCESS]
    assert not TaskRun.objects.exclude(state=State.SUCCESS).exists()
