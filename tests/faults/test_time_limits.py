"""Functions that run for longer than they may, in real workers."""

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.registration import register_apps, register_flow
from orchestrator.models import FlowRun, Project, TaskRun
from tests.faults.stubborn import flows as stubborn
from tests.faults.test_cancels import assert_goes_on, start
from tests.processes import eventually

pytestmark = pytest.mark.workers


def test_a_function_that_does_not_stop_when_its_time_is_over_is_ended_with_its_process(start_worker):
    project = Project.objects.create(name="stubborn")
    register_flow(flow=stubborn.overdue, project=project.name, now=timezone.now())
    register_apps(now=timezone.now())
    start_worker(env={"ANABRANCH_APPS": "examples,tests.faults.stubborn", "ANABRANCH_CANCEL_GRACE_SECONDS": "1"})

    run = start("stubborn", "overdue")

    eventually(FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists, else_say="the flow run ends")
    row = TaskRun.objects.get(flow_run=run)
    assert row.state == State.TIMED_OUT
    assert row.message == (
        "Took longer than its time limit of 0.2 s. The function did not stop, so its process was ended."
    )
    assert_goes_on(start("examples", "B", seconds=0))
