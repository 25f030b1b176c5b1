"""wait_for_flow_run and get_task_run_result in the engine: what they wait for, hand on, and end as."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, Membership, Project, Role, TaskRun
from orchestrator.sdk import Flow, Parameter, create_flow_run, get_task_run_result, task, wait_for_flow_run
from tests.engine.conftest import of, state, states
from tests.engine.flows import WORKS, child, fails, one_task, works
from tests.rows import make_flow, make_user


@task
def give(value):
    return value


def waiting_for(register, awaited: FlowRun, start, **more: Any) -> FlowRun:
    """Start a flow run that waits for another one that is there."""
    with Flow("waiter") as flow:
        wait_for_flow_run(str(awaited.pk), **more)
    return start(register(flow))


def test_a_run_that_was_created_is_waited_for_without_a_worker_and_seen(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        wait_for_flow_run(create_flow_run(flow_name="good"))
    run = start(register(flow))

    waiting = of(run, "wait_for_flow_run-1")
    assert (waiting.state, waiting.worker, waiting.lease_until) == (State.RUNNING, "", None)
    drain()
    run.refresh_from_db()
    assert run.state == State.SUCCESS
    assert run.result | {"message": ""} == {
        "id": str(waiting.child_flow_run_id),
        "name": "parent-good",
        "flow": "tests/good",
        "state": "Success",
        "message": "",
        "parameters": {},
        "result": WORKS,
    }


def test_s067_with_raise_final_state_the_task_ends_as_the_run_did_and_still_has_its_view(register, start, drain):
    register(one_task("bad", fails))
    with Flow("parent") as flow:
        created = create_flow_run(flow_name="bad")
        wait_for_flow_run(created)
        wait_for_flow_run.copy(name="raising").bind(created, raise_final_state=True)
    run = start(register(flow))
    drain()

    looked, raising = of(run, "wait_for_flow_run-1"), of(run, "raising-1")
    assert (looked.state, raising.state) == ("Success", "Failed")
    assert raising.message.startswith(f"Flow run {raising.child_flow_run_id} ended Failed: ")
    assert looked.result["state"] == raising.result["state"] == "Failed"


def test_a_run_with_a_parent_and_other_waiters_tells_all_of_them_at_once(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        child("good", wait=True)()
    parent = start(register(flow))
    awaited = of(parent, "Flow good-1").child_flow_run
    first, second = waiting_for(register, awaited, start), waiting_for(register, awaited, start)
    assert {state(first), state(second)} == {State.RUNNING}

    from orchestrator.engine.draining import Drain

    Drain().run()

    assert [state(each) for each in (parent, first, second)] == [State.SUCCESS] * 3
    assert recover().owed == 0


def test_a_root_run_tells_who_waits_for_it_also_when_it_is_cancelled(register, start):
    awaited = start(register(one_task("good")))
    waiter = waiting_for(register, awaited, start, raise_final_state=True)

    cancel_flow_run(flow_run_id=awaited.pk)

    assert state(waiter) == State.CANCELLED


def test_a_run_that_has_ended_is_not_waited_for(register, start, drain):
    awaited = start(register(one_task("good")))
    drain()

    waiter = waiting_for(register, awaited, start)

    assert state(waiter) == State.SUCCESS


def test_an_end_that_comes_while_the_wait_begins_is_noticed(register, start, drain, monkeypatch):
    """The wait reads the run as running; before it commits, the run ends, and sees nobody that waits."""
    from orchestrator.engine import watching

    awaited = start(register(one_task("good")))
    stale = FlowRun.objects.select_related("flow__project").get(pk=awaited.pk)
    drain()
    monkeypatch.setattr(watching, "_awaited", lambda run, asked: {awaited.pk: stale})

    waiter = waiting_for(register, awaited, start)

    monkeypatch.undo()
    assert state(waiter) == State.SUCCESS


@pytest.mark.parametrize("given", ["nonsense", None, 5, "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_flow_run_is_not_waited_for(register, start, drain, given):
    with Flow("waiter") as flow:
        wait_for_flow_run(give(given))
    run = start(register(flow))
    drain()

    assert of(run, "wait_for_flow_run-1").state == State.FAILED
    assert "flow run" in of(run, "wait_for_flow_run-1").message


def test_a_run_that_the_person_may_not_see_is_not_there(register, start, drain, project):
    other = make_flow(Project.objects.create(name="hidden"), "secret")
    from orchestrator.engine.flow_runs import start_flow_run
    from orchestrator.models import Origin

    hidden = start_flow_run(flow=other, parameters={}, now=timezone.now(), origin=Origin.COMMAND).flow_run_id
    with Flow("waiter") as flow:
        wait_for_flow_run(str(hidden))
    registered, user = register(flow), make_user(project, Role.OPERATOR)
    start_flow_run(flow=registered, parameters={}, now=timezone.now(), origin=Origin.API, user=user)

    message = f"There is no flow run {hidden} that this one may see."
    assert TaskRun.objects.get(slug="wait_for_flow_run-1").message == message
    Membership.objects.create(project=other.project, user=user, role=Role.VIEWER)
    start_flow_run(flow=registered, parameters={}, now=timezone.now(), origin=Origin.API, user=user)
    assert TaskRun.objects.filter(slug="wait_for_flow_run-1", state="Running").count() == 1
    cancel_flow_run(flow_run_id=hidden)


def test_nobody_waits_for_who_waits_for_him(register, start, drain):
    @task
    def own_parent(run_id):
        return str(FlowRun.objects.get(pk=run_id).parent_task_run.flow_run_id)

    @task
    def own():
        from orchestrator.sdk import context

        return context().flow_run_id

    with Flow("inner") as inner:
        wait_for_flow_run(own_parent(own()))
        wait_for_flow_run.copy(name="self").bind(own())
    register(inner)
    with Flow("outer") as outer:
        child("inner", wait=True)()
    run = start(register(outer))
    drain()

    assert state(run) == State.FAILED
    messages = TaskRun.objects.filter(slug__in=["wait_for_flow_run-1", "self-1"]).order_by("slug")
    assert [found.message for found in messages] == [
        "It is part of the flow run that it waits for, and would wait for ever.",
        f"Flow run {run.pk} waits for this one; both would wait for ever.",
    ]


def test_s070_a_wait_that_takes_longer_than_it_may_fails_and_the_run_goes_on(register, start, drain):
    awaited = start(register(one_task("good")))
    waiter = waiting_for(register, awaited, start, max_duration=timedelta(hours=2))
    waiting = of(waiter, "wait_for_flow_run-1")
    assert timedelta(hours=1.9) < waiting.due_at - timezone.now() < timedelta(hours=2)

    TaskRun.objects.filter(pk=waiting.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    recover()

    waiting.refresh_from_db()
    assert (waiting.state, state(waiter)) == ("TimedOut", "Failed")
    assert waiting.message.startswith("Waited longer than 7200 s")
    assert state(awaited) == State.PENDING


def test_s070_a_wait_takes_twelve_hours_at_most_unless_said(register, start):
    awaited = start(register(one_task("good")))
    waiter = waiting_for(register, awaited, start)
    assert timedelta(hours=11.9) < of(waiter, "wait_for_flow_run-1").due_at - timezone.now() < timedelta(hours=12)


def test_the_result_of_a_task_of_another_run_is_taken_when_that_run_has_ended(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        created = create_flow_run(flow_name="good")
        get_task_run_result(created, "works-1")
        get_task_run_result.copy(name="nowhere").bind(created, "nothing-1")
    run = start(register(flow))
    assert of(run, "get_task_run_result-1").state == State.RUNNING
    drain()

    assert of(run, "get_task_run_result-1").result == WORKS
    nowhere = of(run, "nowhere-1")
    assert (nowhere.state, nowhere.message) == (
        "Failed",
        f"Flow run {nowhere.child_flow_run_id} has no task 'nothing-1'; it has works-1.",
    )


def test_a_task_that_failed_has_no_result_to_take(register, start, drain):
    register(one_task("bad", fails))
    with Flow("parent") as flow:
        get_task_run_result(create_flow_run(flow_name="bad"), "fails-1")
    run = start(register(flow))
    drain()

    failed = of(run, "get_task_run_result-1")
    assert failed.message == f"Task 'fails-1' of flow run {failed.child_flow_run_id} failed: no result."


def test_s068_an_empty_slug_or_the_own_run_fails_instead_of_waiting(register, start, drain):
    @task
    def own():
        from orchestrator.sdk import context

        return context().flow_run_id

    with Flow("f") as flow:
        get_task_run_result.copy(name="empty").bind(own(), "")
        get_task_run_result.copy(name="self").bind(own(), "own-1")
    run = start(register(flow))
    drain()

    assert of(run, "empty-1").message == "Must provide the slug of a task as task_slug, but it is ''."
    assert of(run, "self-1").message.startswith("It is part of the flow run that it waits for")


def test_a_large_result_of_another_run_is_handed_on(register, start, drain):
    @task
    def makes():
        return ["x" * 1000] * 100

    @task
    def counts(items, view):
        return [len(items), len(view["result"])]

    register(one_task("large", makes))
    with Flow("parent") as flow:
        created = create_flow_run(flow_name="large")
        counts(get_task_run_result(created, "makes-1"), wait_for_flow_run(created))
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert run.result == [100, 100]


def test_a_retried_wait_looks_at_the_run_again(register, start, drain):
    awaited = start(register(one_task("bad", fails)))
    with Flow("waiter") as flow:
        wait_for_flow_run.copy(name="w", max_retries=1, retry_delay=timedelta(0)).bind(
            str(awaited.pk), raise_final_state=True
        )
    waiter = start(register(flow))
    drain()
    recover()
    drain()

    assert of(waiter, "w-1").attempt == 2
    assert state(waiter) == State.FAILED


def test_a_cancel_leaves_the_runs_of_others_and_takes_its_own(register, start):
    register(one_task("good"))
    others = start(register(one_task("others")))
    with Flow("waiter") as flow:
        wait_for_flow_run.copy(name="own").bind(create_flow_run(flow_name="good"))
        wait_for_flow_run.copy(name="watches").bind(Parameter("id"))
    waiter = start(register(flow), id=str(others.pk))
    own = of(waiter, "own-1").child_flow_run

    cancel_flow_run(flow_run_id=waiter.pk)

    assert (state(waiter), state(own), state(others)) == (State.CANCELLED, State.CANCELLED, State.PENDING)
    assert states(waiter)["watches-1"] == "Cancelled"


def test_a_wait_after_a_skipped_or_failed_task_does_not_begin(register, start, drain):
    with Flow("f") as flow:
        wait_for_flow_run(fails())
        works(upstream_tasks=[wait_for_flow_run.copy(name="again").bind(fails())])
    run = start(register(flow))
    drain()

    assert states(run)["wait_for_flow_run-1"] == states(run)["again-1"] == "TriggerFailed"
