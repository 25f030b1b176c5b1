"""What a process read of a flow before is acted on without asking, and never wins against what the row says now."""

import pytest

from bench.counting import counting
from orchestrator.core.states import State
from orchestrator.engine.flow_runs import NoVersion
from orchestrator.engine.parameters import InvalidParameters
from orchestrator.models import Flow as Row
from orchestrator.models import FlowRun
from orchestrator.sdk import Flow, Parameter, task
from tests.engine.flows import child, one_task, wide


@task
def gives(value: object) -> object:
    return value


def giving(name: str, parameter: str) -> Flow:
    """Return a flow whose only parameter, which is required, has that name."""
    with Flow(name) as flow:
        gives(Parameter(parameter))
    return flow


def test_the_second_start_of_a_flow_is_one_flight_to_the_database(register, start):
    flow = register(one_task("f"))
    start(flow)
    with counting() as counts:
        start(flow)

    assert (counts.flights, counts.transactions) == (1, 1)


def test_a_version_published_since_the_last_start_is_the_one_that_starts(register, start):
    flow = register(wide("f", 1))
    first = start(flow)

    register(wide("f", 2))

    second = start(flow)
    assert (first.version.number, second.version.number) == (1, 2)
    assert second.task_runs.count() == 2


def test_a_child_is_of_the_version_published_since_the_last_one_started(register, start, drain):
    register(wide("small", 1))
    parent = register(one_task("parent", child("small", wait=True)))
    start(parent)
    drain()

    register(wide("small", 2))
    start(parent)
    drain()

    assert sorted(FlowRun.objects.filter(flow__name="small").values_list("version__number", "state")) == [
        (1, State.SUCCESS),
        (2, State.SUCCESS),
    ]


def test_parameters_are_checked_against_the_version_that_starts(register, start):
    flow = register(giving("f", "day"))
    start(flow, day=1)

    register(giving("f", "month"))

    assert start(flow, month=1).parameters == {"month": 1}
    with pytest.raises(InvalidParameters):
        start(flow, day=1)


def test_a_limit_set_since_the_last_start_holds(register, start):
    flow = register(one_task("f"))
    start(flow)

    Row.objects.filter(pk=flow.pk).update(max_runs=1)

    assert start(flow).state == State.QUEUED


def test_a_child_whose_flow_was_renamed_since_is_not_found(register, start, drain):
    small = register(one_task("small"))
    parent = register(one_task("parent", child("small", wait=True)))
    start(parent)
    drain()

    Row.objects.filter(pk=small.pk).update(name="tiny")
    run = start(parent)
    drain()

    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "not found" in run.task_runs.get().message


def test_a_flow_without_its_version_does_not_start_from_memory(register, start):
    flow = register(one_task("f"))
    start(flow)

    Row.objects.filter(pk=flow.pk).update(latest_version=None)

    with pytest.raises(NoVersion):
        start(flow)
    assert FlowRun.objects.count() == 1
