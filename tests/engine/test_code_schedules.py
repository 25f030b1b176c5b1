"""The schedules that a flow's code writes: a row for each clock, which follows the code and keeps what people did."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps

from orchestrator.engine.code_schedules import sync_code_schedules
from orchestrator.engine.scheduling import InvalidSchedule, create_schedule, pause_schedule, update_schedule
from orchestrator.models import Source
from orchestrator.sdk.schedules import Schedule as WrittenSchedule
from orchestrator.sdk.schedules import adjustments, filters
from orchestrator.sdk.schedules.clocks import CronClock, DatesClock, IntervalClock
from tests.engine.schedules import MONDAY_0930, REQUIRED_SCHEMA, SUNDAY
from tests.rows import ROWS_SCHEMA, make_flow, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow():
    return make_flow(make_project("examples"), "parent-flow", schema=ROWS_SCHEMA)


def sync(flow, *clocks, **rules):
    document = WrittenSchedule(clocks, **rules).document() if clocks else None
    return sync_code_schedules(flow=flow, clocks=document, now=SUNDAY)


def weekdays(start: datetime | None = None, **fields) -> CronClock:
    return CronClock("30 9 * * 1-5", start_date=start, timezone="US/Eastern", **fields)


def nightly(**fields) -> CronClock:
    return CronClock("0 2 * * *", timezone="UTC", **fields)


def test_the_schedule_in_the_code_follows_the_code(flow):
    (made,) = sync(flow, weekdays())
    assert (made.source, made.is_active, made.next_fire_at) == (Source.CODE, True, MONDAY_0930)
    (changed,) = sync(flow, nightly())
    assert (changed.pk, changed.cron, changed.timezone) == (made.pk, "0 2 * * *", "UTC")
    assert sync(flow) == []
    assert not flow.schedules.exists()


def test_each_clock_is_a_row_with_its_own_parameters_and_the_common_rules(flow):
    first, second, third = sync(
        flow,
        weekdays(parameter_defaults={"rows": 1}),
        IntervalClock(timedelta(hours=6), start_date=SUNDAY),
        DatesClock([datetime(2026, 12, 24, 8)], parameter_defaults={"rows": 3}),
        filters=[filters.is_weekday],
        adjustments=[adjustments.add(timedelta(minutes=5))],
    )
    assert [row.kind for row in (first, second, third)] == ["cron", "interval", "dates"]
    assert [row.parameters for row in (first, second, third)] == [{"rows": 1}, {}, {"rows": 3}]
    assert first.next_fire_at == MONDAY_0930 + timedelta(minutes=5)
    assert second.next_fire_at == datetime(2026, 11, 23, 0, 5, tzinfo=UTC), "not on the Sunday"
    assert third.next_fire_at == datetime(2026, 12, 24, 8, 5, tzinfo=UTC)
    assert [row.bells.count() for row in (first, second, third)] == [1, 0, 0], "only cron lines have bells"


def test_a_clock_that_goes_or_comes_touches_no_other(flow):
    first, second = sync(flow, weekdays(), nightly(parameter_defaults={"rows": 2}))
    pause_schedule(schedule=second, reason="holidays", now=SUNDAY)
    (kept,) = sync(flow, nightly(parameter_defaults={"rows": 2}))
    assert (kept.pk, kept.is_active) == (second.pk, False)
    again, added = sync(flow, nightly(parameter_defaults={"rows": 2}), weekdays())
    assert (again.pk, again.is_active) == (second.pk, False)
    assert (added.pk != first.pk, added.is_active) == (True, True)


def test_the_same_clock_twice_is_one_and_with_other_parameters_two(flow):
    assert len(sync(flow, nightly(), nightly())) == 1
    assert len(sync(flow, nightly(), nightly(parameter_defaults={"rows": 2}))) == 2


def test_a_later_start_date_alone_is_no_change(flow):
    (made,) = sync(flow, weekdays(datetime(2026, 11, 1, tzinfo=UTC)))
    (again,) = sync(flow, weekdays(datetime(2027, 1, 1, tzinfo=UTC)))
    again.refresh_from_db()
    assert (again.pk, again.start_at, again.next_fire_at) == (made.pk, made.start_at, made.next_fire_at)


def test_registering_again_keeps_a_paused_schedule_paused_and_others_untouched(flow):
    by_hand = create_schedule(flow=flow, user=None, now=SUNDAY, cron="0 1 * * *")
    (made,) = sync(flow, weekdays())
    pause_schedule(schedule=made, reason="", now=SUNDAY)
    (changed,) = sync(flow, nightly())
    assert (changed.is_active, changed.next_fire_at) == (False, None)
    sync(flow)
    assert list(flow.schedules.all()) == [by_hand]


def test_the_times_of_a_schedule_in_code_are_changed_in_code_and_its_parameters_by_anybody(flow):
    (made,) = sync(flow, weekdays())
    with pytest.raises(InvalidSchedule) as refused:
        update_schedule(schedule=made, now=SUNDAY, cron="0 8 * * *")
    assert refused.value.problems[0].code == "written_in_code"
    same_times = update_schedule(schedule=made, now=SUNDAY, cron=made.cron, parameters={"rows": 3})
    assert same_times.parameters == {"rows": 3}
    (kept,) = sync(flow, weekdays())
    assert kept.parameters == {"rows": 3}, "the code says what it said before"


def test_a_required_parameter_that_a_clock_does_not_give_is_refused_with_both_names(flow):
    flow.latest_version.parameter_schema = REQUIRED_SCHEMA
    flow.latest_version.save()
    given = weekdays(parameter_defaults={"day": "today"})
    with pytest.raises(InvalidSchedule) as refused:
        sync(flow, given, nightly())
    (problem,) = refused.value.problems
    assert "“At 02:00 every day, UTC” of examples/parent-flow" in problem.message
    assert "Parameter 'day' is required" in problem.message
    assert "parameter_defaults" in problem.message
    assert problem.field == "parameters.day"
    assert not flow.schedules.exists()
    assert len(sync(flow, given)) == 1


def test_a_new_version_that_requires_more_is_refused_by_a_clock_that_did_not_change(flow):
    sync(flow, nightly())
    flow.latest_version.parameter_schema = REQUIRED_SCHEMA
    flow.latest_version.save()
    with pytest.raises(InvalidSchedule, match="'day' is required"):
        sync(flow, nightly())


def test_a_parameter_that_does_not_exist_or_does_not_fit_is_refused(flow):
    with pytest.raises(InvalidSchedule, match="no parameter 'row'"):
        sync(flow, nightly(parameter_defaults={"row": 1}))
    with pytest.raises(InvalidSchedule, match="must be of type integer"):
        sync(flow, nightly(parameter_defaults={"rows": "many"}))


def test_the_migration_lets_the_next_registration_know_what_code_wrote_before(flow):
    (made,) = sync(flow, weekdays(end_date=datetime(2027, 1, 1)))
    update_schedule(schedule=made, now=SUNDAY, parameters={"rows": 3})
    type(made).objects.update(written=None)
    import_module("orchestrator.migrations.0006_clocks_and_backfills").remember_what_code_wrote(apps, None)
    (kept,) = sync(flow, weekdays(end_date=datetime(2027, 1, 1)))
    assert (kept.pk, kept.parameters) == (made.pk, {"rows": 3})
