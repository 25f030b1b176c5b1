"""Every single statement and COMMIT of a run fails once, in one of the ways they can: the run ends as ever."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.answering import NotWaiting, approve_task_run, reject_task_run
from orchestrator.engine.backfilling import InvalidBackfill, advance_backfills, create_backfill
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.draining import Drain
from orchestrator.engine.firing import fire_due
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.marking import NotMarkable, mark_flow_run, mark_task_run
from orchestrator.engine.pausing import NotPaused, pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import NotFinished, restart_flow_run
from orchestrator.engine.scheduling import create_schedule
from orchestrator.engine.tagged import hear_of_limits
from orchestrator.models import Backfill, Flow, FlowRun, Origin, Schedule, TagLimit, TaskRun
from orchestrator.models.schedules import BackfillState
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import task
from tests.engine.flows import child
from tests.faults.executions import executed_twice, prepare_executions, record_execution
from tests.faults.failing import Counter, Fault, one_failing
from tests.faults.invariants import check_invariants

pytestmark = pytest.mark.timeout(300)

MOST_ROUNDS = 20
# Each statement fails in one of the ways; with this, in each of them (four times as long).
EVERY = os.environ.get("EVERY_STATEMENT") == "1"


@task
def works() -> int:
    return record_execution()


@task
def fails_once() -> int:
    if record_execution() == 0:
        raise ValueError("the first time")
    return 1


@pytest.fixture
def family(register) -> Flow:
    """A parent with a function after a child that fails once and heals when it is restarted."""
    prepare_executions()
    with WrittenFlow("healing") as healing:
        fails_once()
    register(healing)
    with WrittenFlow("family") as flow:
        works(upstream_tasks=[child("healing", wait=True, max_retries=1, retry_delay=0)()])
    return register(flow)


class Actor:
    """A person and worker after worker, whose statements are counted; one of them fails.

    `searches`: whether those of `recover` are counted, too
    """

    def __init__(self, flow: Flow, counted: Counter) -> None:
        self.flow = flow
        self.counted = counted
        self.searches = False

    def do(self, operation: Callable[..., object], *refusals: type[Exception], **arguments: object) -> None:
        """Do something as a person would: again, when the database failed it."""
        for _ in range(MOST_ROUNDS):
            try:
                with self.counted.counting():
                    operation(**arguments)
            except refusals:
                return
            except DatabaseError:
                continue
            else:
                return
        raise AssertionError(f"{operation} fails again and again")

    def start(self, key: str = "the one") -> FlowRun:
        now = timezone.now()
        self.do(start_flow_run, flow=self.flow, parameters={}, now=now, origin=Origin.COMMAND, idempotency_key=key)
        return FlowRun.objects.get(flow=self.flow, idempotency_key=key)

    def run_to_end(self, run: FlowRun) -> None:
        self.run_until(FlowRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists)

    def run_until(self, is_so: Callable[[], bool]) -> None:
        """Be one worker after the other; what one held when it failed is lost with it."""
        for _ in range(MOST_ROUNDS):
            with suppress(DatabaseError), self.counted.counting():
                while Drain().run() or self._search():
                    pass
            if is_so():
                return
            TaskRun.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(days=1))
        raise AssertionError(f"the flow run does not end: {list(TaskRun.objects.values_list('slug', 'state'))}")

    def _search(self) -> int:
        with self.counted.counting(self.searches):
            return recover().owed


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that was lost is back at once."""
    monkeypatch.setattr("orchestrator.engine.database.FIRST_PAUSE_SECONDS", 0.0)


def numbers(fault: Fault) -> Iterator[int]:
    """Yield the numbers of the statements that fail in this way; the others fail in the other ways."""
    return itertools.count(1, 1) if EVERY else itertools.count(1 + list(Fault).index(fault), len(Fault))


def each_statement(family: Flow, fault: Fault, *, least: int = 20) -> Iterator[Actor]:
    """Yield an actor of whose statements one fails, then one of whose a later one does, until there are no more.

    :param least: so many statements there are at least
    """
    for number in numbers(fault):
        with one_failing(number, fault) as counted:
            yield Actor(family, counted)
        assert executed_twice() == []
        check_invariants(at_rest=True)
        if counted.count < number:
            assert number > least, "so few statements cannot be all"
            return
        forget_runs()


def forget_runs() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE orchestrator_flowrun, orchestrator_statechange, orchestrator_logline, executions CASCADE"
        )


@pytest.mark.parametrize("fault", Fault)
def test_whichever_statement_of_a_run_a_cancel_or_a_restart_fails_it_ends_as_ever(family, fault):
    for actor in each_statement(family, fault):
        run = actor.start()
        actor.do(cancel_flow_run, flow_run_id=run.pk)
        actor.run_to_end(run)
        assert set(FlowRun.objects.values_list("state", flat=True)) == {State.CANCELLED}

        actor.searches = True
        actor.do(restart_flow_run, NotFinished, flow_run_id=run.pk)
        actor.run_to_end(run)

        assert list(FlowRun.objects.values_list("state", flat=True)) == [State.SUCCESS] * 2


@pytest.fixture
def asking(register) -> Flow:
    """Two items, and after them a function that a person has to approve, beside a child."""
    prepare_executions()
    with WrittenFlow("steady") as steady:
        works()
    register(steady)
    with WrittenFlow("asking") as flow:
        items = task(lambda x: record_execution(), name="items").map(x=[1, 2])
        works.copy(name="asks", trigger="manual_only")(upstream_tasks=[items])
        child("steady", wait=True)()
    return register(flow)


@pytest.mark.parametrize("fault", Fault)
def test_whichever_statement_of_a_pause_an_answer_or_a_mark_fails_it_ends_as_ever(asking, fault):
    for actor in each_statement(asking, fault):
        run = actor.start()
        actor.do(pause_flow_run, flow_run_id=run.pk)
        actor.do(resume_flow_run, NotPaused, flow_run_id=run.pk)
        task_runs = TaskRun.objects.filter(flow_run=run, map_index=-1)
        actor.run_until(task_runs.filter(slug="asks-1", state=State.PAUSED).exists)

        asks = task_runs.get(slug="asks-1").pk
        actor.do(approve_task_run, NotWaiting, task_run_id=asks)
        actor.run_to_end(run)
        assert set(FlowRun.objects.values_list("state", flat=True)) == {State.SUCCESS}

        actor.do(mark_task_run, NotMarkable, task_run_id=asks, state=State.FAILED, reason="it was not")
        actor.run_to_end(run)
        assert FlowRun.objects.get(pk=run.pk).state == State.FAILED


def test_a_start_whose_commit_was_not_heard_of_is_one_start(family):
    """Without an idempotency key, too: whoever starts a flow run gets that run, or an error and no run."""
    for number in itertools.count(1):
        known = []
        with one_failing(number, Fault.AFTER) as counted, suppress(DatabaseError), counted.counting():
            started = start_flow_run(flow=family, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
            known = [started.flow_run_id]
        if counted.count < number:
            break
        assert list(FlowRun.objects.filter(parent_task_run=None).values_list("pk", flat=True)) == known
        forget_runs()


@pytest.mark.parametrize("fault", Fault)
def test_whichever_statement_of_a_rejection_or_of_a_flow_runs_mark_fails_it_ends_as_ever(register, fault):
    prepare_executions()
    with WrittenFlow("asking") as flow:
        works.copy(name="asks", trigger="manual_only")()
    for actor in each_statement(register(flow), fault, least=10):
        run = actor.start()
        asks = TaskRun.objects.get(flow_run=run)
        assert asks.state == State.PAUSED
        actor.do(reject_task_run, NotWaiting, task_run_id=asks.pk, reason="no")
        assert FlowRun.objects.get().state == State.FAILED

        actor.do(mark_flow_run, NotMarkable, flow_run_id=run.pk, state=State.SUCCESS, reason="it was done by hand")
        assert FlowRun.objects.get().state == State.SUCCESS


@pytest.fixture
def narrow(register, project) -> Flow:
    """Two functions of which one is executed at a time, in one flow run at a time."""
    prepare_executions()
    TagLimit.objects.create(project=project, tag="database", max_running=1)
    hear_of_limits()
    with WrittenFlow("narrow", max_runs=1) as flow:
        for name in ("one", "other"):
            works.copy(name=name, tags=["database"])()
    return register(flow)


@pytest.mark.parametrize("fault", Fault)
def test_whichever_statement_of_what_waits_for_room_fails_it_ends_as_ever(narrow, start, drain, fault):
    for actor in each_statement(narrow, fault):
        start(narrow)
        assert actor.start("second").state == State.QUEUED
        # Ends the one function, then the other one, then there is room for the second flow run.
        for _ in range(2):
            recover()
            (held,) = claim(worker="w", limit=3)
            actor.do(lambda held=held: carry_out(complete(ended=[(held, Ending(State.SUCCESS))])))
        drain()
        assert list(FlowRun.objects.values_list("state", flat=True)) == [State.SUCCESS] * 2


@pytest.mark.parametrize("fault", Fault)
def test_whichever_statement_of_a_backfill_fails_each_fire_time_gets_its_one_run(register, drain, fault):
    prepare_executions()
    made = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with WrittenFlow("daily") as flow:
        works()
    daily = register(flow)
    schedule = create_schedule(flow=daily, user=None, now=made, cron="0 0 * * *", start_at=made - timedelta(days=9))
    of_two = {"since": made - timedelta(days=2), "until": made, "max_concurrent": 1, "user": None, "now": made}
    for actor in each_statement(daily, fault):
        Backfill.objects.all().delete()
        actor.do(create_backfill, InvalidBackfill, schedule=schedule, **of_two)
        backfill = Backfill.objects.get(schedule=schedule)
        for _ in range(MOST_ROUNDS):
            drain()
            actor.do(advance_backfills, now=made)
            backfill.refresh_from_db()
            if backfill.state != BackfillState.ACTIVE:
                break
        assert backfill.state == BackfillState.FINISHED
        found = FlowRun.objects.order_by("scheduled_for").values_list("scheduled_for__day", "state")
        assert list(found) == [(22, State.SUCCESS), (23, State.SUCCESS)]


@pytest.mark.parametrize("fault", Fault)
def test_whichever_statement_of_a_firing_fails_each_fire_time_gets_its_one_run(family, fault):
    made = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for flow, cron in ((family, "* * * * *"), (Flow.objects.get(name="healing"), "*/2 * * * *")):
        create_schedule(flow=flow, user=None, now=made, cron=cron, end_at=made + timedelta(minutes=4), catch_up="all")
    for number in numbers(fault):
        Schedule.objects.update(next_fire_at=made + timedelta(minutes=1), last_fire_at=None)
        with one_failing(number, fault) as counted:
            Actor(family, counted).do(fire_due, now=made + timedelta(minutes=5))
        fire_due(now=made + timedelta(minutes=5))
        fired = FlowRun.objects.filter(origin=Origin.SCHEDULE).order_by("flow", "scheduled_for")
        minutes = [(run.flow.name, run.scheduled_for.minute) for run in fired]
        assert sorted(minutes) == [*(("family", one) for one in (1, 2, 3, 4)), ("healing", 2), ("healing", 4)]
        assert not Schedule.objects.exclude(next_fire_at=None).exists()
        if counted.count < number:
            assert number > 5, "so few statements cannot be all"
            return
        forget_runs()
