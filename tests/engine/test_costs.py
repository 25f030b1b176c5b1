"""What the engine may cost, counted rather than timed: noise cannot hide that something grew."""

from collections.abc import Callable
from dataclasses import astuple
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from bench.counting import Counted, counting
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.draining import Drain
from orchestrator.engine.firing import fire_due
from orchestrator.engine.recovering import recover
from orchestrator.engine.registration import register_apps
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import Flow, FlowRun, LogLine, Schedule, StateChange, TaskRun
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, StartFlowRun
from tests.conftest import StartWorker
from tests.engine.conftest import end_one, state
from tests.engine.flows import child, one_task, wide, works
from tests.processes import Broker, eventually

FAN = 200
WAITING = 1_000
TABLES = [model._meta.db_table for model in (FlowRun, TaskRun, StateChange, LogLine)]

Register = Callable[[WrittenFlow], Flow]
Start = Callable[..., FlowRun]


def chain(name: str, length: int) -> WrittenFlow:
    """Return a flow of child flow runs, each after the one before."""
    with WrittenFlow(name) as flow:
        last = child("small", wait=True)()
        for _ in range(length - 1):
            last = child("small", wait=True)(upstream_tasks=[last])
    return flow


def fan(name: str, size: int) -> WrittenFlow:
    """Return a flow of one child flow run, then `size` that may run at once, then one."""
    example = StartFlowRun(flow_name="example", project_name="examples", wait=True)
    with WrittenFlow(name) as flow:
        first = example()
        middle = [example(upstream_tasks=[first]) for _ in range(size)]
        example(upstream_tasks=middle)
    return flow


def database_size() -> int:
    """Return the bytes that the tables of runs take, their indexes among them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name", [TABLES])
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("operation", ["create", "cancel", "restart"])
def test_a_flow_run_of_5000_tasks_takes_as_many_statements_as_one_of_10(
    register: Register, start: Start, operation: str
):
    costs = []
    for size in (10, 5_000):
        flow = register(wide(f"wide-{size}", size))
        run = start(flow)  # reads the graph, once a process
        with counting() as counted:
            if operation == "create":
                run = start(flow)
        if operation != "create":
            with counting() as counted:
                cancel_flow_run(flow_run_id=run.pk)
        if operation == "restart":
            with counting() as counted:
                restart_flow_run(flow_run_id=run.pk)
        assert state(run) == (State.CANCELLED if operation == "cancel" else State.PENDING)
        costs.append(counted)

    assert costs[0] == costs[1]
    assert costs[0].transactions == 1


def test_a_child_flow_run_of_one_task_takes_at_most_3_transactions(register: Register, start: Start):
    register(one_task("small"))
    costs = []
    for length in (5, 5, 25):  # the first reads the graphs
        run = start(register(chain(f"chain-{length}", length)))
        with counting() as counted:
            while Drain().run():
                pass
        assert state(run) == State.SUCCESS
        costs.append(counted)

    assert (costs[2].transactions - costs[1].transactions) / 20 <= 3
    assert round((costs[2].statements - costs[1].statements) / 20) <= 6
    assert round((costs[2].flights - costs[1].flights) / 20) <= 1


def test_the_end_of_a_child_costs_the_same_whatever_the_size_of_the_flow_run(register: Register, start: Start):
    register(one_task("small"))
    costs: list[Counted] = []
    for size in (5, 5, 500):  # the first reads the graphs
        with WrittenFlow(f"parent-{size}") as written:
            for _ in range(size):
                child("small", wait=True)()
        run = start(register(written))
        with counting() as counted:
            end_one()
        costs.append(counted)
        cancel_flow_run(flow_run_id=run.pk)

    assert costs[1] == costs[2]
    assert costs[1].transactions <= 3


def test_1000_waiting_parents_hold_nothing_and_ask_for_nothing(register: Register, start: Start):
    register(one_task("small"))
    with WrittenFlow("waits") as written:
        child("small", wait=True)(scheduled_start_time="2199-01-01T00:00:00Z")
    flow = register(written)
    before = database_size()
    for _ in range(WAITING):
        start(flow)

    waiting = TaskRun.objects.filter(state=State.RUNNING, lease_until=None, child_flow_run__state=State.SCHEDULED)
    assert waiting.count() == WAITING
    assert not TaskRun.objects.filter(lease_until__isnull=False).exists()
    assert not TaskRun.objects.filter(state=State.SUBMITTED).exists()
    assert not any(astuple(recover()))
    assert (database_size() - before) / WAITING <= 4096


def test_50_schedules_are_fired_by_as_many_statements_as_one_and_a_bell_too_many_costs_one(register: Register):
    with WrittenFlow("timed") as written:
        works(upstream_tasks=[Parameter("number", default=0)])
    flow = register(written)
    now = timezone.now()
    costs = []
    for count in (1, 1, 50):  # the first reads the graph
        Schedule.objects.all().delete()
        for number in range(count):
            create_schedule(flow=flow, user=None, now=now, cron="* * * * *", parameters={"number": number})
        due = now + timedelta(minutes=len(costs) + 1)
        with counting() as counted:
            assert fire_due(now=due) == count
        costs.append(counted)
    with counting() as bell:
        fire_due(now=due)

    assert costs[1] == costs[2]
    assert costs[2] == Counted(statements=5, transactions=1, flights=3)
    assert bell == Counted(statements=1, flights=1)


@pytest.mark.workers
def test_a_child_flow_run_costs_at_most_one_message(
    register: Register, start: Start, valkey: Broker, start_worker: StartWorker
):
    register_apps(now=timezone.now())
    flow = register(fan("fan", FAN))
    before = valkey.sent()
    start_worker(concurrency=2)  # sends one itself when it is ready
    run = start(flow)

    eventually(lambda: state(run) == State.SUCCESS, within=60, else_say="the fan ends")
    assert 0 < valkey.sent() - before <= FAN


@pytest.mark.workers
def test_ten_fans_of_200_end_without_false_failure_or_duplicate(
    register: Register, start: Start, start_worker: StartWorker
):
    register_apps(now=timezone.now())
    flow = register(fan("fan", FAN))
    start_worker(concurrency=2)
    start_worker(concurrency=2)
    runs = [start(flow) for _ in range(10)]

    unfinished = FlowRun.objects.filter(pk__in=[run.pk for run in runs], ended_at=None)
    eventually(lambda: not unfinished.exists(), within=100, else_say="the fans end")
    assert set(FlowRun.objects.values_list("state", "attempt")) == {(State.SUCCESS, 1)}
    assert FlowRun.objects.count() == 10 * (1 + FAN + 2)
    executed = LogLine.objects.filter(message__startswith="param-key")
    assert executed.count() == executed.values("task_run").distinct().count() == 10 * (FAN + 2)
