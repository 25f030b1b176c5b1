"""Child flow runs: started, waited for, mirrored (numbers: the conformance list of the semantics)."""

import re

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete, start_held
from orchestrator.models import Flow as Row
from orchestrator.models import FlowRun, FlowVersion, TaskRun
from orchestrator.sdk import Flow, Parameter, task
from tests.engine.conftest import state, states
from tests.engine.flows import WORKS, child, fails, one_task, works


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
    assert failed.message == "Child flow run failed: fails: ValueError: broken on purpose"


def test_a_flow_run_that_failed_because_a_child_was_cancelled_names_the_child_and_why(register, start, drain):
    register(one_task("low"))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("low", wait=True)()])
    run = start(register(flow))
    cancel_flow_run(flow_run_id=FlowRun.objects.get(flow__name="low").pk)
    drain()

    run.refresh_from_db()
    assert (run.state, run.message) == ("Failed", "Flow low: Child flow run ended cancelled: Cancelled.")


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
        ([1], "The parameters of a flow run must be an object of name and value, but are a list of 1."),
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


@pytest.fixture
def circle(register):
    """Two flows that start each other, each `fan` times: what publishing both in one moment can still make."""

    def make(fan=1):
        register(one_task("leaf"))
        for name, other in (("ping", "pong"), ("pong", "leaf")):
            with Flow(name) as flow:
                for _ in range(fan):
                    child(other, wait=True)()
            register(flow)
        pong = FlowVersion.objects.get(flow__name="pong")
        for started in pong.graph["tasks"]:
            started["flow"]["name"] = "ping"
        pong.save()
        return Row.objects.get(name="ping")

    return make


def test_flows_that_start_each_other_in_a_circle_come_to_an_end(circle, start, drain):
    run = start(circle())
    drain()

    assert state(run) == State.FAILED
    assert FlowRun.objects.count() == 21
    deepest = FlowRun.objects.get(depth=20)
    assert "nested 20 deep" in TaskRun.objects.get(flow_run=deepest).message


def test_no_more_flow_runs_come_of_one_than_may(circle, start, drain, settings):
    settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = 100
    run = start(circle(fan=2))
    drain()

    assert state(run) == State.FAILED
    assert FlowRun.objects.count() == 101
    refused = TaskRun.objects.filter(message__contains=f"Of flow run {run.pk} 100 flow runs have come already")
    assert refused.exists()
    assert not TaskRun.objects.exclude(state__in=TERMINAL).exists()


def test_a_fan_that_just_fits_under_the_cap_runs_and_the_next_run_counts_from_nothing(register, start, drain, settings):
    settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = 20
    register(one_task("child"))
    with Flow("parent") as flow:
        for _ in range(20):
            child("child", wait=True)()
    flow = register(flow)
    runs = [start(flow), start(flow)]
    drain()

    assert [state(run) for run in runs] == [State.SUCCESS, State.SUCCESS]


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


def test_what_waits_for_its_child_is_no_workers_any_more(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True, trigger=lambda _upstreams: True)()
    run = start(register(flow))
    (held,) = claim(worker="w", limit=1)
    start_held(held=held)

    complete(ended=[(held, Ending(State.FAILED, "too late"))])
    start_held(held=held)

    assert states(run) == {"Flow child-1": "Running"}
    drain()
    assert (state(run), FlowRun.objects.count()) == (State.SUCCESS, 2)


def test_a_child_that_ends_in_the_transaction_that_starts_it_is_heard_of_at_once(register, start):
    with Flow("child") as flow:
        child("nobody", wait=True)()
    register(flow)
    with Flow("parent") as flow:
        child("child", wait=True)()
    run = start(register(flow))

    assert state(run) == State.FAILED


def test_s073_an_own_key_finds_the_run_that_has_it_and_other_parameters_are_refused(register, start, drain):
    with Flow("child") as flow:
        works.copy(name="x").bind(upstream_tasks=[Parameter("n", type=int)])
    register(flow)
    with Flow("parent") as flow:
        for n in (1, 1, 2):
            child("child", wait=True)(parameters={"n": n}, idempotency_key="k")
    run = start(register(flow))
    drain()

    assert states(run) == {"Flow child-1": "Success", "Flow child-2": "Success", "Flow child-3": "Failed"}
    assert FlowRun.objects.filter(idempotency_key="k").count() == 1
    refused = TaskRun.objects.get(flow_run=run, slug="Flow child-3")
    assert "which was started with other parameters" in refused.message


def test_s073_an_own_key_finds_its_run_also_when_a_later_version_has_other_defaults(register, start, drain):
    with Flow("parent") as flow:
        child("child", wait=True)(parameters={"n": 1}, idempotency_key="k")
    parent = register(flow)
    for default in (1, 2):
        with Flow("child") as flow:
            names = [Parameter("n", type=int), Parameter("more", default=default)]
            works.copy(name="x").bind(upstream_tasks=names)
        register(flow)
        run = start(parent)
        drain()
        assert state(run) == State.SUCCESS

    assert FlowRun.objects.filter(flow__name="child").count() == 1


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("k" * 201, "at most 200 characters, but this one has 201"),
        ("", "is text, or a whole number, but this one is ''"),
        (" ", "but this one is ' '"),
        ([1], r"but this one is \[1\]"),
        (True, "but this one is True"),
    ],
)
def test_what_is_no_key_is_refused(register, start, key, message):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True)(idempotency_key=Parameter("key"))
    run = start(register(flow), key=key)

    assert re.search(message, TaskRun.objects.get(flow_run=run).message)
    assert FlowRun.objects.count() == 1


def test_a_number_is_a_key(register, start, drain):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child")(idempotency_key=20260302)
    start(register(flow))
    drain()

    assert FlowRun.objects.get(flow__name="child").idempotency_key == "20260302"
