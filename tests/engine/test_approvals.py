"""What waits for a person: approvals, manual tasks, tasks that paused themselves (numbers: the conformance list)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from orchestrator.core.approvals import UnknownParameters
from orchestrator.core.states import State
from orchestrator.engine.answering import (
    NothingToEdit,
    NotTheirs,
    NotWaiting,
    approve_task_run,
    reject_task_run,
)
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.steps import UnknownTaskRun
from orchestrator.models import FlowRun, Role, StateChange, TaskRun
from orchestrator.sdk import Approval, Flow, context, signals, task
from orchestrator.sdk.triggers import manual_only
from tests.engine.conftest import state, states
from tests.engine.flows import child, fails, one_task, works
from tests.rows import make_user


@task
def doubled(rows):
    return rows * 2


@task
def counted():
    return {"rows": 5, "day": "2026-03-02"}


def waiting(run: FlowRun, slug: str) -> TaskRun:
    return TaskRun.objects.get(flow_run=run, slug=slug)


def release(**more) -> Flow:
    """counted -> release (an approval of what was counted) -> works."""
    with Flow("release") as flow:
        works(upstream_tasks=[Approval("release", message="Ship it?", **more)(parameters=counted())])
    return flow


def test_s118_an_approval_stays_paused_and_its_downstreams_follow_when_it_is_given(register, start, drain, project):
    run = start(register(release()))
    drain()
    recover()
    drain()

    asked = waiting(run, "release-1")
    assert states(run) == {"counted-1": "Success", "release-1": "Paused", "works-1": "Pending"}
    assert (state(run), asked.message, asked.result) == (State.RUNNING, "Ship it?", {"rows": 5, "day": "2026-03-02"})

    ann = make_user(project, Role.OPERATOR)
    approve_task_run(task_run_id=asked.pk, user=ann, reason="looks fine", parameters={"rows": 7})
    drain()

    assert (state(run), set(states(run).values())) == (State.SUCCESS, {"Success"})
    assert waiting(run, "release-1").result == {
        "rows": 7,
        "day": "2026-03-02",
        "approved_by": ann.username,
        "reason": "looks fine",
    }
    change = StateChange.objects.get(task_run=asked, after="Success")
    assert (change.message, change.actor) == (f"Approved by {ann.username}: looks fine", ann)


def test_a_rejected_approval_failed_with_the_reason(register, start, drain, project):
    run = start(register(release()))
    drain()
    ann = make_user(project, Role.EDITOR)

    reject_task_run(task_run_id=waiting(run, "release-1").pk, user=ann, reason="not on a Friday")

    assert states(run) == {"counted-1": "Success", "release-1": "Failed", "works-1": "TriggerFailed"}
    assert waiting(run, "release-1").message == f"Rejected by {ann.username}: not on a Friday"
    with pytest.raises(NotWaiting, match="release-1 is Failed"):
        approve_task_run(task_run_id=waiting(run, "release-1").pk)
    restart_flow_run(flow_run_id=run.pk)
    assert states(run)["release-1"] == "Paused"


def test_only_whose_role_is_enough_may_answer(register, start, drain, project):
    run = start(register(release(role="editor")))
    drain()
    asked = waiting(run, "release-1").pk

    for role in (None, Role.VIEWER, Role.OPERATOR):
        with pytest.raises(NotTheirs, match="role editor"):
            approve_task_run(task_run_id=asked, user=make_user(role and project, role))
        with pytest.raises(NotTheirs):
            reject_task_run(task_run_id=asked, user=make_user(role and project, role), reason="no")
    assert states(run)["release-1"] == "Paused"
    approve_task_run(task_run_id=asked, user=make_user(project, Role.EDITOR))
    assert states(run)["release-1"] == "Success"


@pytest.mark.parametrize(
    ("on_time_limit", "ends", "message"),
    [("fail", "TimedOut", "Nobody approved in time."), ("approve", "Success", "Approved by its time limit.")],
)
def test_an_approval_that_nobody_gave_in_time_ends_as_it_says(register, start, drain, on_time_limit, ends, message):
    run = start(register(release(time_limit=timedelta(hours=2), on_time_limit=on_time_limit)))
    drain()
    asked = waiting(run, "release-1")
    assert timedelta(minutes=119) < asked.due_at - timezone.now() < timedelta(hours=2)
    recover()
    assert states(run)["release-1"] == "Paused"

    TaskRun.objects.filter(pk=asked.pk).update(due_at=timezone.now())
    recover()

    ended = waiting(run, "release-1")
    assert (ended.state, ended.message) == (ends, message)
    if ends == "Success":
        assert (ended.result["rows"], ended.result["approved_by"]) == (5, None)
        assert ended.result["reason"] == "The time limit was over."


def test_what_cannot_be_approved_is_refused_or_fails_with_a_reason(register, start, drain):
    with Flow("f") as flow:
        Approval("given")(parameters=counted())
        Approval("senseless")(parameters=works.copy(name="list")(upstream_tasks=[]))
        Approval("nothing", parameters=None).bind()
        Approval("taken", parameters={"reason": 1}).bind()
    run = start(register(flow))
    drain()

    assert states(run)["nothing-1"] == "Paused"
    assert waiting(run, "taken-1").message == "What is to be approved cannot have the names reason."
    with pytest.raises(UnknownParameters, match="columns to approve; there are: day, rows"):
        approve_task_run(task_run_id=waiting(run, "given-1").pk, parameters={"columns": 1})
    with pytest.raises(UnknownTaskRun):
        approve_task_run(task_run_id=uuid4())
    cancel_flow_run(flow_run_id=run.pk)
    assert states(run)["given-1"] == "Cancelled"


def test_an_approval_is_judged_by_its_trigger_first(register, start, drain):
    with Flow("f") as flow:
        Approval("after")(upstream_tasks=[fails()])
        Approval("anyway", trigger="all_finished")(upstream_tasks=[flow.get_tasks("fails")[0]])
    run = start(register(flow))
    drain()

    assert states(run) == {"fails-1": "Failed", "after-1": "TriggerFailed", "anyway-1": "Paused"}


def test_a_manual_task_and_a_child_run_when_they_are_approved_and_say_by_whom(register, start, drain, project):
    register(one_task("child"))
    with Flow("f") as flow:
        works.copy(name="ships", trigger=manual_only).bind()
        child("child", wait=True, trigger=manual_only)()
    run = start(register(flow))
    drain()
    ann = make_user(project, Role.OPERATOR)

    with pytest.raises(NothingToEdit):
        approve_task_run(task_run_id=waiting(run, "ships-1").pk, parameters={"x": 1})
    for slug in ("ships-1", "Flow child-1"):
        approve_task_run(task_run_id=waiting(run, slug).pk, user=ann, reason="go")
    drain()

    assert (state(run), states(run)) == (State.SUCCESS, {"ships-1": "Success", "Flow child-1": "Success"})
    assert StateChange.objects.filter(message=f"Approved by {ann.username}: go", before="Paused").count() == 2


def test_a_task_that_paused_itself_runs_again_from_its_first_line_when_it_is_approved(register, start, drain):
    seen = []

    @task
    def careful():
        seen.append(context().attempt)
        if not context().resumed:
            raise signals.PAUSE("look at this")

    run = start(register(one_task("f", careful)))
    drain()
    recover()
    assert (states(run), state(run)) == ({"careful-1": "Paused"}, State.RUNNING)

    approve_task_run(task_run_id=waiting(run, "careful-1").pk)
    drain()

    assert (state(run), seen) == (State.SUCCESS, [1, 2])


def test_a_rejected_manual_task_is_not_tried_again(register, start, drain):
    with Flow("f") as flow:
        works.copy(name="ships", trigger=manual_only, max_retries=3, retry_delay_seconds=1.0).bind()
    run = start(register(flow))
    drain()

    reject_task_run(task_run_id=waiting(run, "ships-1").pk, reason="no")

    assert (state(run), states(run)) == (State.FAILED, {"ships-1": "Failed"})


def test_what_is_approved_in_a_paused_run_starts_when_that_is_resumed_and_is_not_asked_again(register, start, drain):
    with Flow("f") as flow:
        works.copy(name="ships", trigger=manual_only).bind()
        works.copy(name="after")(upstream_tasks=[Approval("asks").bind()])
    run = start(register(flow))
    drain()
    pause_flow_run(flow_run_id=run.pk)

    for slug in ("ships-1", "asks-1"):
        approve_task_run(task_run_id=waiting(run, slug).pk)
    drain()

    assert state(run) == State.PAUSED
    assert states(run) == {"ships-1": "Pending", "asks-1": "Success", "after-1": "Pending"}
    resume_flow_run(flow_run_id=run.pk)
    drain()
    assert state(run) == State.SUCCESS
