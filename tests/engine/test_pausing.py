"""Flow runs held and let go."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.pausing import NotPausable, NotPaused, pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow
from tests.engine.conftest import state, states
from tests.engine.flows import child, fails, one_task, works


def two_steps() -> Flow:
    with Flow("f") as flow:
        works.copy(name="after")(upstream_tasks=[works()])
    return flow


def test_nothing_of_a_paused_run_starts_until_it_is_resumed(register, start, drain):
    run = start(register(two_steps()))

    pause_flow_run(flow_run_id=run.pk, user=User.objects.create_user("ann"), reason="maintenance")
    drain()

    assert (state(run), states(run)) == (State.PAUSED, {"works-1": "Pending", "after-1": "Pending"})
    assert FlowRun.objects.get(pk=run.pk).message == "Paused by ann: maintenance"
    assert FlowRun.objects.get(pk=run.pk).started_at is None
    resume_flow_run(flow_run_id=run.pk)
    assert state(run) == State.PENDING
    drain()
    assert state(run) == State.SUCCESS


def test_what_runs_when_a_run_is_paused_goes_on_and_ends(register, start, drain):
    run = start(register(two_steps()))
    (held,) = claim(worker="busy", limit=1)

    pause_flow_run(flow_run_id=run.pk)
    pause_flow_run(flow_run_id=run.pk)
    complete(ended=[(held, Ending(State.SUCCESS))])
    drain()

    assert (state(run), states(run)) == (State.PAUSED, {"works-1": "Success", "after-1": "Pending"})
    resume_flow_run(flow_run_id=run.pk)
    assert (state(run), states(run)["after-1"]) == (State.RUNNING, "Submitted")


def test_a_paused_run_whose_last_task_ends_is_over(register, start, drain):
    run = start(register(one_task("f")))
    (held,) = claim(worker="busy", limit=1)
    pause_flow_run(flow_run_id=run.pk)

    complete(ended=[(held, Ending(State.SUCCESS))])

    assert state(run) == State.SUCCESS


def test_a_retry_that_falls_due_in_a_paused_run_waits_for_the_resume(register, start, drain):
    with Flow("f") as flow:
        fails.copy(name="again", max_retries=1, retry_delay_seconds=3600.0)(upstream_tasks=[])
    run = start(register(flow))
    drain()
    pause_flow_run(flow_run_id=run.pk)
    TaskRun.objects.filter(flow_run=run).update(due_at=timezone.now())

    recover()
    assert states(run) == {"again-1": "Retrying"}
    resume_flow_run(flow_run_id=run.pk)
    recover()

    assert states(run) == {"again-1": "Submitted"}


def test_the_children_of_a_paused_run_go_on_and_what_follows_them_waits(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        second = child("child", wait=True)(upstream_tasks=[child("child", wait=True)()])
        works(upstream_tasks=[second])
    run = start(register(flow))

    pause_flow_run(flow_run_id=run.pk)
    drain()

    assert states(run) == {"Flow child-1": "Success", "Flow child-2": "Pending", "works-1": "Pending"}
    resume_flow_run(flow_run_id=run.pk)
    drain()
    assert state(run) == State.SUCCESS


def test_triggers_are_judged_while_a_run_is_paused(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[fails()])
        works.copy(name="alert", trigger="any_failed")(upstream_tasks=[flow.get_tasks("fails")[0]])
    run = start(register(flow))
    (held,) = claim(worker="busy", limit=1)
    pause_flow_run(flow_run_id=run.pk)
    complete(ended=[(held, Ending(State.FAILED, "no"))])

    assert states(run) == {"fails-1": "Failed", "works-1": "TriggerFailed", "alert-1": "Pending"}
    resume_flow_run(flow_run_id=run.pk)
    drain()
    assert states(run)["alert-1"] == "Success"


def test_a_paused_run_can_be_cancelled_and_only_what_goes_on_can_be_paused(register, start, drain):
    run = start(register(two_steps()))
    with pytest.raises(NotPaused):
        resume_flow_run(flow_run_id=run.pk)
    pause_flow_run(flow_run_id=run.pk)

    cancel_flow_run(flow_run_id=run.pk)

    assert (state(run), states(run)) == (State.CANCELLED, {"works-1": "Cancelled", "after-1": "Cancelled"})
    with pytest.raises(NotPausable, match="is Cancelled"):
        pause_flow_run(flow_run_id=run.pk)
