"""Schedules: made, changed, paused and deleted, with their bells."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from orchestrator.core.clocks import CronClock
from orchestrator.core.cron import read_cron
from orchestrator.core.schedules import Timing, next_after, preview
from orchestrator.engine.bells import crontabs
from orchestrator.engine.firing import fire_due
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.scheduling import (
    InvalidSchedule,
    delete_schedule,
    pause_schedule,
    resume_schedule,
    update_schedule,
)
from orchestrator.models import FlowRun, Origin, Schedule
from orchestrator.queries.schedules import schedule_document
from tests.engine.schedules import DAY, MONDAY_0930, REQUIRED_SCHEMA, SUNDAY, fire_times_of, scheduled
from tests.rows import ROWS_SCHEMA, make_flow, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow():
    return make_flow(make_project("examples"), "parent-flow", schema=ROWS_SCHEMA)


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
