"""Starting a flow run: parameters, idempotency, start times (numbers: the conformance list)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.flow_runs import IdempotencyConflict, start_flow_run
from orchestrator.engine.parameters import InvalidParameters
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, Origin
from orchestrator.sdk import Flow, Parameter
from tests.clients import client_of
from tests.engine.flows import WORKS, fails, one_task, works


def test_s071_the_same_key_gives_the_same_run_and_other_parameters_are_refused(register):
    with Flow("f") as flow:
        works.copy(name="x").bind(upstream_tasks=[Parameter("n", default=1)])
    flow = register(flow)

    def begin(**parameters):
        return start_flow_run(
            flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.API, idempotency_key="k"
        )

    first = begin(n=1)
    assert first.created
    again = begin()
    assert (again.flow_run_id, again.created) == (first.flow_run_id, False)
    with pytest.raises(IdempotencyConflict, match=str(first.flow_run_id)):
        begin(n=2)
    assert FlowRun.objects.count() == 1


def test_s071_a_key_stands_for_its_run_also_when_a_later_version_has_other_parameters(register, drain):
    def registered(**parameters):
        with Flow("f") as flow:
            works.copy(name="x").bind(upstream_tasks=[Parameter(name, **rule) for name, rule in parameters.items()])
        return register(flow)

    def begin(flow, **parameters):
        return start_flow_run(
            flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.API, idempotency_key="k"
        )

    first = begin(registered(n={"default": 1}), n=2)
    drain()
    for flow in (registered(n={"default": 1}, more={"default": 1}), registered(more={})):
        again = begin(flow, n=2)
        assert (again.flow_run_id, again.created) == (first.flow_run_id, False)
    with pytest.raises(InvalidParameters):
        begin(flow, n=3)
    with pytest.raises(IdempotencyConflict):
        begin(flow, more=3)
    assert FlowRun.objects.count() == 1


def test_parameters_are_refused_before_anything_is_created(register, start):
    with Flow("f") as flow:
        works.copy(name="x").bind(upstream_tasks=[Parameter("day", type=str), Parameter("n", default=1, type=int)])
    flow = register(flow)

    with pytest.raises(InvalidParameters) as refused:
        start(flow, n="x", dya=1)

    assert [(found.code, found.field) for found in refused.value.problems] == [
        ("missing_parameter", "day"),
        ("unknown_parameter", "dya"),
        ("invalid_parameter", "n"),
    ]
    assert not FlowRun.objects.exists()


def test_s112_a_new_flow_run_is_one_of_the_latest_version_and_no_other_can_be_asked_for(register, start):
    old = register(one_task("f")).latest_version
    flow = register(one_task("f", fails))
    run = start(flow)
    client = client_of(User.objects.create_superuser("root"))

    refused = client.post("/api/v1/flow-runs/", {"flow": "tests/f", "version": old.number})

    assert (run.version, run.version.number) == (flow.latest_version, 2)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "version")
    assert FlowRun.objects.count() == 1


def test_s113_a_new_version_leaves_the_flow_runs_that_wait_for_their_time_to_the_old_one(register, drain):
    now = timezone.now()
    old = register(one_task("f"))
    waiting = start_flow_run(
        flow=old, parameters={}, now=now, origin=Origin.API, scheduled_start_time=now + timedelta(hours=1)
    )
    changed = one_task("f")
    with changed:
        works()
    register(changed)
    FlowRun.objects.update(scheduled_start_time=now)
    recover()
    drain()

    run = FlowRun.objects.get(pk=waiting.flow_run_id)
    assert (run.version.number, run.state, run.result) == (1, State.SUCCESS, WORKS)


def test_s061_a_scheduled_start_time_is_kept_and_the_run_begins_when_it_is_due(register, drain):
    flow = register(one_task("f"))
    now = timezone.now()

    run = start_flow_run(
        flow=flow, parameters={}, now=now, origin=Origin.API, scheduled_start_time=now + timedelta(hours=1)
    )
    drain()
    recover()
    assert FlowRun.objects.get(pk=run.flow_run_id).state == State.SCHEDULED
    FlowRun.objects.filter(pk=run.flow_run_id).update(scheduled_start_time=now)
    recover()
    drain()

    assert FlowRun.objects.get(pk=run.flow_run_id).state == State.SUCCESS
