"""Old workers and new workers side by side, and runs that began on an older version: all finish."""

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.registration import register_apps
from orchestrator.models import FlowRun, Origin, StateChange, TaskRun
from orchestrator.sdk import Flow, registry
from tests.engine.conftest import state, states
from tests.engine.flows import one_task, works
from tests.faults.executions import executed_twice, prepare_executions
from tests.faults.shapes.registered import register_shapes
from tests.processes import eventually

OLD = {"ANABRANCH_APPS": "examples"}
NEW = {"ANABRANCH_APPS": "examples,tests.faults.shapes", "ANABRANCH_LEASE_SECONDS": "120"}


def chain(length: int) -> Flow:
    with Flow("changing") as flow:
        last = works()
        for _ in range(length - 1):
            last = works(upstream_tasks=[last])
    return flow


def test_a_run_that_began_on_an_older_version_finishes_with_it(register, start, drain):
    old = start(register(chain(2)))
    new = start(register(chain(3)))

    drain()

    assert [state(old), state(new)] == [State.SUCCESS, State.SUCCESS]
    assert [len(states(old)), len(states(new))] == [2, 3]


def test_a_function_that_no_worker_knows_fails_and_says_so(register, start, drain):
    run = start(register(one_task("gone")))
    registry._flows.clear()

    drain()

    assert state(run) == State.FAILED
    assert "This worker's code has no flow tests/gone" in TaskRun.objects.get(flow_run=run).message


@pytest.mark.workers
@pytest.mark.timeout(180)
def test_a_worker_with_older_code_leaves_what_it_does_not_know_to_a_newer_one(start_worker):
    prepare_executions()
    register_apps(now=timezone.now())
    flow = register_shapes()["steady"]
    start_worker(env=OLD)
    newer = start_worker(env=NEW)
    # It is known to be there, and takes nothing for now.
    newer.pause()

    started = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    passed = StateChange.objects.filter(message__startswith="Left to other workers")
    eventually(lambda: recover() and passed.exists(), else_say="the older worker leaves it")
    newer.resume()
    run = FlowRun.objects.filter(pk=started.flow_run_id)
    eventually(lambda: recover() and run.filter(ended_at__isnull=False).exists(), within=50, else_say="the run ends")

    assert run.get().state == State.SUCCESS
    assert not TaskRun.objects.exclude(attempt=1, lost=0, failures=0).exists()
    assert executed_twice() == []
