"""States given by hand, and what follows from them."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim, renew
from orchestrator.engine.completing import complete
from orchestrator.engine.marking import NotMarkable, mark_flow_run, mark_task_run
from orchestrator.engine.pausing import pause_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.steps import UnknownTaskRun
from orchestrator.models import FlowRun, StateChange, TaskRun
from orchestrator.sdk import Flow, task
from tests.engine.conftest import state, states
from tests.engine.flows import WORKS, child, fails, one_task, works


@task
def doubled(x):
    return x * 2


def mark(run: FlowRun, slug: str, to: State, **more):
    mark_task_run(
        task_run_id=TaskRun.objects.get(flow_run=run, slug=slug, map_index=-1).pk, state=to, reason="it is fine", **more
    )


def broken_in_the_middle() -> Flow:
    """fails -> doubled -> works, and an alert that runs only if something failed."""
    with Flow("f") as flow:
        failed = fails()
        works(upstream_tasks=[doubled(failed)])
        works.copy(name="alert", trigger="any_failed")(upstream_tasks=[failed])
    return flow


def test_a_failed_task_marked_success_lets_what_did_not_start_after_it_run_with_its_result(register, start, drain):
    run = start(register(broken_in_the_middle()))
    drain()
    assert states(run) == {
        "fails-1": "Failed",
        "doubled-1": "TriggerFailed",
        "works-1": "TriggerFailed",
        "alert-1": "Success",
    }

    mark(run, "fails-1", State.SUCCESS, user=User.objects.create_user("ann"), result=21)
    assert state(run) in (State.PENDING, State.RUNNING)
    drain()

    assert states(run) == {"fails-1": "Success", "doubled-1": "Success", "works-1": "Success", "alert-1": "Success"}
    assert TaskRun.objects.get(flow_run=run, slug="doubled-1").result == 42
    assert (state(run), FlowRun.objects.get(pk=run.pk).attempt) == (State.SUCCESS, 2)
    change = StateChange.objects.get(task_run__slug="fails-1", before="Failed")
    assert (change.after, change.message, change.actor.username) == (
        "Success",
        "Marked Success by ann: it is fine",
        "ann",
    )


def test_a_successful_task_marked_failed_lets_start_what_waits_for_a_failure(register, start, drain):
    with Flow("f") as flow:
        fine = works()
        works.copy(name="alert", trigger="any_failed")(upstream_tasks=[fine])
        works.copy(name="after")(upstream_tasks=[fine])
    run = start(register(flow))
    drain()

    mark(run, "works-1", State.FAILED)
    drain()

    assert states(run) == {"works-1": "Failed", "alert-1": "Success", "after-1": "Success"}


def test_a_marked_task_of_a_run_that_goes_on_releases_what_waits_for_it(register, start, drain):
    with Flow("f") as flow:
        slow = fails.copy(name="slow", max_retries=1, retry_delay_seconds=3600.0)(upstream_tasks=[])
        works(upstream_tasks=[slow])
    run = start(register(flow))
    drain()

    mark(run, "slow-1", State.SKIPPED)
    drain()

    assert (states(run), state(run)) == ({"slow-1": "Skipped", "works-1": "Skipped"}, State.SUCCESS)


def test_what_runs_is_fenced_when_it_is_marked(register, start, drain):
    run = start(register(one_task("f")))
    (held,) = claim(worker="slow", limit=1)

    mark(run, "works-1", State.SUCCESS, result="by hand")

    assert renew(claims=[held]) == {}
    complete(ended=[(held, Ending(State.FAILED, "too late"))])
    assert TaskRun.objects.get(flow_run=run).result == "by hand"
    assert state(run) == State.SUCCESS


def test_what_runs_goes_on_when_something_before_it_is_judged_again(register, start, drain):
    with Flow("f") as flow:
        never = works(upstream_tasks=[fails()])
        works.copy(name="last", trigger="all_finished", skip_on_upstream_skip=False)(upstream_tasks=[never])
    run = start(register(flow))
    (held,) = claim(worker="w", limit=1)
    complete(ended=[(held, Ending(State.FAILED))])
    (last,) = claim(worker="w", limit=1)
    assert last.slug == "last-1"

    mark(run, "fails-1", State.SKIPPED)

    assert states(run) == {"fails-1": "Skipped", "works-1": "Skipped", "last-1": "Running"}
    complete(ended=[(last, Ending(State.SUCCESS))])
    assert state(run) == State.SUCCESS


def test_a_mapped_task_that_runs_counts_its_items_whatever_is_judged_again_before_it(register, start, drain):
    with Flow("f") as flow:
        never = works(upstream_tasks=[fails()])
        mapped = task(lambda x: x, name="mapped", trigger="all_finished", skip_on_upstream_skip=False)
        mapped.map(x=[1, 2], upstream_tasks=[never])
    run = start(register(flow))
    (held,) = claim(worker="w", limit=1)
    complete(ended=[(held, Ending(State.FAILED))])

    mark(run, "fails-1", State.SKIPPED)
    drain()

    assert states(run) == {"fails-1": "Skipped", "works-1": "Skipped", "mapped-1": "Success"}


def test_a_mapped_task_that_ended_first_counts_nothing_when_something_before_it_ends_again(register, start, drain):
    with Flow("f") as flow:
        never = works(upstream_tasks=[fails()])
        mapped = task(lambda x: x, name="mapped", trigger="all_finished", skip_on_upstream_skip=False)
        mapped.map(x=[1], upstream_tasks=[never])
    run = start(register(flow))
    (held,) = claim(worker="w", limit=1)
    complete(ended=[(held, Ending(State.FAILED))])
    (item,) = claim(worker="w", limit=1)
    mark(run, "fails-1", State.SUCCESS)
    complete(ended=[(item, Ending(State.SUCCESS))])
    assert states(run) == {"fails-1": "Success", "works-1": "Submitted", "mapped-1": "Success"}

    drain()

    assert (state(run), states(run)["works-1"]) == (State.SUCCESS, "Success")


def test_a_child_that_was_waited_for_runs_on_when_the_task_is_marked(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("child", wait=True)()])
    run = start(register(flow))

    mark(run, "Flow child-1", State.SUCCESS)
    drain()

    assert (state(run), states(run)) == (State.SUCCESS, {"Flow child-1": "Success", "works-1": "Success"})
    assert FlowRun.objects.get(flow__name="child").state == State.SUCCESS


def test_marking_a_task_of_a_child_heals_the_parent_that_failed_by_it(register, start, drain):
    register(one_task("child", fails))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("child", wait=True)()])
    run = start(register(flow))
    drain()
    assert state(run) == State.FAILED

    mark(FlowRun.objects.get(flow__name="child"), "fails-1", State.SUCCESS)
    drain()

    assert (state(run), states(run)) == (State.SUCCESS, {"Flow child-1": "Success", "works-1": "Success"})


def test_marking_a_failed_child_run_heals_its_parent_too(register, start, drain):
    register(one_task("child", fails))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("child", wait=True)()])
    run = start(register(flow))
    drain()

    inner = FlowRun.objects.get(flow__name="child")
    mark_flow_run(flow_run_id=inner.pk, state=State.SUCCESS, reason="done by hand", result=WORKS)
    drain()

    assert (state(inner), states(inner)) == (State.SUCCESS, {"fails-1": "Failed"})
    assert (state(run), states(run)) == (State.SUCCESS, {"Flow child-1": "Success", "works-1": "Success"})
    assert TaskRun.objects.get(flow_run=run, slug="Flow child-1").result == WORKS


@pytest.mark.parametrize("to", [State.SUCCESS, State.FAILED, State.SKIPPED, State.CANCELLED])
def test_an_unfinished_flow_run_marked_ends_at_once_with_what_runs_fenced_and_its_parent_told(
    register, start, drain, to
):
    with Flow("child") as flow:
        works.copy(name="after")(upstream_tasks=[works()])
    register(flow)
    with Flow("parent") as flow:
        child("child", wait=True)()
    run = start(register(flow))
    (held,) = claim(worker="slow", limit=1)
    inner = FlowRun.objects.get(flow__name="child")

    mark_flow_run(flow_run_id=inner.pk, state=to, reason="enough")
    complete(ended=[(held, Ending(State.SUCCESS))])

    assert (state(inner), states(inner)) == (to, {"works-1": "Cancelled", "after-1": "Cancelled"})
    assert states(run) == {"Flow child-1": to}
    restart_flow_run(flow_run_id=inner.pk)
    drain()
    assert (state(inner), states(inner)) == (State.SUCCESS, {"works-1": "Success", "after-1": "Success"})


def test_a_mark_in_a_paused_run_starts_nothing(register, start, drain):
    with Flow("f") as flow:
        works.copy(name="after")(upstream_tasks=[works()])
    run = start(register(flow))
    pause_flow_run(flow_run_id=run.pk)

    mark(run, "works-1", State.SUCCESS)
    drain()

    assert (state(run), states(run)) == (State.PAUSED, {"works-1": "Success", "after-1": "Pending"})


def test_what_cannot_be_marked_is_refused(register, start, drain):
    run = start(register(one_task("f")))
    drain()

    with pytest.raises(NotMarkable, match="works-1 is Success already"):
        mark(run, "works-1", State.SUCCESS)
    with pytest.raises(NotMarkable, match="not Running"):
        mark(run, "works-1", State.RUNNING)
    with pytest.raises(NotMarkable, match="is Success already"):
        mark_flow_run(flow_run_id=run.pk, state=State.SUCCESS, reason="")
    with pytest.raises(UnknownTaskRun):
        mark_task_run(task_run_id=uuid4(), state=State.SUCCESS, reason="")


def test_a_run_that_is_being_cancelled_ends_as_cancelled_whatever_is_marked(register, start, drain):
    run = start(register(broken_in_the_middle()))
    (held,) = claim(worker="slow", limit=1)
    cancel_flow_run(flow_run_id=run.pk)

    with pytest.raises(NotMarkable, match="is being cancelled"):
        mark_flow_run(flow_run_id=run.pk, state=State.SUCCESS, reason="")
    mark(run, "doubled-1", State.SUCCESS)
    assert state(run) == State.CANCELLING
    mark(run, "fails-1", State.SUCCESS)
    complete(ended=[(held, Ending(State.SUCCESS))])

    assert state(run) == State.CANCELLED
    assert states(run)["works-1"] == "Cancelled"


def test_a_mapped_task_marked_as_a_whole_counts_as_marked_for_what_comes_after_it(register, start, drain):
    with Flow("f") as flow:
        mapped = task(_odd).map(x=[1, 2])
        task(lambda found: found, name="reduced")(found=mapped)
    run = start(register(flow))
    drain()
    assert states(run)["reduced-1"] == "TriggerFailed"

    mark(run, "_odd-1", State.SUCCESS, result=[1, 3])
    drain()

    assert TaskRun.objects.get(flow_run=run, slug="reduced-1").result == [1, 3]


def _odd(x):
    if x % 2 == 0:
        raise ValueError("even")
    return x
