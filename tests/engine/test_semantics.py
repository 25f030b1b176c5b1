"""What a flow run does, statement by statement (numbers: the conformance list of the semantics)."""

import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete_task_run
from orchestrator.engine.flow_runs import IdempotencyConflict, InvalidParameters, start_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import NotFinished, restart_flow_run
from orchestrator.engine.steps import UnknownFlowRun
from orchestrator.models import FlowRun, LogLine, Origin, StateChange, TaskRun
from orchestrator.sdk import Flow, Parameter, StartFlowRun, context, task
from tests.engine.conftest import state, states

WORKS = {"ok": True}


@task
def works():
    return WORKS


@task
def fails():
    raise ValueError("broken on purpose")


def one_task(name, body=works, **parameters):
    with Flow(name) as flow:
        body(**parameters)
    return flow


def child(name, **more):
    return StartFlowRun(flow_name=name, project_name="tests", **more)


def test_s028_a_task_whose_upstream_failed_ends_trigger_failed_without_running(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[fails()])
    run = start(register(flow))
    drain()

    assert states(run) == {"works-1": "TriggerFailed", "fails-1": "Failed"}
    assert state(run) == State.FAILED
    failed = TaskRun.objects.get(flow_run=run, slug="fails-1")
    assert failed.message == "ValueError: broken on purpose"
    assert "broken on purpose" in LogLine.objects.get(task_run=failed).message
    assert 'raise ValueError("broken on purpose")' in LogLine.objects.get(task_run=failed).message


@pytest.mark.parametrize(
    ("trigger", "upstreams", "expected"),
    [
        ("all_successful", [works, works], "Success"),
        ("all_successful", [works, fails], "TriggerFailed"),
        ("all_failed", [fails, fails], "Success"),
        ("all_failed", [works, fails], "TriggerFailed"),
        ("any_successful", [works, fails], "Success"),
        ("any_successful", [fails, fails], "TriggerFailed"),
        ("any_failed", [works, fails], "Success"),
        ("any_failed", [works, works], "TriggerFailed"),
        ("all_finished", [works, fails], "Success"),
        ("always_run", [fails, fails], "Success"),
    ],
)
def test_s029_to_s032_triggers_are_judged_over_the_ended_upstreams(
    register, start, drain, trigger, upstreams, expected
):
    @task(trigger=trigger)
    def judged():
        return None

    with Flow("f") as flow:
        judged(upstream_tasks=[body() for body in upstreams])
    run = start(register(flow))
    drain()

    assert states(run)["judged-1"] == expected


def test_a_failure_ends_everything_after_it_and_lets_the_other_branch_run(register, start, drain):
    with Flow("f") as flow:
        root = works()
        bad = fails(upstream_tasks=[root])
        good = works(upstream_tasks=[root])
        after_bad = works(upstream_tasks=[bad])
        works(upstream_tasks=[after_bad, good])
    run = start(register(flow))
    drain()

    assert states(run) == {
        "works-1": "Success",
        "fails-1": "Failed",
        "works-2": "Success",
        "works-3": "TriggerFailed",
        "works-4": "TriggerFailed",
    }
    run.refresh_from_db()
    assert run.unfinished == 0
    assert run.message == "works-4 ended TriggerFailed."


def test_results_and_parameters_reach_the_tasks_that_are_bound_to_them(register, start, drain):
    @task
    def double(x):
        return x * 2

    @task
    def gather(parts, named):
        return [parts, named]

    with Flow("f") as flow:
        n = Parameter("n", default=3, type=int)
        a = double(n)
        b = double(a)
        gather([a, b, 5], {"a": a, "n": n})
    run = start(register(flow), n=4)
    drain()

    run.refresh_from_db()
    assert run.state == State.SUCCESS
    assert run.result == [[8, 16, 5], {"a": 8, "n": 4}]


def test_the_result_of_several_terminal_tasks_is_a_mapping(register, start, drain):
    with Flow("f") as flow:
        works()
        works()
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert run.result == {"works-1": WORKS, "works-2": WORKS}


def test_what_a_task_logs_and_prints_is_kept_in_order(register, start, drain):
    @task
    def talks():
        print("one\ntwo")
        logging.getLogger("people").warning("three %s", 3)
        print("four", end="")

    run = start(register(one_task("f", talks)))
    drain()

    lines = LogLine.objects.filter(flow_run=run).order_by("number")
    assert [(line.number, line.message) for line in lines] == [(1, "one"), (2, "two"), (3, "three 3"), (4, "four")]
    assert [line.level for line in lines] == [20, 20, 30, 20]


def test_a_result_without_a_json_form_fails_the_task_and_says_so(register, start, drain):
    @task
    def odd():
        return {"file": object()}

    run = start(register(one_task("f", odd)))
    drain()

    assert states(run) == {"odd-1": "Failed"}
    assert "result['file'] is of type builtins.object" in TaskRun.objects.get(flow_run=run).message


def test_s041_s080_a_task_that_retries_keeps_the_run_running_and_its_downstream_pending(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[fails.copy(name="again", max_retries=1, retry_delay_seconds=3600.0)])
    run = start(register(flow))
    drain()

    assert states(run) == {"works-1": "Pending", "again-1": "Retrying"}
    assert state(run) == State.RUNNING
    retrying = TaskRun.objects.get(flow_run=run, slug="again-1")
    assert retrying.message == "Retrying after attempt 1 of 2: ValueError: broken on purpose"
    assert retrying.due_at > timezone.now() + timedelta(minutes=59)


def test_s079_only_the_retry_that_is_due_runs_and_a_task_told_its_key_sees_the_same_one(register, start, drain):
    seen = []

    @task(max_retries=2, retry_delay=0)
    def at_last():
        seen.append((context().attempt, context().idempotency_key))
        if len(seen) < 3:
            raise ValueError("not yet")
        return "done"

    with Flow("f") as flow:
        at_last()
        fails.copy(name="later", max_retries=1, retry_delay_seconds=600.0).bind()
    run = start(register(flow))
    for _ in range(3):
        drain()
        recover()
    drain()

    assert states(run) == {"at_last-1": "Success", "later-1": "Retrying"}
    assert [attempt for attempt, _ in seen] == [1, 2, 3]
    assert len({key for _, key in seen}) == 1


def test_s056_without_wait_the_task_succeeds_at_once_with_the_child_id(register, start, drain):
    register(one_task("bad", fails))
    with Flow("parent") as flow:
        child("bad")()
    run = start(register(flow))

    started = TaskRun.objects.get(flow_run=run)
    assert started.state == State.SUCCESS
    assert started.result == str(started.child_flow_run_id)
    assert state(run) == State.SUCCESS
    drain()
    assert state(run) == State.SUCCESS
    assert FlowRun.objects.get(pk=started.child_flow_run_id).state == State.FAILED


def test_with_wait_the_child_state_and_result_are_mirrored_and_the_link_goes_both_ways(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        child("good", wait=True)()
    run = start(register(flow))

    waiting = TaskRun.objects.get(flow_run=run)
    assert (waiting.state, waiting.worker, waiting.lease_until) == (State.RUNNING, "", None)
    drain()
    run.refresh_from_db()
    waiting.refresh_from_db()
    assert (run.state, run.result, waiting.result) == (State.SUCCESS, WORKS, WORKS)
    assert waiting.child_flow_run.parent_task_run_id == waiting.pk
    assert waiting.child_flow_run.root_run_id == run.pk


def test_a_child_that_fails_fails_its_parent_and_the_message_says_which(register, start, drain):
    register(one_task("bad", fails))
    with Flow("parent") as flow:
        after = child("bad", wait=True)()
        works(upstream_tasks=[after])
    run = start(register(flow))
    drain()

    assert states(run) == {"Flow bad-1": "Failed", "works-1": "TriggerFailed"}
    failed = TaskRun.objects.get(flow_run=run, slug="Flow bad-1")
    assert failed.message == f"Child flow run {failed.child_flow_run_id} ended Failed: fails-1 ended Failed."


def test_s055_an_unknown_child_flow_fails_the_task_and_starts_nothing(register, start, drain):
    with Flow("parent") as flow:
        child("nobody", wait=True)()
    run = start(register(flow))
    drain()

    assert TaskRun.objects.get(flow_run=run).message.startswith("Flow 'nobody' not found in project 'tests'.")
    assert state(run) == State.FAILED
    assert FlowRun.objects.count() == 1


def test_parameters_produced_at_run_time_reach_the_child(register, start, drain):
    @task
    def makes():
        return {"n": 20}

    @task
    def plus_one(n):
        return n + 1

    with Flow("child") as flow:
        plus_one(Parameter("n", type=int))
    register(flow)
    with Flow("parent") as flow:
        child("child", wait=True)(parameters=makes)
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert run.result == 21


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            {"m": 1},
            "tests/child refuses these parameters. Parameter 'n' is required; give a value for it."
            " There is no parameter 'm'; the flow has 'n'.",
        ),
        (
            {"n": "x"},
            "tests/child refuses these parameters. Parameter 'n' must be of type integer, but is \"x\".",
        ),
        ([1], "The parameters of a flow run must be an object of name and value, but are a list."),
    ],
)
def test_parameters_that_the_child_refuses_fail_the_task_and_start_nothing(register, start, drain, made, message):
    @task
    def makes():
        return made

    with Flow("child") as flow:
        works.copy(name="x").bind(upstream_tasks=[Parameter("n", type=int)])
    register(flow)
    with Flow("parent") as flow:
        child("child", wait=True)(parameters=makes)
    run = start(register(flow))
    drain()

    failed = TaskRun.objects.get(flow_run=run, slug="Flow child-1")
    assert failed.state == State.FAILED
    assert failed.message == message
    assert FlowRun.objects.count() == 1


def test_the_latest_version_is_looked_up_when_the_child_starts(register, start, drain):
    register(one_task("child"))

    @task
    def newer():
        return "newer"

    with Flow("parent") as flow:
        first = works()
        child("child", wait=True)(upstream_tasks=[first])
    run = start(register(flow))
    register(one_task("child", newer))
    drain()

    run.refresh_from_db()
    assert run.result == "newer"


def test_s071_the_same_key_gives_the_same_run_and_other_parameters_are_refused(register):
    with Flow("f") as flow:
        works.copy(name="x").bind(upstream_tasks=[Parameter("n", default=1)])
    flow = register(flow)

    def begin(**parameters):
        return start_flow_run(
            flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.API, idempotency_key="k"
        )

    first = begin(n=1)
    assert first.created
    again = begin()
    assert (again.flow_run_id, again.created) == (first.flow_run_id, False)
    with pytest.raises(IdempotencyConflict, match=str(first.flow_run_id)):
        begin(n=2)
    assert FlowRun.objects.count() == 1


def test_parameters_are_refused_before_anything_is_created(register, start):
    with Flow("f") as flow:
        works.copy(name="x").bind(upstream_tasks=[Parameter("day", type=str), Parameter("n", default=1, type=int)])
    flow = register(flow)

    with pytest.raises(InvalidParameters) as refused:
        start(flow, n="x", dya=1)

    assert [(found.code, found.field) for found in refused.value.problems] == [
        ("missing_parameter", "day"),
        ("unknown_parameter", "dya"),
        ("invalid_parameter", "n"),
    ]
    assert not FlowRun.objects.exists()


def test_a_retry_restarts_the_same_failed_child_from_what_failed(register, start, drain):
    calls = []

    @task
    def first():
        calls.append("first")

    @task
    def second():
        calls.append("second")
        if calls.count("second") == 1:
            raise ValueError("first time")

    with Flow("child") as flow:
        second(upstream_tasks=[first()])
    register(flow)
    with Flow("parent") as flow:
        child("child", wait=True, max_retries=1, retry_delay=0)()
    run = start(register(flow))
    drain()
    recover()
    drain()

    assert state(run) == State.SUCCESS
    assert calls == ["first", "second", "second"]
    assert FlowRun.objects.count() == 2
    assert FlowRun.objects.exclude(pk=run.pk).get().attempt == 2


@pytest.mark.parametrize(("on_retry", "children", "ends"), [("new_run", 2, State.SUCCESS), ("mirror", 1, State.FAILED)])
def test_on_retry_chooses_a_new_child_or_only_mirrors_the_old_one(register, start, drain, on_retry, children, ends):
    calls = []

    @task
    def once():
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first time")

    register(one_task("child", once))
    with Flow("parent") as flow:
        child("child", wait=True, max_retries=1, retry_delay=0, on_retry=on_retry)()
    run = start(register(flow))
    drain()
    recover()
    drain()

    assert state(run) == ends
    assert FlowRun.objects.filter(parent_task_run__isnull=False).count() == children


def test_s115_s116_a_cancel_ends_what_has_not_started_and_the_children_that_are_waited_for(register, start):
    register(one_task("child"))
    with Flow("parent") as flow:
        waits = child("child", wait=True)()
        works(upstream_tasks=[waits])
    run = start(register(flow))

    cancel_flow_run(flow_run_id=run.pk)

    assert state(run) == State.CANCELLED
    assert states(run) == {"Flow child-1": "Cancelled", "works-1": "Cancelled"}
    assert FlowRun.objects.exclude(pk=run.pk).get().state == State.CANCELLED
    cancel_flow_run(flow_run_id=run.pk)
    assert state(run) == State.CANCELLED
    with pytest.raises(UnknownFlowRun):
        cancel_flow_run(flow_run_id=uuid4())


def test_a_cancel_can_leave_the_children_running(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True)()
    run = start(register(flow))

    cancel_flow_run(flow_run_id=run.pk, leave_children=True)
    drain()

    assert state(run) == State.CANCELLED
    assert FlowRun.objects.exclude(pk=run.pk).get().state == State.SUCCESS


def test_a_cancelled_child_is_mirrored_as_cancelled(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        waits = child("child", wait=True)()
        works(upstream_tasks=[waits])
    run = start(register(flow))

    cancel_flow_run(flow_run_id=FlowRun.objects.exclude(pk=run.pk).get().pk)

    assert states(run) == {"Flow child-1": "Cancelled", "works-1": "TriggerFailed"}


def test_a_restart_runs_what_failed_and_what_follows_on_every_level(register, start, drain):
    calls = []

    @task
    def shaky():
        calls.append("shaky")
        if len(calls) == 1:
            raise ValueError("first time")
        return "fine"

    register(one_task("child", shaky))
    register(one_task("steady"))
    with Flow("parent") as flow:
        before = child("steady", wait=True)()
        inner = child("child", wait=True)(upstream_tasks=[before])
        works(upstream_tasks=[inner])
    run = start(register(flow))
    with pytest.raises(NotFinished):
        restart_flow_run(flow_run_id=run.pk)
    drain()
    assert state(run) == State.FAILED

    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert state(run) == State.SUCCESS
    assert FlowRun.objects.count() == 3
    attempts = dict(TaskRun.objects.filter(flow_run=run).values_list("slug", "attempt"))
    assert attempts == {"Flow steady-1": 1, "Flow child-1": 2, "works-1": 2}


def test_s061_a_scheduled_start_time_is_kept_and_the_run_begins_when_it_is_due(register, drain):
    flow = register(one_task("f"))
    now = timezone.now()

    run = start_flow_run(
        flow=flow, parameters={}, now=now, origin=Origin.API, scheduled_start_time=now + timedelta(hours=1)
    )
    drain()
    recover()
    assert FlowRun.objects.get(pk=run.flow_run_id).state == State.SCHEDULED
    FlowRun.objects.filter(pk=run.flow_run_id).update(scheduled_start_time=now)
    recover()
    drain()

    assert FlowRun.objects.get(pk=run.flow_run_id).state == State.SUCCESS


def test_flows_that_start_each_other_in_a_circle_come_to_an_end(register, start, drain):
    with Flow("ping") as ping:
        child("pong", wait=True)()
    with Flow("pong") as pong:
        child("ping", wait=True)()
    ping = register(ping)
    register(pong)
    run = start(ping)
    drain()

    assert state(run) == State.FAILED
    assert FlowRun.objects.count() == 21
    deepest = FlowRun.objects.get(depth=20)
    assert "nested 20 deep" in TaskRun.objects.get(flow_run=deepest).message


def test_every_change_of_state_is_in_the_history(register, start, drain):
    run = start(register(one_task("f")))
    drain()

    of_run = StateChange.objects.filter(flow_run=run, task_run=None).values_list("before", "after")
    of_task = StateChange.objects.filter(flow_run=run, task_run__isnull=False).values_list("before", "after")
    assert list(of_run) == [("Pending", "Running"), ("Running", "Success")]
    assert list(of_task) == [("Submitted", "Running"), ("Running", "Success")]


def test_what_a_lost_worker_held_starts_again_and_its_late_answer_is_refused(register, start, drain):
    run = start(register(one_task("f")))
    (held,) = claim(worker="lost", limit=5)
    TaskRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert recover().taken_back == 1
    complete_task_run(held=held, ending=Ending(State.SUCCESS, "", "from the dead"))
    assert states(run) == {"works-1": "Submitted"}
    drain()

    run.refresh_from_db()
    assert (run.state, run.result) == (State.SUCCESS, WORKS)
    assert TaskRun.objects.get(flow_run=run).attempt == 2


def test_a_function_that_takes_every_worker_down_fails_in_the_end(register, start):
    run = start(register(one_task("f")))
    for _ in range(4):
        claim(worker="lost", limit=5)
        TaskRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        recover()

    assert states(run) == {"works-1": "Failed"}
    assert "lost 4 times" in TaskRun.objects.get(flow_run=run).message


def test_a_restart_of_a_child_that_was_cancelled_too_late_to_stop_anything_ends_successful(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True)()
    run = start(register(flow))
    inner = FlowRun.objects.exclude(pk=run.pk).get()
    (held,) = claim(worker="busy", limit=1)
    cancel_flow_run(flow_run_id=run.pk)
    complete_task_run(held=held, ending=Ending(State.SUCCESS, "", WORKS))
    drain()
    assert (state(run), state(inner), states(inner)) == ("Cancelled", "Cancelled", {"works-1": "Success"})

    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert (state(run), state(inner)) == (State.SUCCESS, State.SUCCESS)


def test_more_children_than_one_transaction_creates_are_all_started_once(register, start, drain, monkeypatch):
    monkeypatch.setattr("orchestrator.engine.steps.MOST_RUNS", 7)
    register(one_task("child"))
    with Flow("parent") as flow:
        last = works(upstream_tasks=[child("child", wait=True)() for _ in range(20)])
        works(upstream_tasks=[last])
    run = start(register(flow))
    assert FlowRun.objects.count() == 8
    drain()

    assert state(run) == State.SUCCESS
    assert FlowRun.objects.count() == 21
