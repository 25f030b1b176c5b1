"""Restarts: from what failed, from any task, with other parameters, on every level."""

import pytest
from django.contrib.auth.models import User

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.cancels import cancel_one
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.draining import Drain
from orchestrator.engine.healing import heal_parent
from orchestrator.engine.marking import mark_task_run
from orchestrator.engine.parameters import InvalidParameters
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import NotFinished, NothingToRestart, UnknownTask, restart_flow_run
from orchestrator.engine.restarts import restart_one
from orchestrator.models import FlowRun, StateChange, TaskRun
from orchestrator.sdk import Flow, Parameter, task
from tests.engine.conftest import state, states
from tests.engine.flows import child, failing_once, fails, one_task, works


def attempts(run: FlowRun) -> dict[str, int]:
    return dict(TaskRun.objects.filter(flow_run=run).values_list("slug", "attempt"))


def row_of(names: str) -> Flow:
    """Return a flow of tasks that work, one after the other."""
    with Flow("row") as flow:
        before = None
        for name in names:
            before = works.copy(name=name)(upstream_tasks=[before] if before else [])
    return flow


def test_a_restart_from_a_task_runs_it_and_everything_after_it_whatever_their_states(register, start, drain):
    run = start(register(row_of("abc")))
    drain()

    restart_flow_run(flow_run_id=run.pk, from_tasks=["b-1"], user=User.objects.create_user("ann"))

    assert states(run) == {"a-1": "Success", "b-1": "Submitted", "c-1": "Pending"}
    drain()
    assert (state(run), attempts(run)) == (State.SUCCESS, {"a-1": 1, "b-1": 2, "c-1": 2})
    told = StateChange.objects.get(flow_run=run, task_run=None, after="Pending")
    assert (told.message, told.actor.username) == ("Restarted by ann from b.", "ann")


def test_a_restart_that_names_no_task_of_the_flow_changes_nothing(register, start, drain):
    run = start(register(row_of("ab")))
    drain()

    with pytest.raises(UnknownTask, match="tests/row version 1 has no task z-1"):
        restart_flow_run(flow_run_id=run.pk, from_tasks=["a-1", "z-1"])

    assert (state(run), attempts(run)) == (State.SUCCESS, {"a-1": 1, "b-1": 1})


def test_a_restart_judges_triggers_again(register, start, drain):
    with Flow("f") as flow:
        broken = fails()
        works.copy(name="alert", trigger="any_failed")(upstream_tasks=[works()])
        works.copy(name="after")(upstream_tasks=[broken])
    run = start(register(flow))
    drain()
    assert states(run)["alert-1"] == "TriggerFailed"

    restart_flow_run(flow_run_id=run.pk)
    drain()
    restart_flow_run(flow_run_id=run.pk, from_tasks=["after-1"])
    drain()

    assert states(run) == {
        "fails-1": "Failed",
        "works-1": "Success",
        "alert-1": "TriggerFailed",
        "after-1": "TriggerFailed",
    }


def test_a_task_that_failed_is_restarted_while_the_flow_run_goes_on(register, start, drain):
    with Flow("f") as flow:
        works.copy(name="after")(upstream_tasks=[failing_once()()])
        fails.copy(name="later", max_retries=1, retry_delay_seconds=3600.0)(upstream_tasks=[])
    run = start(register(flow))
    drain()
    assert (state(run), states(run)["after-1"]) == (State.RUNNING, "TriggerFailed")

    with pytest.raises(NotFinished, match="later-1 is Retrying"):
        restart_flow_run(flow_run_id=run.pk, from_tasks=["later-1"])
    with pytest.raises(NotFinished):
        restart_flow_run(flow_run_id=run.pk)
    restart_flow_run(flow_run_id=run.pk, from_tasks=["once-1"])
    drain()

    assert states(run) == {"once-1": "Success", "after-1": "Success", "later-1": "Retrying"}
    assert FlowRun.objects.get(pk=run.pk).attempt == 1


def test_nothing_is_restarted_under_what_runs_or_in_a_run_that_is_being_cancelled(register, start):
    with Flow("f") as flow:
        works.copy(name="after", trigger="all_finished")(upstream_tasks=[fails()])
    run = start(register(flow))
    (held,) = claim(worker="one", limit=1)
    complete(ended=[(held, Ending(State.FAILED, "no"))])
    claim(worker="two", limit=1)

    with pytest.raises(NotFinished, match="after-1 is Running"):
        restart_flow_run(flow_run_id=run.pk, from_tasks=["fails-1"])
    cancel_flow_run(flow_run_id=run.pk)
    with pytest.raises(NotFinished, match="is Cancelling"):
        restart_flow_run(flow_run_id=run.pk, from_tasks=["fails-1"])


def test_what_runs_again_is_told_other_parameters_and_what_does_not_keeps_its_result(register, start, drain):
    @task
    def told(x):
        return x

    with Flow("f") as flow:
        x = Parameter("x", default=1)
        first = told(x)
        told.copy(name="second")(x, upstream_tasks=[first])
    run = start(register(flow))
    drain()

    with pytest.raises(InvalidParameters):
        restart_flow_run(flow_run_id=run.pk, from_tasks=["second-1"], parameters={"y": 2})
    with pytest.raises(NothingToRestart):
        restart_flow_run(flow_run_id=run.pk, parameters={"x": 2})
    restart_flow_run(flow_run_id=run.pk, from_tasks=["second-1"], parameters={"x": 2})
    drain()

    assert dict(TaskRun.objects.filter(flow_run=run).values_list("slug", "result")) == {"told-1": 1, "second-1": 2}
    assert FlowRun.objects.get(pk=run.pk).parameters == {"x": 2}
    assert "Restarted from second with other parameters (x)." in StateChange.objects.values_list("message", flat=True)


@pytest.mark.parametrize("wait", [True, False])
def test_a_restart_from_a_task_whose_child_succeeded_starts_a_new_child(register, start, drain, wait):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=wait)()
    run = start(register(flow))
    drain()
    first = TaskRun.objects.get(flow_run=run).child_flow_run_id

    restart_flow_run(flow_run_id=run.pk, from_tasks=["Flow child-1"])
    drain()

    assert (state(run), FlowRun.objects.count()) == (State.SUCCESS, 3)
    assert TaskRun.objects.get(flow_run=run).child_flow_run_id != first


@pytest.fixture
def broken_tree(register, start, drain):
    """A root whose child's child failed once, with a child beside it that succeeded; and how often each body ran."""
    calls = []

    @task
    def once():
        calls.append("once")
        if calls.count("once") == 1:
            raise ValueError("first time")

    @task
    def steady():
        calls.append("steady")

    register(one_task("low", once))
    register(one_task("beside", steady))
    with Flow("middle") as flow:
        child("low", wait=True)()
    register(flow)
    with Flow("root") as flow:
        beside = child("beside", wait=True)()
        works(upstream_tasks=[beside, child("middle", wait=True)()])
    run = start(register(flow))
    drain()
    assert state(run) == State.FAILED
    return run, FlowRun.objects.get(flow__name="low"), calls


def test_restarting_a_child_by_hand_heals_the_whole_tree_and_runs_no_finished_child_again(broken_tree, drain):
    root, low, calls = broken_tree

    restart_flow_run(flow_run_id=low.pk)
    assert set(FlowRun.objects.exclude(flow__name="beside").values_list("state", flat=True)) <= {"Pending", "Running"}
    drain()

    assert set(FlowRun.objects.values_list("state", flat=True)) == {"Success"}
    assert states(root) == {"Flow beside-1": "Success", "Flow middle-1": "Success", "works-1": "Success"}
    assert (sorted(calls), FlowRun.objects.count()) == (["once", "once", "steady"], 4)


def test_a_heal_that_a_process_died_before_is_found_from_the_states(broken_tree, drain):
    root, low, _ = broken_tree
    restart_one(flow_run_id=low.pk)
    assert state(root) == State.FAILED

    recover()
    recover()
    drain()

    assert state(root) == State.SUCCESS


def test_a_heal_is_found_also_when_the_child_has_ended_before_anybody_looked(broken_tree):
    root, low, _ = broken_tree
    restart_one(flow_run_id=low.pk)
    Drain().run()
    assert (state(low), state(root)) == (State.SUCCESS, State.FAILED)

    while recover().owed:
        Drain().run()

    assert state(root) == State.SUCCESS


def test_a_task_that_could_not_start_this_time_is_not_healed_by_its_child_of_before(register, start, drain):
    register(one_task("low", fails))
    with Flow("parent") as flow:
        child("low", wait=True)(upstream_tasks=[works()])
    run = start(register(flow))
    drain()
    (works_run,) = TaskRun.objects.filter(flow_run=run, slug="works-1")
    mark_task_run(task_run_id=works_run.pk, state=State.FAILED, reason="it was not")
    restart_flow_run(flow_run_id=run.pk, from_tasks=["Flow low-1"])
    drain()
    assert states(run) == {"works-1": "Failed", "Flow low-1": "TriggerFailed"}

    restart_flow_run(flow_run_id=FlowRun.objects.get(flow__name="low").pk)
    drain()

    assert (state(run), states(run)["Flow low-1"]) == (State.FAILED, "TriggerFailed")


def test_a_parent_waits_for_a_healed_child_no_longer_than_its_time_limit(register, start, drain):
    register(one_task("low", fails))
    with Flow("parent") as flow:
        child("low", wait=True, timeout=60)()
    run = start(register(flow))
    drain()

    restart_flow_run(flow_run_id=FlowRun.objects.get(flow__name="low").pk)

    waiting = TaskRun.objects.get(flow_run=run)
    assert (waiting.state, waiting.due_at is None) == (State.RUNNING, False)


def test_what_did_not_end_by_its_child_is_not_healed_by_what_the_child_was_before(register, start):
    """The parent never heard of the child's end, nor that it goes on; then a person marked its task."""
    register(one_task("low", works))
    with Flow("parent") as flow:
        child("low", wait=True)()
    run = start(register(flow))
    low = FlowRun.objects.get(flow__name="low")
    cancel_one(flow_run_id=low.pk)
    restart_one(flow_run_id=low.pk)
    assert (state(low), states(run)) == (State.PENDING, {"Flow low-1": "Running"})

    mark_task_run(task_run_id=TaskRun.objects.get(flow_run=run).pk, state=State.CANCELLED, reason="enough")
    while recover().owed:
        pass

    assert states(run) == {"Flow low-1": "Cancelled"}


def test_a_parent_is_healed_once_and_not_for_a_child_that_it_does_not_wait_for(register, start, drain, broken_tree):
    _, low, _ = broken_tree
    restart_flow_run(flow_run_id=low.pk)
    assert heal_parent(child=low.pk).changed == set()
    register(one_task("broken", fails))
    with Flow("careless") as flow:
        child("broken", wait=False)()
    run = start(register(flow))
    drain()

    restart_flow_run(flow_run_id=FlowRun.objects.get(flow__name="broken").pk)
    drain()

    assert (state(run), attempts(run)) == (State.SUCCESS, {"Flow broken-1": 1})


def test_a_parent_that_still_runs_waits_again_for_the_child_that_was_restarted(register, start, drain):
    register(one_task("child", failing_once()))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("child", wait=True)()])
        fails.copy(name="later", max_retries=1, retry_delay_seconds=3600.0)(upstream_tasks=[])
    run = start(register(flow))
    drain()
    assert states(run)["works-1"] == "TriggerFailed"

    restart_flow_run(flow_run_id=FlowRun.objects.get(flow__name="child").pk)
    drain()

    assert states(run) == {"Flow child-1": "Success", "works-1": "Success", "later-1": "Retrying"}
