"""Backfills: a range of fire times gets its runs, a few at a time, and none twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from orchestrator.engine.backfilling import (
    BackfillOver,
    InvalidBackfill,
    advance_backfills,
    cancel_backfill,
    create_backfill,
    plan_backfill,
)
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.firing import fire_due
from orchestrator.engine.registration import register_apps
from orchestrator.engine.scheduling import create_schedule, pause_schedule, update_schedule
from orchestrator.models import Backfill, Flow, FlowRun, Origin, Schedule, TaskRun
from orchestrator.models.schedules import BackfillState
from orchestrator.queries.backfills import backfill_document
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import Parameter, context, task
from tests.conftest import StartWorker
from tests.processes import eventually
from tests.rows import ROWS_SCHEMA, make_flow, make_project, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def schedule(db: None) -> Schedule:
    flow = make_flow(make_project("examples"), "nightly", schema=ROWS_SCHEMA)
    return create_schedule(flow=flow, user=None, now=NOW, cron="0 2 * * *", parameters={"rows": 1})


def backfilled(schedule: Schedule, days: int, **fields) -> Backfill:
    asked = {"since": FIRST, "until": FIRST + (days - 1) * DAY, "max_concurrent": 2, "user": None, **fields}
    return create_backfill(schedule=schedule, now=NOW, **asked)


def started(schedule: Schedule) -> list[int]:
    return [run.scheduled_for.day for run in FlowRun.objects.filter(schedule=schedule).order_by("scheduled_for")]


def end_one(schedule: Schedule) -> None:
    run = FlowRun.objects.filter(schedule=schedule).unfinished().order_by("scheduled_for").first()
    cancel_flow_run(flow_run_id=run.pk)


def test_a_plan_is_the_exact_list_of_fire_times_with_those_that_have_run(schedule):
    backfilled(schedule, 2)
    planned = plan_backfill(schedule=schedule, since=FIRST - DAY, until=FIRST + 3 * DAY, now=NOW)
    assert [(each.fire_time.utc, each.has_run) for each in planned] == [
        (FIRST - DAY, False),
        (FIRST, True),
        (FIRST + DAY, True),
        (FIRST + 2 * DAY, False),
        (FIRST + 3 * DAY, False),
    ]


def test_as_many_as_asked_run_at_once_and_the_next_starts_when_one_ends(schedule):
    backfill = backfilled(schedule, 4)
    assert started(schedule) == [1, 2]
    assert advance_backfills(now=NOW) == 0, "there is no room"
    end_one(schedule)
    assert advance_backfills(now=NOW) == 1
    assert started(schedule) == [1, 2, 3]
    for _ in range(3):
        end_one(schedule)
        advance_backfills(now=NOW)
    backfill.refresh_from_db()
    assert (backfill.state, backfill.ended_at, started(schedule)) == (BackfillState.FINISHED, NOW, [1, 2, 3, 4])


def test_its_runs_are_those_of_the_schedule_at_these_times(schedule):
    person = make_user()
    backfill = backfilled(schedule, 1, user=person)
    run = FlowRun.objects.get()
    assert (run.origin, run.schedule, run.scheduled_for, run.parameters) == (
        Origin.BACKFILL,
        schedule,
        FIRST,
        {"rows": 1},
    )
    assert (run.created_by, backfill.created_by) == (person, person)


def test_no_fire_time_runs_twice_by_backfills_or_by_the_schedule(schedule):
    due = schedule.next_fire_at
    fire_due(now=due)
    backfill = create_backfill(
        schedule=schedule, since=due - 2 * DAY, until=due, max_concurrent=9, user=None, now=due + DAY / 2
    )
    assert (len(backfill.fire_times), backfill.already_run) == (2, 1)
    assert FlowRun.objects.count() == 3
    for _ in range(2):
        end_one(schedule)
    end_one(schedule)
    advance_backfills(now=NOW)
    with pytest.raises(InvalidBackfill, match="All 3 fire times of this range have their runs"):
        create_backfill(
            schedule=schedule, since=due - 2 * DAY, until=due, max_concurrent=9, user=None, now=due + DAY / 2
        )
    Schedule.objects.filter(pk=schedule.pk).update(next_fire_at=due)
    assert fire_due(now=due) == 0


def test_a_fire_time_that_gets_its_run_meanwhile_is_passed_over(schedule):
    backfill = backfilled(schedule, 3, max_concurrent=1)
    taken = FlowRun.objects.get()
    other = create_schedule(flow=schedule.flow, user=None, now=NOW, cron="0 2 * * *", parameters={"rows": 1})
    create_backfill(
        schedule=other, since=FIRST + DAY, until=FIRST + DAY, max_concurrent=1, user=None, now=NOW
    )  # the same flow, instant and parameters: the same run
    cancel_flow_run(flow_run_id=taken.pk)
    advance_backfills(now=NOW)
    backfill.refresh_from_db()
    assert (backfill.position, backfill.already_run, started(schedule)) == (3, 1, [1, 3])


def test_parameters_may_be_others_than_the_schedules(schedule):
    backfilled(schedule, 1, parameters={"rows": 7})
    assert FlowRun.objects.get().parameters == {"rows": 7}


def test_a_change_of_the_schedule_does_not_change_a_backfill_that_goes_on(schedule):
    backfilled(schedule, 3, max_concurrent=1)
    update_schedule(schedule=schedule, now=NOW, cron="0 5 * * *", parameters={"rows": 9})
    pause_schedule(schedule=schedule, reason="", now=NOW)
    end_one(schedule)
    advance_backfills(now=NOW)
    runs = FlowRun.objects.order_by("scheduled_for")
    assert [(run.scheduled_for.hour, run.parameters) for run in runs] == [(2, {"rows": 1}), (2, {"rows": 1})]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"max_concurrent": 0}, "max_concurrent", "1 to 100"),
        ({"max_concurrent": 101}, "max_concurrent", "1 to 100"),
        ({"until": NOW + DAY}, "until", "about the past"),
        ({"until": FIRST - DAY}, "until", "ends before it begins"),
        ({"since": FIRST + timedelta(hours=1), "until": FIRST + timedelta(hours=2)}, "until", "no fire time"),
        ({"since": datetime(2026, 11, 1)}, "since", "no time zone"),
        ({"parameters": {"rows": "many"}}, "parameters.rows", "of type integer"),
    ],
)
def test_what_cannot_be_backfilled_is_refused_with_the_field(schedule, fields, field, said):
    with pytest.raises(InvalidBackfill, match=said) as refused:
        backfilled(schedule, 3, **fields)
    assert refused.value.problems[0].field == field
    assert not Backfill.objects.exists()


def test_a_range_before_the_schedule_begins_is_refused_with_its_beginning(schedule):
    late = create_schedule(flow=schedule.flow, user=None, now=NOW, cron="0 2 * * *", start_at=NOW)
    with pytest.raises(InvalidBackfill, match="begins on 22 Nov 2026, 12:00"):
        backfilled(late, 3)


def test_too_long_a_range_is_refused(schedule):
    every_minute = create_schedule(flow=schedule.flow, user=None, now=NOW, cron="* * * * *")
    with pytest.raises(InvalidBackfill, match="more than 5,000 fire times"):
        backfilled(every_minute, 5)


def test_one_backfill_of_a_schedule_goes_on_at_a_time(schedule):
    backfilled(schedule, 3)
    with pytest.raises(InvalidBackfill, match="Another backfill"):
        create_backfill(
            schedule=schedule, since=FIRST + 9 * DAY, until=FIRST + 9 * DAY, max_concurrent=1, user=None, now=NOW
        )


@pytest.mark.parametrize(("cancel_runs", "left"), [(False, 2), (True, 0)])
def test_a_cancelled_backfill_starts_nothing_more_and_cancels_its_runs_if_asked(schedule, cancel_runs, left):
    person = make_user()
    backfill = backfilled(schedule, 5)
    cancelled = cancel_backfill(backfill=backfill, user=person, now=NOW, cancel_runs=cancel_runs)
    assert (cancelled.state, cancelled.message) == (BackfillState.CANCELLED, f"Cancelled by {person}.")
    assert FlowRun.objects.unfinished().count() == left
    assert advance_backfills(now=NOW) == 0
    assert started(schedule) == [1, 2]
    with pytest.raises(BackfillOver, match="cancelled already"):
        cancel_backfill(backfill=backfill, user=person, now=NOW)


def test_a_backfill_whose_flow_takes_other_parameters_by_now_stops_and_says_why(schedule):
    backfill = backfilled(schedule, 3)
    version = schedule.flow.latest_version
    newer = make_flow(schedule.flow.project, schema={**ROWS_SCHEMA, "required": ["day"]}).latest_version
    type(newer).objects.filter(pk=newer.pk).update(flow=schedule.flow, number=version.number + 1)
    Flow.objects.filter(pk=schedule.flow_id).update(latest_version=newer)
    end_one(schedule)
    advance_backfills(now=NOW)
    backfill.refresh_from_db()
    assert backfill.state == BackfillState.CANCELLED
    assert "'day' is required" in backfill.message


def test_progress_counts_the_runs_by_state(schedule):
    backfill = backfilled(schedule, 3)
    end_one(schedule)
    backfill.refresh_from_db()
    shown = backfill_document(backfill)
    assert (shown["total"], shown["ended_runs"], shown["runs"]) == (3, 1, {"Cancelled": 1, "Pending": 1})


def dated() -> WrittenFlow:
    @task
    def which_day(rows: int) -> str:
        moment = context().scheduled_for
        return moment.isoformat() if moment else "none"

    with WrittenFlow("dated") as flow:
        which_day(Parameter("rows", default=1))
    return flow


@pytest.mark.django_db(transaction=True)
def test_a_run_knows_the_fire_time_it_stands_for(register: Callable, drain: Callable, start: Callable):
    flow = register(dated())
    schedule = create_schedule(flow=flow, user=None, now=NOW, cron="0 2 * * *")
    backfilled(schedule, 3, max_concurrent=1)
    for _ in range(4):
        drain()
        advance_backfills(now=NOW)
    start(flow)
    drain()
    results = TaskRun.objects.order_by("flow_run__scheduled_for").values_list("result", flat=True)
    assert list(results) == [*((FIRST + day * DAY).isoformat() for day in range(3)), "none"]
    assert Backfill.objects.get().state == BackfillState.FINISHED


@pytest.mark.workers
def test_the_next_run_starts_as_soon_as_one_ends_without_the_sweep(start_worker: StartWorker):
    """No beat runs here: only the end of a run can have started the next one."""
    register_apps(now=NOW)
    flow = Flow.objects.get(project__name="examples", name="A")
    # Its next time is to come by the clock of the worker too, which fires what is due.
    schedule = create_schedule(flow=flow, user=None, now=timezone.now(), cron="0 2 * * *", parameters={"seconds": 0.01})
    start_worker(concurrency=2)
    backfill = backfilled(schedule, 6)
    eventually(
        lambda: Backfill.objects.get(pk=backfill.pk).state == BackfillState.FINISHED,
        within=30,
        else_say="the backfill finishes",
    )
    assert FlowRun.objects.filter(state="Success").count() == 6


@pytest.mark.django_db(transaction=True)
def test_many_that_go_on_with_a_backfill_at_once_start_no_more_than_one_would(schedule):
    backfill = backfilled(schedule, 20, max_concurrent=1)
    Backfill.objects.update(max_concurrent=9)
    together = Barrier(4)
    advancing = [Thread(target=_advance_with, args=(together,)) for _ in range(4)]
    for thread in advancing:
        thread.start()
    for thread in advancing:
        thread.join(timeout=30)
    backfill.refresh_from_db()
    assert (backfill.position, backfill.already_run, started(schedule)) == (9, 0, list(range(1, 10)))


def _advance_with(others: Barrier) -> None:
    try:
        others.wait(timeout=10)
        advance_backfills(now=NOW)
    finally:
        connection.close()
