"""Flow runs held and let go."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.pauses import pause_one, resume_one
from orchestrator.engine.pausing import NotPausable, NotPaused, pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow
from tests.engine.conftest import state, states
from tests.engine.flows import child, fails, one_task, works


def two_steps(name: str = "f", **limits) -> Flow:
    with Flow(name, **limits) as flow:
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


def test_children_that_a_pause_leaves_go_on_and_what_follows_them_waits(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        second = child("child", wait=True)(upstream_tasks=[child("child", wait=True)()])
        works(upstream_tasks=[second])
    run = start(register(flow))

    pause_flow_run(flow_run_id=run.pk, leave_children=True)
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


@pytest.fixture
def tree(register, start):
    """A root that waits for `middle`, which waits for `low`, and for `beside`; another `low` that nobody waits for."""
    register(two_steps("low"))
    register(two_steps("beside"))
    with Flow("middle") as flow:
        child("low", wait=True)()
    register(flow)
    with Flow("root") as flow:
        child("middle", wait=True)()
        child("beside", wait=True)()
        child("low", wait=False)()
    return start(register(flow))


def states_below(root: FlowRun) -> dict[str, str]:
    found = FlowRun.objects.filter(root_run=root).exclude(parent_task_run__slug="Flow low-1", depth=1)
    return dict(found.values_list("flow__name", "state"))


def test_a_pause_holds_the_children_on_every_level_and_a_resume_lets_them_go(tree, drain):
    pause_flow_run(flow_run_id=tree.pk, user=User.objects.create_user("ann"))
    drain()

    assert (state(tree), states_below(tree)) == ("Paused", dict.fromkeys(("middle", "beside", "low"), "Paused"))
    assert FlowRun.objects.get(flow__name="beside").message == "Paused with its parent."
    assert state(FlowRun.objects.get(flow__name="low", depth=1)) == "Success"

    resume_flow_run(flow_run_id=tree.pk)
    assert "Paused" not in states_below(tree).values()
    drain()
    assert (state(tree), set(states_below(tree).values())) == ("Success", {"Success"})


def test_a_resume_leaves_children_that_were_paused_by_themselves(tree, drain):
    beside = FlowRun.objects.get(flow__name="beside")
    pause_flow_run(flow_run_id=beside.pk, reason="mine")

    pause_flow_run(flow_run_id=tree.pk)
    resume_flow_run(flow_run_id=tree.pk)
    drain()

    assert states_below(tree) == {"middle": "Success", "low": "Success", "beside": "Paused"}
    assert FlowRun.objects.get(pk=beside.pk).message == "Paused: mine"


def test_a_child_that_is_resumed_by_itself_goes_on_under_a_parent_that_is_paused(tree, drain):
    pause_flow_run(flow_run_id=tree.pk)
    middle = FlowRun.objects.get(flow__name="middle")

    resume_flow_run(flow_run_id=middle.pk)
    drain()
    assert (state(tree), states_below(tree)) == ("Paused", {"middle": "Success", "low": "Success", "beside": "Paused"})

    resume_flow_run(flow_run_id=tree.pk)
    drain()
    assert state(tree) == "Success"


def test_a_child_that_was_resumed_by_itself_is_held_by_the_next_pause(tree, drain):
    pause_flow_run(flow_run_id=tree.pk)
    beside = FlowRun.objects.get(flow__name="beside")
    resume_flow_run(flow_run_id=beside.pk)
    recover()
    assert state(beside) == "Pending"
    resume_flow_run(flow_run_id=tree.pk)

    pause_flow_run(flow_run_id=tree.pk)

    assert state(beside) == "Paused"


def test_pauses_and_resumes_that_a_process_died_before_are_found_from_the_states(tree):
    pause_one(flow_run_id=tree.pk)
    assert set(states_below(tree).values()) == {"Pending", "Running"}
    recover()
    recover()
    assert set(states_below(tree).values()) == {"Paused"}

    resume_one(flow_run_id=tree.pk)
    assert set(states_below(tree).values()) == {"Paused"}
    recover()
    recover()
    assert "Paused" not in states_below(tree).values()


def test_a_cancel_that_leaves_the_children_lets_those_go_that_a_pause_holds(tree, drain):
    pause_flow_run(flow_run_id=tree.pk)

    cancel_flow_run(flow_run_id=tree.pk, leave_children=True)
    drain()

    assert (state(tree), set(states_below(tree).values())) == ("Cancelled", {"Success"})


def test_a_child_that_waits_for_room_does_not_begin_while_its_parent_holds_it(register, start, drain):
    limited = register(two_steps("low", max_runs=1))
    first = start(limited)
    with Flow("parent") as flow:
        child("low", wait=True)()
    run = start(register(flow))
    waiting = FlowRun.objects.get(parent_task_run__flow_run=run)
    assert state(waiting) == "Queued"

    pause_flow_run(flow_run_id=run.pk)
    drain()
    assert (state(first), state(waiting), states(waiting)) == (
        "Success",
        "Paused",
        {"works-1": "Pending", "after-1": "Pending"},
    )
    resume_flow_run(flow_run_id=run.pk)
    drain()
    assert state(run) == "Success"


def test_children_of_items_are_held_with_their_task(register, start, drain):
    register(one_task("low"))
    with Flow("f") as flow:
        child("low", wait=True).map(parameters=[{}, {}])
    run = start(register(flow))

    pause_flow_run(flow_run_id=run.pk)
    assert set(FlowRun.objects.filter(root_run=run).values_list("state", flat=True)) == {"Paused"}
    resume_flow_run(flow_run_id=run.pk)
    drain()

    assert state(run) == "Success"


def test_a_child_that_begins_while_its_parent_is_paused_is_judged_before_it_is_resumed(register, start):
    with Flow("asking", max_runs=1) as asking:
        works.copy(name="asks", trigger="manual_only")()
    before = start(register(asking))
    with Flow("parent") as parent:
        child("asking", wait=True)()
    run = start(register(parent))
    waiting = FlowRun.objects.get(parent_task_run__flow_run=run)
    pause_flow_run(flow_run_id=run.pk)
    cancel_flow_run(flow_run_id=before.pk)
    assert state(waiting) == State.PAUSED

    resume_flow_run(flow_run_id=run.pk)

    assert (state(waiting), states(waiting)) == (State.RUNNING, {"asks-1": "Paused"})
