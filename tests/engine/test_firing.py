"""Fire times: each gets one run, however many look at once or ring, caught up as asked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Thread

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from orchestrator.core.states import State
from orchestrator.engine import firing
from orchestrator.engine.firing import fire_due
from orchestrator.engine.scheduling import (
    pause_schedule,
    update_schedule,
)
from orchestrator.models import FlowRun, Origin, Schedule
from orchestrator.models.schedules import CatchUp
from tests.engine.schedules import DAY, MONDAY_0930, REQUIRED_SCHEMA, SUNDAY, fire_times_of, scheduled
from tests.processes import eventually
from tests.rows import ROWS_SCHEMA, make_flow, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow():
    return make_flow(make_project("examples"), "parent-flow", schema=ROWS_SCHEMA)


def test_what_is_due_starts_one_run_however_often_it_rings(flow):
    person = make_user()
    schedule = scheduled(flow, parameters={"rows": 7}, user=person)
    assert fire_due(now=MONDAY_0930 - timedelta(seconds=1)) == 0
    assert fire_due(now=MONDAY_0930) == 1
    assert fire_due(now=MONDAY_0930) == 0
    assert fire_due(now=MONDAY_0930 + timedelta(seconds=10)) == 0
    run = FlowRun.objects.get()
    assert (run.origin, run.schedule, run.scheduled_for) == (Origin.SCHEDULE, schedule, MONDAY_0930)
    assert (run.parameters, run.created_by) == ({"rows": 7}, person)
    schedule.refresh_from_db()
    assert (schedule.last_fire_at, schedule.next_fire_at) == (MONDAY_0930, MONDAY_0930 + DAY)


def test_a_fire_time_whose_commit_was_not_heard_of_starts_no_second_run(flow):
    schedule = scheduled(flow)
    fire_due(now=MONDAY_0930)
    Schedule.objects.filter(pk=schedule.pk).update(next_fire_at=MONDAY_0930)
    assert fire_due(now=MONDAY_0930) == 0
    assert fire_times_of(flow) == [MONDAY_0930]


@pytest.mark.parametrize(
    ("catch_up", "late_by", "expected"),
    [
        (CatchUp.SKIP, timedelta(seconds=30), [4]),
        (CatchUp.SKIP, timedelta(minutes=5), []),
        (CatchUp.LATEST, timedelta(minutes=5), [4]),
        (CatchUp.ALL, timedelta(minutes=5), [1, 2, 3, 4]),
    ],
)
def test_catching_up_after_days_of_outage(flow, catch_up, late_by, expected):
    schedule = scheduled(flow, cron="0 0 * * *", timezone="UTC", catch_up=catch_up)
    first = schedule.next_fire_at
    now = first + 3 * DAY + late_by
    assert fire_due(now=now) == len(expected)
    assert fire_times_of(flow) == [first + (number - 1) * DAY for number in expected]
    schedule.refresh_from_db()
    assert schedule.next_fire_at == first + 4 * DAY


def test_no_more_than_a_hundred_are_caught_up(flow):
    scheduled(flow, cron="* * * * *", timezone="UTC", catch_up=CatchUp.ALL)
    assert fire_due(now=SUNDAY + timedelta(hours=5)) == 100
    assert fire_times_of(flow)[-1] == SUNDAY + timedelta(hours=5)


def test_a_schedule_whose_parameters_no_longer_fit_is_paused_and_does_not_hold_up_others(flow):
    broken, sound = scheduled(flow), scheduled(make_flow(flow.project))
    flow.latest_version.parameter_schema = REQUIRED_SCHEMA
    flow.latest_version.save()
    assert fire_due(now=MONDAY_0930) == 1
    broken.refresh_from_db()
    sound.refresh_from_db()
    assert not broken.is_active
    assert "'day' is required" in broken.pause_reason
    assert not broken.bells.get().enabled
    assert sound.next_fire_at == MONDAY_0930 + DAY


@pytest.mark.parametrize("broken_where", ["before anything is written", "in PostgreSQL"])
def test_an_unforeseen_error_of_one_schedule_does_not_hold_up_others(flow, broken_where, caplog):
    broken, *sound = scheduled(flow), scheduled(make_flow(flow.project)), scheduled(make_flow(flow.project))
    if broken_where == "in PostgreSQL":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orchestrator_flowrun ADD CHECK (schedule_id <> %s)", [broken.pk])
    else:
        Schedule.objects.filter(pk=broken.pk).update(timezone="Mars/Phobos")
    assert fire_due(now=MONDAY_0930) == 2
    assert f"Schedule {broken.pk} could not be fired" in caplog.text
    broken.refresh_from_db()
    assert broken.next_fire_at == MONDAY_0930, "it is tried again"
    for schedule in sound:
        schedule.refresh_from_db()
        assert schedule.next_fire_at == MONDAY_0930 + DAY


@pytest.mark.parametrize(("overlap", "others"), [("queue", State.QUEUED), ("skip", State.SKIPPED)])
def test_runs_that_are_fired_together_keep_to_the_limit_of_their_flow(flow, overlap, others):
    flow.max_runs, flow.overlap = 1, overlap
    flow.save()
    for rows in range(3):
        scheduled(flow, parameters={"rows": rows})
    assert fire_due(now=MONDAY_0930) == 3
    states = sorted(FlowRun.objects.values_list("state", flat=True))
    assert states == [State.PENDING, others, others]


def test_a_database_that_is_away_is_not_asked_again_for_each_schedule(flow, caplog):
    schedules = [scheduled(flow), scheduled(make_flow(flow.project))]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'terminated' USING ERRCODE = '57P01'; END $$;"
            "CREATE TRIGGER away BEFORE INSERT ON orchestrator_flowrun EXECUTE FUNCTION away()"
        )
    with pytest.raises(OperationalError):
        fire_due(now=MONDAY_0930)
    assert not caplog.text
    assert Schedule.objects.filter(next_fire_at=MONDAY_0930).count() == len(schedules)


def test_more_schedules_than_one_transaction_takes_are_all_fired(flow, monkeypatch):
    monkeypatch.setattr(firing, "AT_ONCE", 3)
    monkeypatch.setattr(firing, "ENOUGH_RUNS", 4)
    for rows in range(8):
        scheduled(flow, catch_up=CatchUp.ALL, parameters={"rows": rows})
    assert fire_due(now=MONDAY_0930 + 2 * DAY) == 8 * 3
    assert not Schedule.objects.exclude(next_fire_at=MONDAY_0930 + 3 * DAY).exists()


def test_a_schedule_that_is_over_stays_silent(flow):
    schedule = scheduled(flow, end_at=MONDAY_0930)
    assert fire_due(now=MONDAY_0930) == 1
    schedule.refresh_from_db()
    assert schedule.next_fire_at is None
    assert not schedule.bells.get().enabled


def test_firing_does_not_touch_the_bells_because_beat_reads_all_of_them_again_then(flow):
    schedule = scheduled(flow)
    before = PeriodicTask.objects.values("date_changed").get(pk=schedule.bells.get().pk)
    fire_due(now=MONDAY_0930)
    assert PeriodicTask.objects.values("date_changed").get(pk=schedule.bells.get().pk) == before


@pytest.mark.django_db(transaction=True)
def test_processes_that_fire_at_once_start_one_run_a_fire_time(flow):
    schedule = scheduled(flow, cron="0 * * * *", timezone="UTC", catch_up=CatchUp.ALL)
    now = SUNDAY + timedelta(hours=9)
    assert sum(at_once(4, lambda: fire_due(now=now))) == 9
    schedule.refresh_from_db()
    assert fire_times_of(flow) == [SUNDAY + timedelta(hours=hour) for hour in range(1, 10)]
    assert (schedule.last_fire_at, schedule.next_fire_at) == (now, now + timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
def test_processes_that_fire_schedules_that_agree_start_one_run_a_fire_time(flow, monkeypatch):
    """Schedules that agree are far apart, so that they are fired by different processes."""
    monkeypatch.setattr(firing, "AT_ONCE", 5)
    for number in (*range(12), *reversed(range(12))):
        scheduled(flow, cron="0 * * * *", timezone="UTC", parameters={"rows": number})
    now = SUNDAY + timedelta(hours=1)
    assert sum(at_once(4, lambda: fire_due(now=now))) == 12
    assert FlowRun.objects.filter(scheduled_for=now).count() == 12
    assert not Schedule.objects.exclude(next_fire_at=now + timedelta(hours=1)).exists()


@pytest.mark.django_db(transaction=True)
def test_who_pauses_or_changes_a_schedule_while_it_fires_waits_and_has_the_last_word(flow, monkeypatch):
    paused, changed = scheduled(flow), scheduled(make_flow(flow.project))
    others = [
        Thread(target=closing(lambda: pause_schedule(schedule=paused, reason="now", now=MONDAY_0930))),
        Thread(target=closing(lambda: update_schedule(schedule=changed, now=MONDAY_0930, cron="0 8 * * *"))),
    ]

    def meddle(name: str) -> None:
        if name == "firing schedules":
            for other in others:
                other.start()
            eventually(lambda: waiting_for_locks() == 2, else_say="both wait for the schedules")

    monkeypatch.setattr(firing, "point", meddle)
    assert fire_due(now=MONDAY_0930) == 2
    for other in others:
        other.join(timeout=30)
    paused.refresh_from_db()
    changed.refresh_from_db()
    assert (paused.is_active, paused.pause_reason, paused.next_fire_at) == (False, "now", None)
    assert changed.next_fire_at == datetime(2026, 11, 24, 13, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_firing_does_not_wait_for_a_schedule_that_somebody_is_changing(flow):
    changing, sound = scheduled(flow), scheduled(make_flow(flow.project))
    held, go_on = Event(), Event()

    def change() -> None:
        with transaction.atomic():
            Schedule.objects.select_for_update().get(pk=changing.pk)
            held.set()
            go_on.wait(timeout=10)

    other = Thread(target=closing(change))
    other.start()
    held.wait(timeout=10)
    assert fire_due(now=MONDAY_0930) == 1
    go_on.set()
    other.join(timeout=10)
    assert [run.schedule for run in FlowRun.objects.all()] == [sound]
    assert fire_due(now=MONDAY_0930) == 1


def closing(act: Callable[[], object]) -> Callable[[], None]:
    """Return what a thread does, with the end of its connection."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    return run


def at_once(processes: int, act: Callable[[], int]) -> list[int]:
    """Return what threads with connections of their own get that act at the same time."""
    together, got = Barrier(processes), []

    def one() -> None:
        together.wait(timeout=10)
        got.append(act())

    threads = [Thread(target=closing(one)) for _ in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(got) == processes, "one of them failed"
    return got


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def test_s104_two_schedules_start_one_run_where_they_agree_and_two_where_they_differ(flow):
    agreed = [scheduled(flow, parameters={"rows": 1}), scheduled(flow, parameters={"rows": 1})]
    different = scheduled(flow, parameters={"rows": 2})
    assert fire_due(now=MONDAY_0930) == 2
    runs = FlowRun.objects.order_by("parameters__rows")
    assert [(run.scheduled_for, run.parameters["rows"]) for run in runs] == [(MONDAY_0930, 1), (MONDAY_0930, 2)]
    assert [run.schedule for run in runs] == [agreed[0], different]
    for schedule in (*agreed, different):
        schedule.refresh_from_db()
        assert (schedule.last_fire_at, schedule.next_fire_at) == (MONDAY_0930, MONDAY_0930 + DAY)


def test_s104_two_schedules_that_agree_after_their_filters_and_moves_start_one_run(flow):
    scheduled(flow, cron="30 9 * * *", rules={"filters": [{"name": "is_weekday"}]})
    scheduled(flow, cron="30 8 * * 1", rules={"adjustments": [{"name": "add", "seconds": 3600}]})
    assert fire_due(now=MONDAY_0930) == 1


@pytest.mark.workers
def test_all_kinds_fire_on_time_though_no_beat_rings(flow, start_worker):
    start_worker()
    now = timezone.now()
    scheduled(flow, now=now, kind="interval", cron="", interval_seconds=1, start_at=now, catch_up=CatchUp.ALL)
    dates = [now + timedelta(seconds=seconds) for seconds in (2, 4)]
    scheduled(flow, now=now, kind="dates", cron="", dates=dates, parameters={"rows": 2})

    eventually(lambda: FlowRun.objects.filter(scheduled_for__in=dates).count() == 2, else_say="both dates are fired")
    runs = list(FlowRun.objects.order_by("scheduled_for"))
    assert len(runs) >= 2 + 3
    assert all(run.created_at >= run.scheduled_for for run in runs)
    assert max(run.created_at - run.scheduled_for for run in runs) < timedelta(seconds=2)
