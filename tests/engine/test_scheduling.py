"""Schedules: kept with their bells, fired once a fire time, caught up as asked."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from orchestrator.core.clocks import CronClock
from orchestrator.core.cron import read_cron
from orchestrator.core.schedules import Timing, next_after, preview
from orchestrator.core.states import State
from orchestrator.engine import firing
from orchestrator.engine.bells import crontabs
from orchestrator.engine.firing import fire_due
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.scheduling import (
    InvalidSchedule,
    create_schedule,
    delete_schedule,
    pause_schedule,
    resume_schedule,
    update_schedule,
)
from orchestrator.models import FlowRun, Origin, Schedule
from orchestrator.models.schedules import CatchUp
from orchestrator.queries.schedules import schedule_document
from tests.processes import eventually
from tests.rows import ROWS_SCHEMA, make_flow, make_project, make_user

pytestmark = pytest.mark.django_db

SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY_0930 = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)
REQUIRED_SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string"}},
    "required": ["day"],
    "additionalProperties": False,
}


@pytest.fixture
def flow():
    return make_flow(make_project("examples"), "parent-flow", schema=ROWS_SCHEMA)


def scheduled(flow, *, now=SUNDAY, **fields) -> Schedule:
    asked = {
        "cron": "30 9 * * 1-5",
        "timezone": "US/Eastern",
        "day_or": True,
        "parameters": {},
        "catch_up": CatchUp.LATEST,
        "start_at": None,
        "end_at": None,
        "user": None,
        **fields,
    }
    return create_schedule(flow=flow, now=now, **asked)


def fire_times_of(flow) -> list[datetime]:
    return list(FlowRun.objects.filter(flow=flow).order_by("scheduled_for").values_list("scheduled_for", flat=True))


def test_a_new_schedule_knows_its_next_time_and_hangs_a_bell_in_its_zone(flow):
    schedule = scheduled(flow)
    assert schedule.next_fire_at == MONDAY_0930
    bell = schedule.bells.get()
    assert (bell.task, bell.enabled) == ("orchestrator.ring", True)
    assert json.loads(bell.kwargs) == {"schedule_id": schedule.pk}
    assert bell.name == f"schedule {schedule.pk}: examples/parent-flow"
    assert bell.crontab.timezone == ZoneInfo("US/Eastern")
    assert (bell.crontab.minute, bell.crontab.hour, bell.crontab.day_of_week) == ("30", "9", "1-5")


def test_either_day_needs_two_bells_because_celery_asks_for_both(flow):
    schedule = scheduled(flow, cron="0 0 13 * 5")
    days = schedule.bells.order_by("id").values_list("crontab__day_of_month", "crontab__day_of_week")
    assert list(days) == [("13", "*"), ("*", "5")]
    update_schedule(schedule=schedule, now=SUNDAY, day_or=False)
    days = schedule.bells.values_list("crontab__day_of_month", "crontab__day_of_week")
    assert list(days) == [("13", "5")]


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("30 9 * * 1-5", "US/Eastern"),
        ("@daily", "Europe/Berlin"),
        ("0 9 * JAN-MAR MON,7", "UTC"),
        ("30 2 * * *", "America/New_York"),
        ("30 1 * * *", "America/New_York"),
        ("0 * * * *", "America/New_York"),
        ("*/30 * * * *", "America/New_York"),
        ("0 0 13 * 5", "UTC"),
        ("0 6 L * *", "UTC"),
        ("0 6 * * 5#2", "UTC"),
    ],
)
@pytest.mark.parametrize("around", [datetime(2027, 3, 14, tzinfo=UTC), datetime(2027, 11, 7, tzinfo=UTC)])
def test_the_bells_ring_at_every_fire_time(cron, zone, around):
    """Celery's own crontab, asked over two days around a change, is due at each fire time (and, where it can be, only
    then)."""
    spec = Timing(CronClock(cron, zone, end_at=around + 2 * DAY))
    last = next_after(Timing(CronClock(cron, zone)), around - 2 * DAY)
    bells = [CrontabSchedule(**asdict(crontab), timezone=ZoneInfo(zone)) for crontab in crontabs(read_cron(cron))]
    while moment := next_after(spec, last):
        assert any(is_due(bell, last, moment) for bell in bells), f"silent at {moment}"
        if not {"L", "#"} & set(cron):
            assert not any(is_due(bell, last, moment - timedelta(seconds=1)) for bell in bells), f"early: {moment}"
        last = moment


def is_due(bell: CrontabSchedule, last: datetime, now: datetime) -> bool:
    crontab = bell.schedule
    crontab.nowfun = lambda: now
    return crontab.remaining_estimate(last.astimezone(ZoneInfo(str(bell.timezone)))) <= timedelta(0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cron": "bad"}, "cron"),
        ({"timezone": "US/Estern"}, "timezone"),
        ({"catch_up": "sometimes"}, "catch_up"),
        ({"start_at": SUNDAY, "end_at": SUNDAY - DAY}, "end_at"),
        ({"parameters": {"rows": "many"}}, "parameters.rows"),
        ({"parameters": {"row": 1}}, "parameters.row"),
    ],
)
def test_a_wrong_schedule_is_refused_with_the_place_and_leaves_nothing(flow, wrong, field):
    with pytest.raises(InvalidSchedule) as refused:
        scheduled(flow, **wrong)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not Schedule.objects.exists()
    assert not PeriodicTask.objects.filter(task="orchestrator.ring").exists()


def test_required_parameters_that_the_schedule_does_not_give_are_named():
    flow = make_flow(make_project(), schema=REQUIRED_SCHEMA)
    with pytest.raises(InvalidSchedule, match="'day' is required"):
        scheduled(flow)
    assert scheduled(flow, parameters={"day": "monday"}).is_active


def test_a_flow_without_a_version_cannot_be_scheduled(flow):
    flow.latest_version = None
    flow.save()
    with pytest.raises(InvalidSchedule, match="no published version"):
        scheduled(flow)


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


def test_a_paused_schedule_is_silent_and_resumes_from_now_on(flow):
    schedule = pause_schedule(schedule=scheduled(flow), reason="holidays", now=SUNDAY)
    assert (schedule.is_active, schedule.pause_reason, schedule.next_fire_at) == (False, "holidays", None)
    assert not schedule.bells.get().enabled
    assert fire_due(now=MONDAY_0930 + DAY) == 0
    resumed = resume_schedule(schedule=schedule, now=MONDAY_0930 + 2 * DAY)
    assert (resumed.is_active, resumed.pause_reason) == (True, "")
    assert resumed.next_fire_at == MONDAY_0930 + 3 * DAY, "strictly after now: nothing is caught up"
    assert resumed.bells.get().enabled
    assert fire_due(now=MONDAY_0930 + 2 * DAY) == 0


def test_changing_the_times_counts_from_now_and_moves_the_bell(flow):
    schedule = scheduled(flow)
    old_row = schedule.bells.get().crontab_id
    changed = update_schedule(schedule=schedule, now=SUNDAY, cron="0 13 * * *", timezone="UTC")
    assert changed.next_fire_at == SUNDAY + timedelta(hours=1)
    assert changed.bells.get().crontab.hour == "13"
    assert not CrontabSchedule.objects.filter(pk=old_row).exists(), "rows that nobody uses are removed"
    with pytest.raises(InvalidSchedule):
        update_schedule(schedule=schedule, now=SUNDAY, cron="bad")
    schedule.refresh_from_db()
    assert schedule.cron == "0 13 * * *"


def test_schedules_at_the_same_times_share_a_crontab_row_until_the_last_one_goes(flow):
    one, other = scheduled(flow), scheduled(flow)
    row = one.bells.get().crontab_id
    assert other.bells.get().crontab_id == row
    delete_schedule(schedule=one)
    assert CrontabSchedule.objects.filter(pk=row).exists()
    delete_schedule(schedule=other)
    assert not CrontabSchedule.objects.filter(pk=row).exists()
    assert not PeriodicTask.objects.filter(task="orchestrator.ring").exists()


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


def test_s106_the_next_ten_times_are_known_and_become_runs_only_when_they_are_due(flow):
    """The seed's system keeps ten Scheduled runs ahead. Here they are computed: nothing has to be deleted later."""
    schedule = scheduled(flow)
    ten = [time.utc for time in preview(schedule.timing(), after=SUNDAY, count=10)]
    assert fire_due(now=SUNDAY) == 0
    assert not FlowRun.objects.exists()
    for due in ten:
        assert fire_due(now=due) == 1
        assert fire_due(now=due) == 0, "a second pass starts none"
    assert fire_times_of(flow) == ten


def test_s107_switching_off_touches_no_run_and_on_again_gives_the_same_times(flow):
    schedule = scheduled(flow)
    fire_due(now=MONDAY_0930)
    start_flow_run(flow=flow, parameters={}, now=SUNDAY, origin=Origin.PERSON)
    before = set(FlowRun.objects.values_list("pk", "state"))
    ten = preview(schedule.timing(), after=MONDAY_0930, count=10)

    paused = pause_schedule(schedule=schedule, reason="", now=MONDAY_0930)
    assert paused.next_fire_at is None
    assert fire_due(now=MONDAY_0930 + DAY) == 0
    resumed = resume_schedule(schedule=paused, now=MONDAY_0930 + timedelta(hours=1))

    assert resumed.next_fire_at == ten[0].utc
    assert preview(resumed.timing(), after=MONDAY_0930, count=10) == ten
    assert set(FlowRun.objects.values_list("pk", "state")) == before


def test_an_interval_and_dates_have_no_rows_of_beat(flow):
    every_six_hours = scheduled(flow, kind="interval", cron="", interval_seconds=21_600, timezone="UTC")
    on_dates = scheduled(flow, kind="dates", cron="", dates=[MONDAY_0930, MONDAY_0930 + DAY], parameters={"rows": 2})
    assert every_six_hours.start_at == SUNDAY, "it counts from the moment it was made"
    assert every_six_hours.next_fire_at == SUNDAY + timedelta(hours=6)
    assert not PeriodicTask.objects.filter(task="orchestrator.ring").exists()
    assert fire_due(now=SUNDAY + timedelta(hours=6)) == 1
    assert fire_due(now=MONDAY_0930) == 2
    assert fire_due(now=MONDAY_0930 + DAY) == 2
    on_dates.refresh_from_db()
    assert on_dates.next_fire_at is None


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


def test_a_schedule_becomes_one_of_another_kind_and_its_bells_follow(flow):
    schedule = scheduled(flow)
    changed = update_schedule(schedule=schedule, now=SUNDAY, kind="interval", interval_seconds=3600)
    assert (changed.cron, changed.start_at, changed.bells.count()) == ("", SUNDAY, 0)
    assert changed.next_fire_at == SUNDAY + timedelta(hours=1)
    back = update_schedule(schedule=changed, now=SUNDAY, kind="cron", cron="0 9 * * *")
    assert (back.interval_seconds, back.bells.count()) == (None, 1)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "interval", "interval_seconds": 60}, "cron"),
        ({"interval_seconds": 60}, "interval_seconds"),
        ({"kind": "dates", "cron": "", "dates": []}, "dates"),
        ({"rules": {"filters": [{"name": "is_holiday"}]}}, "rules.filters[0].name"),
    ],
)
def test_what_does_not_belong_to_a_schedules_kind_is_refused(flow, fields, field):
    with pytest.raises(InvalidSchedule) as refused:
        scheduled(flow, **fields)
    assert refused.value.problems[0].field == field


def test_a_schedule_that_does_not_fit_the_latest_version_says_so_before_it_is_due(flow):
    schedule = scheduled(flow)
    assert schedule_document(schedule, now=SUNDAY)["problem"] == ""
    flow.latest_version.parameter_schema = REQUIRED_SCHEMA
    flow.latest_version.save()
    assert "'day' is required" in schedule_document(Schedule.objects.get(), now=SUNDAY)["problem"]
