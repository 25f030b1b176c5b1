"""Processes die and the broker forgets or goes away: every run still ends, and every child exists once."""

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_apps
from orchestrator.models import Flow, FlowRun, Origin, TaskRun
from tests.processes import eventually

pytestmark = [pytest.mark.workers, pytest.mark.timeout(180)]

# Losses are noticed sooner than in production, so that the tests are short.
SOON = {"ANABRANCH_LEASE_SECONDS": "2", "ANABRANCH_RECOVER_SECONDS": "1"}


def start_diamond() -> FlowRun:
    register_apps(now=timezone.now())
    flow = Flow.objects.get(project__name="examples", name="parent-flow")
    started = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    return FlowRun.objects.get(pk=started.flow_run_id)


def wait_until_running(slug: str) -> TaskRun:
    """Wait until the function of the child that a task of the diamond started is being executed."""
    running = TaskRun.objects.filter(
        state=State.RUNNING, lease_until__isnull=False, flow_run__parent_task_run__slug=slug
    )
    return eventually(running.first, else_say=f"{slug} is being executed")


def assert_ends_successful(run: FlowRun) -> None:
    """Assert that the diamond ends Success, with each of its four children there once."""
    eventually(lambda: FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists(), within=90)
    run.refresh_from_db()
    assert run.state == State.SUCCESS, run.message
    children = FlowRun.objects.filter(parent_task_run__flow_run=run).values_list("flow__name", "state")
    assert sorted(children) == [(name, "Success") for name in "ABCD"]
    assert FlowRun.objects.count() == 5
    assert not TaskRun.objects.exclude(state=State.SUCCESS).exists()


def test_a_worker_that_is_killed_in_the_middle_costs_time_and_nothing_else(start_worker, start_beat, monkeypatch):
    for name, value in SOON.items():
        monkeypatch.setenv(name, value)
    first = start_worker(concurrency=2, wait=False)
    start_beat()
    first.wait_until_ready()
    run = start_diamond()
    held = wait_until_running("Flow B-1")

    first.kill()
    start_worker(concurrency=2)

    assert_ends_successful(run)
    held.refresh_from_db()
    assert (held.attempt, held.lost) == (2, 1)


def test_a_broker_that_forgets_everything_and_is_away_for_a_while_costs_time_and_nothing_else(
    start_worker, start_beat, valkey, monkeypatch
):
    for name, value in SOON.items():
        monkeypatch.setenv(name, value)
    worker = start_worker(concurrency=2, wait=False)
    start_beat()
    worker.wait_until_ready()
    run = start_diamond()
    wait_until_running("Flow A-1")
    valkey.flush()
    wait_until_running("Flow B-1")
    valkey.flush()

    valkey.stop()
    # What becomes ready meanwhile goes on without it.
    wait_until_running("Flow D-1")
    eventually(lambda: "Cannot connect" in worker.output(), else_say="the worker has tried in vain to reach it")
    second = start_diamond()
    valkey.start()

    eventually(lambda: FlowRun.objects.filter(pk__in=[run.pk, second.pk], state=State.SUCCESS).count() == 2, within=90)
    assert FlowRun.objects.filter(parent_task_run__isnull=False).count() == 8
    assert not TaskRun.objects.exclude(state=State.SUCCESS).exists()
