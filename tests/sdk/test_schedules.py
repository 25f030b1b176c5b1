"""Schedules as people write them. Names with s097... refer to the statements of the seed's behaviour."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest

from orchestrator.core.schedules import read_timing
from orchestrator.sdk import CronSchedule, Flow, IntervalSchedule, Schedule, task
from orchestrator.sdk.compiling import fingerprint
from orchestrator.sdk.schedules import adjustments, clocks, filters
from orchestrator.sdk.schedules.clocks import CronClock, DatesClock, IntervalClock

NEW_YORK = "America/New_York"
NOON = pendulum.datetime(2026, 11, 20, 12)  # a Friday


def shown(times: list[datetime]) -> list[str]:
    return [f"{time:%a %d %H:%M}" for time in times]


@pytest.mark.parametrize("cron", ["* * * *", "60 * * * *", "no cron line at all", "*/0 * * * *", "0 0 * * 8"])
def test_s097_a_written_cron_line_is_checked_when_it_is_written(cron):
    with pytest.raises(ValueError):
        CronSchedule(cron)
    with pytest.raises(ValueError):
        clocks.CronClock(cron)


@pytest.mark.parametrize(
    "schedule", [CronSchedule, lambda *dates: IntervalSchedule(dates[1], timedelta(days=1), dates[2])]
)
def test_s098_a_written_start_and_end_are_both_included(schedule):
    start, end = datetime(2026, 3, 1), datetime(2026, 3, 3)
    assert schedule("@daily", start, end).next(9, after=datetime(2026, 1, 1)) == [
        pendulum.datetime(2026, 3, day) for day in (1, 2, 3)
    ]


def test_the_time_zone_is_that_of_the_start_date():
    schedule = CronSchedule("30 9 * * 1-5", start_date=pendulum.datetime(2026, 11, 20, 9, 30, tz="US/Eastern"))
    assert [str(time) for time in schedule.next(2, after=pendulum.datetime(2026, 1, 1))] == [
        "2026-11-20 09:30:00-05:00",
        "2026-11-23 09:30:00-05:00",
    ]
    assert schedule.document() == [
        {
            "kind": "cron",
            "cron": "30 9 * * 1-5",
            "timezone": "US/Eastern",
            "day_or": True,
            "start_at": "2026-11-20T09:30:00-05:00",
            "rules": {},
            "parameters": {},
        }
    ]


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        (None, "UTC"),
        (datetime(2026, 1, 1), "UTC"),
        (datetime(2026, 1, 1, tzinfo=UTC), "UTC"),
        (datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), "Europe/Berlin"),
        (pendulum.datetime(2026, 1, 1), "UTC"),
        # Zones without a slash in their names, with summer time.
        (pendulum.datetime(2026, 1, 1, tz="GB"), "GB"),
        (datetime(2026, 1, 1, tzinfo=ZoneInfo("EST5EDT")), "EST5EDT"),
        (pendulum.parse("2026-01-01T00:00:00-05:00"), "Etc/GMT+5"),
    ],
)
def test_the_zone_of_a_written_schedule(start, zone):
    assert CronSchedule("@daily", start_date=start).document()[0]["timezone"] == zone
    assert IntervalSchedule(start, timedelta(days=1)).document()[0]["timezone"] == zone
    if start:
        assert Schedule([DatesClock([start])]).document()[0]["timezone"] == zone


def test_an_offset_without_a_zone_of_that_name_is_refused():
    with pytest.raises(ValueError, match="Asia/Kolkata"):
        CronSchedule("@daily", start_date=pendulum.parse("2026-01-01T00:00:00+05:30"))


def test_an_interval_counts_from_its_start_or_from_now():
    schedule = IntervalSchedule(NOON, timedelta(hours=6), end_date=NOON.add(hours=12))
    assert shown(schedule.next(9, after=NOON.subtract(days=9))) == ["Fri 20 12:00", "Fri 20 18:00", "Sat 21 00:00"]
    first = IntervalSchedule(interval=timedelta(hours=1)).next(1)[0]
    assert timedelta() <= first - pendulum.now("UTC") <= timedelta(seconds=1)
    with pytest.raises(ValueError, match="needs an interval"):
        IntervalSchedule(NOON)
    with pytest.raises(ValueError, match="at least 1"):
        IntervalSchedule(NOON, timedelta(0))


def test_what_is_no_schedule_no_length_and_no_moment_is_refused_where_it_is_written():
    for wrong in ("0 9 * * *", CronClock("0 9 * * *")):
        with pytest.raises(TypeError, match="is no schedule; write CronSchedule"):
            Flow("f", schedule=wrong)
    with pytest.raises(ValueError, match="An interval is a timedelta, not 60"):
        IntervalSchedule(interval=60)
    for clock in (lambda: CronClock("0 9 * * *", start_date="2026-03-02"), lambda: DatesClock(["2026-03-02"])):
        with pytest.raises(TypeError, match="'2026-03-02' is no datetime"):
            clock()


def test_several_clocks_are_merged_in_the_order_of_time():
    schedule = Schedule(
        clocks=[
            CronClock("0 13 * * *", parameter_defaults={"size": "small"}),
            IntervalClock(timedelta(days=1), start_date=NOON, parameter_defaults={"size": "large"}),
            DatesClock([NOON.add(minutes=30)]),
        ]
    )
    events = schedule.next(4, after=NOON.subtract(hours=1), return_events=True)
    assert [(f"{event.start_time:%d %H:%M}", event.parameter_defaults) for event in events] == [
        ("20 12:00", {"size": "large"}),
        ("20 12:30", {}),
        ("20 13:00", {"size": "small"}),
        ("21 12:00", {"size": "large"}),
    ]


def test_s104_clocks_that_agree_strike_once_and_clocks_that_differ_twice():
    def struck(*parameters: dict[str, int]) -> list[tuple[str, dict[str, int]]]:
        schedule = Schedule([CronClock("0 12 * * *", parameter_defaults=each) for each in parameters])
        events = schedule.next(4, after=NOON.subtract(minutes=1), return_events=True)
        return [(f"{event.start_time:%d}", event.parameter_defaults) for event in events]

    assert struck({"x": 1}, {"x": 1}) == [("20", {"x": 1}), ("21", {"x": 1}), ("22", {"x": 1}), ("23", {"x": 1})]
    assert struck({"x": 1}, {"x": 2}) == [("20", {"x": 1}), ("20", {"x": 2}), ("21", {"x": 1}), ("21", {"x": 2})]
    assert struck({"x": 1}, {"x": 2}, {"x": 1})[:3] == [("20", {"x": 1}), ("20", {"x": 2}), ("21", {"x": 1})]


def test_s104_the_two_hours_of_one_name_in_autumn_are_two_events():
    schedule = IntervalSchedule(pendulum.datetime(2018, 11, 4, 0, tz=NEW_YORK), timedelta(hours=1))
    events = schedule.next(4, after=datetime(2018, 11, 4, 3, 59))
    assert [event.in_timezone("UTC").hour for event in events] == [4, 5, 6, 7]


def test_filters_let_through_what_all_of_them_one_of_the_or_filters_and_none_of_the_not_filters_say():
    schedule = Schedule(
        clocks=[clocks.IntervalClock(timedelta(hours=1), start_date=NOON)],
        filters=[filters.is_weekday],
        or_filters=[filters.between_times(time(9), time(10)), filters.at_time(time(17))],
        not_filters=[filters.on_date(11, 23)],
    )
    assert shown(schedule.next(4, after=NOON)) == ["Fri 20 17:00", "Tue 24 09:00", "Tue 24 10:00", "Tue 24 17:00"]


@pytest.mark.parametrize(
    ("rule", "moment", "lets"),
    [
        (filters.is_weekday, NOON, True),
        (filters.is_weekend, NOON, False),
        (filters.is_day_of_week(5), NOON, True),
        (filters.is_day_of_week(0), NOON.add(days=2), True),
        (filters.is_month_start, NOON, False),
        (filters.is_month_end, datetime(2028, 2, 29), True),
        (filters.is_month_end, datetime(2026, 2, 27), False),
        (filters.on_date(11, 20), NOON, True),
        (filters.between_dates(12, 24, 1, 6), datetime(2027, 1, 6), True),
        (filters.between_dates(12, 24, 1, 6), datetime(2027, 1, 7), False),
        (filters.between_times(time(22), time(6)), datetime(2027, 1, 7, 6), True),
        (filters.between_times(time(22), time(6)), datetime(2027, 1, 7, 7), False),
        (filters.at_time(time(12)), NOON, True),
        (filters.on_datetime(NOON), NOON.in_timezone(NEW_YORK), True),
        (filters.between_datetimes(NOON, NOON.add(hours=1)), NOON.add(hours=1), True),
        (filters.between_datetimes(NOON, NOON.add(hours=1)), NOON.add(hours=2), False),
    ],
)
def test_a_filter_can_be_asked_about_a_moment(rule, moment, lets):
    assert rule(moment) is lets


def test_adjustments_move_what_the_filters_let_through_in_their_order():
    schedule = Schedule(
        [clocks.CronClock("0 9 L * *")],
        adjustments=[adjustments.next_weekday, adjustments.add(timedelta(hours=1))],
    )
    assert shown(schedule.next(3, after=NOON)) == ["Mon 30 10:00", "Thu 31 10:00", "Mon 01 10:00"]


def test_days_that_are_moved_onto_one_start_one_run():
    """Saturday, Sunday and Monday all mean Monday: in the seed's system that is three runs."""
    schedule = Schedule([clocks.CronClock("0 9 * * *")], adjustments=[adjustments.next_weekday])
    assert shown(schedule.next(3, after=NOON)) == ["Mon 23 09:00", "Tue 24 09:00", "Wed 25 09:00"]


def test_what_a_document_says_is_what_was_written():
    schedule = Schedule(
        [
            CronClock("0 9 13 * 5", day_or=False, timezone="Europe/Berlin", end_date=NOON),
            IntervalClock(timedelta(minutes=90), start_date=NOON),
            DatesClock([NOON, NOON.add(days=1)]),
        ],
        filters=[
            filters.is_weekday,
            filters.is_day_of_week(2),
            filters.on_date(2, 29),
            filters.between_dates(1, 2, 3, 4),
            filters.at_time(time(9)),
            filters.between_times(time(9), time(17, 30)),
            filters.on_datetime(NOON),
            filters.between_datetimes(NOON, NOON),
        ],
        or_filters=[filters.is_month_start, filters.is_month_end],
        not_filters=[filters.is_weekend],
        adjustments=[adjustments.add(timedelta(hours=-2)), adjustments.next_weekday],
    )
    for clock, document in zip(schedule.clocks, schedule.document(), strict=True):
        document.pop("parameters")
        timing = read_timing(document)
        assert (timing.clock, timing.rules) == (clock.clock, schedule.rules)


def test_what_cannot_be_kept_as_data_is_refused():
    with pytest.raises(TypeError, match=r"people's functions.*schedules\.filters"):
        Schedule([CronClock("@daily")], filters=[lambda moment: True])
    with pytest.raises(TypeError, match=r"schedules\.adjustments"):
        Schedule([CronClock("@daily")], adjustments=[filters.is_weekday])
    with pytest.raises(TypeError, match="is no clock"):
        Schedule(["@daily"])
    with pytest.raises(ValueError, match="at least one clock"):
        Schedule([])
    with pytest.raises(ValueError, match="February has the days 1 to 29"):
        Schedule([CronClock("@daily")], filters=[filters.on_date(2, 30)])
    with pytest.raises(ValueError, match="whole seconds"):
        adjustments.add(timedelta(microseconds=1))
    with pytest.raises(ValueError, match="queue"):
        CronClock("@daily", labels=["gpu"])
    with pytest.raises(ValueError, match=r"parameter_defaults\['x'\]"):
        CronClock("@daily", parameter_defaults={"x": object()})


def test_start_dates_of_clocks_are_not_part_of_the_fingerprint_and_parameters_are():
    @task
    def one() -> None: ...

    def written(**fields: object) -> str:
        with Flow("f", schedule=Schedule([IntervalClock(timedelta(hours=1), **fields), CronClock("@daily")])) as flow:
            one()
        return fingerprint(flow.serialize())

    assert written(start_date=NOON) == written(start_date=NOON.add(days=1)) == written()
    assert written() != written(parameter_defaults={"x": 1})
