"""Flow runs on real workers, from their start to their end."""

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_apps
from orchestrator.models import Flow, FlowRun, Origin
from tests.processes import eventually

pytestmark = pytest.mark.workers


def start(name: str, **parameters: object) -> FlowRun:
    flow = Flow.objects.get(project__name="examples", name=name)
    started = start_flow_run(flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.COMMAND)
    return FlowRun.objects.get(pk=started.flow_run_id)


def ended(run: FlowRun) -> FlowRun:
    eventually(lambda: FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists(), else_say="the run ends")
    run.refresh_from_db()
    return run


def test_the_diamond_of_the_seed_ends_successful(start_worker):
    register_apps(now=timezone.now())
    start_worker(concurrency=2)

    run = ended(start("parent-flow"))

    assert run.state == State.SUCCESS, run.message
    by_slug = {task_run.slug: task_run for task_run in run.task_runs.all()}
    assert set(by_slug) == {"Flow A-1", "Flow B-1", "Flow C-1", "Flow D-1"}
    assert all(task_run.state == State.SUCCESS for task_run in by_slug.values())
    assert FlowRun.objects.count() == 5
