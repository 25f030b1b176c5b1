"""Clocks and rules. Names with s103... refer to the statements of the seed's behaviour."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.core.adjustments import Add, NextWeekday
from orchestrator.core.clocks import (
    Clock,
    CronClock,
    DatesClock,
    IntervalClock,
    check_clock,
    clock_in_words,
    times_after,
)
from orchestrator.core.filters import BetweenDatetimes, BetweenTimes, IsMonthEnd, IsWeekday, IsWeekend, OnDate
from orchestrator.core.rules import Rules, read_rules, write_rules
from orchestrator.core.schedules import (
    Timing,
    describe,
    fire_times,
    fire_times_between,
    next_after,
    preview,
    read_timing,
    write_timing,
)
from orchestrator.core.wall_clock import ScheduleError

NEW_YORK = "America/New_York"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def struck(clock: Clock, after: datetime, count: int) -> list[datetime]:
    return [time.utc for time in islice(times_after(clock, after), count)]


def test_s103_an_hourly_interval_is_elapsed_time_and_a_daily_one_keeps_its_local_hour():
    start = datetime(2018, 11, 4, 0, tzinfo=ZoneInfo(NEW_YORK))
    hourly = IntervalClock(HOUR, start, NEW_YORK)
    assert [time.hour for time in struck(hourly, utc(2018, 11, 4, 3, 59), 4)] == [4, 5, 6, 7]
    daily = IntervalClock(DAY, datetime(2018, 11, 2, 9, tzinfo=ZoneInfo(NEW_YORK)), NEW_YORK)
    assert struck(daily, utc(2018, 11, 2), 4) == [utc(2018, 11, day, 13 + (day > 3)) for day in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("interval", "start", "zone", "expected"),
    [
        (DAY, datetime(2027, 3, 13, 2, 30), NEW_YORK, ["13 02:30", "14 03:30", "15 02:30"]),
        (DAY, datetime(2027, 11, 6, 1, 30), NEW_YORK, ["06 01:30", "07 01:30", "08 01:30"]),
        (DAY / 2, datetime(2027, 3, 13, 14, 30), NEW_YORK, ["13 14:30", "14 03:30", "14 15:30"]),
        (36 * HOUR, datetime(2027, 3, 12, 20), NEW_YORK, ["12 20:00", "14 09:00", "15 21:00"]),
        (2 * DAY, datetime(2027, 3, 12, 9), NEW_YORK, ["12 09:00", "14 09:00", "16 09:00"]),
        (DAY, datetime(2011, 12, 29, 12), "Pacific/Apia", ["29 12:00", "31 12:00", "01 12:00"]),
    ],
)
def test_intervals_over_changes_of_the_clocks(interval, start, zone, expected):
    start = start.replace(tzinfo=ZoneInfo(zone))
    times = islice(times_after(IntervalClock(interval, start, zone), start - DAY), 3)
    assert [f"{time.local:%d %H:%M}" for time in times] == expected


def test_an_interval_that_starts_in_the_second_of_two_equal_hours_starts_there():
    start = datetime(2027, 11, 7, 1, 30, tzinfo=ZoneInfo(NEW_YORK), fold=1)
    assert struck(IntervalClock(DAY, start, NEW_YORK), start - HOUR, 2) == [
        utc(2027, 11, 7, 6, 30),
        utc(2027, 11, 8, 6, 30),
    ]


def test_a_start_within_a_second_is_rounded_up_and_both_ends_are_included():
    clock = IntervalClock(HOUR, utc(2026, 1, 1).replace(microsecond=1), end_at=utc(2026, 1, 1, 1, 0, 1))
    assert struck(clock, utc(2020, 1, 1), 9) == [utc(2026, 1, 1, 0, 0, 1), utc(2026, 1, 1, 1, 0, 1)]


def test_dates_are_sorted_and_each_strikes_once():
    clock = DatesClock((utc(2026, 2, 1), utc(2026, 1, 1), utc(2026, 2, 1)), "Europe/Berlin")
    assert struck(clock, utc(2025, 1, 1), 9) == [utc(2026, 1, 1), utc(2026, 2, 1)]
    assert struck(clock, utc(2026, 1, 1), 9) == [utc(2026, 2, 1)], "after is not included"


@pytest.mark.parametrize(
    ("clock", "field"),
    [
        (IntervalClock(timedelta(0), utc(2026, 1, 1)), "interval_seconds"),
        (IntervalClock(timedelta(milliseconds=1500), utc(2026, 1, 1)), "interval_seconds"),
        (IntervalClock(timedelta(days=40_000), utc(2026, 1, 1)), "interval_seconds"),
        (IntervalClock(HOUR, utc(2500, 1, 1)), "start_at"),
        (IntervalClock(HOUR, utc(2026, 1, 2), end_at=utc(2026, 1, 1)), "end_at"),
        (DatesClock(()), "dates"),
        (DatesClock((utc(2026, 1, 1),) * 1_001), "dates"),
        (DatesClock((datetime(2026, 1, 1),)), "dates"),
        (DatesClock((utc(2026, 1, 1),), "Nowhere"), "timezone"),
    ],
)
def test_clocks_that_cannot_be_kept_name_the_field(clock, field):
    with pytest.raises(ScheduleError) as refused:
        check_clock(clock)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        (IntervalClock(HOUR, utc(2026, 3, 1, 9)), "Every hour from 1 Mar 2026, 09:00 on, UTC"),
        (IntervalClock(90 * HOUR / 60, utc(2026, 3, 1)), "Every 1 hour and 30 minutes from 1 Mar 2026, 00:00 on, UTC"),
        (
            IntervalClock(14 * DAY, utc(2026, 3, 1), NEW_YORK),
            f"Every 2 weeks from 28 Feb 2026, 19:00 on, {NEW_YORK} time",
        ),
        (IntervalClock(9 * DAY, utc(2026, 3, 1)), "Every 9 days from 1 Mar 2026, 00:00 on, UTC"),
        (DatesClock((utc(2026, 3, 1), utc(2026, 3, 1))), "On 1 Mar 2026, 00:00, UTC"),
        (DatesClock((utc(2026, 3, 1), utc(2026, 1, 1, 8))), "On 1 Jan 2026, 08:00 and 1 Mar 2026, 00:00, UTC"),
        (
            DatesClock(tuple(utc(2026, 1, day) for day in range(1, 9))),
            "On 8 dates from 1 Jan 2026, 00:00 to 8 Jan 2026, 00:00, UTC",
        ),
    ],
)
def test_clocks_in_words(clock, words):
    assert clock_in_words(clock) == words


def test_rules_in_words():
    rules = Rules(
        filters=(IsWeekday(), BetweenTimes(time(9), time(17))),
        not_filters=(OnDate(12, 24), OnDate(12, 31)),
        adjustments=(Add(-3600), NextWeekday()),
    )
    assert describe(Timing(CronClock("0 * * * *"), rules)) == (
        "Every hour, on the hour, UTC, only on Monday to Friday and from 09:00 to 17:00, "
        "not on 24 December or on 31 December, hour earlier, moved to Monday where that is a weekend"
    )


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "rules"),
        ({"filter": []}, "rules"),
        ({"filters": {}}, "rules.filters"),
        ({"filters": ["is_weekday"]}, "rules.filters[0].name"),
        ({"filters": [{"name": "next_weekday"}]}, "rules.filters[0].name"),
        ({"filters": [{"name": "is_weekday", "day": 1}]}, "rules.filters[0].day"),
        ({"not_filters": [{"name": "is_weekday"}, {"name": "on_date", "month": 1}]}, "rules.not_filters[1].day"),
        ({"filters": [{"name": "on_date", "month": 13, "day": 1}]}, "rules.filters[0].month"),
        ({"filters": [{"name": "on_date", "month": True, "day": 1}]}, "rules.filters[0].month"),
        ({"filters": [{"name": "is_day_of_week", "day_of_week": 7}]}, "rules.filters[0].day_of_week"),
        ({"or_filters": [{"name": "at_time", "at": "9 o'clock"}]}, "rules.or_filters[0].at"),
        ({"or_filters": [{"name": "at_time", "at": "09:00+01:00"}]}, "rules.or_filters[0].at"),
        ({"filters": [{"name": "on_datetime", "moment": "2026-01-01T00:00:00"}]}, "rules.filters[0].moment"),
        (
            {"filters": [{"name": "between_datetimes", "start": "2026-01-02T00Z", "end": "2026-01-01T00Z"}]},
            "rules.filters[0].end",
        ),
        ({"adjustments": [{"name": "add", "seconds": 0}]}, "rules.adjustments[0].seconds"),
        ({"adjustments": [{"name": "add", "seconds": "1"}]}, "rules.adjustments[0].seconds"),
        ({"filters": [{"name": "is_weekday"}] * 21}, "rules.filters"),
    ],
)
def test_rules_are_read_strictly(document, field):
    with pytest.raises(ScheduleError) as refused:
        read_rules(document)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"kind": "lunar"}, "kind"),
        ({"kind": "interval", "start_at": "2026-01-01T00:00:00Z"}, "interval_seconds"),
        ({"kind": "interval", "interval_seconds": 60}, "start_at"),
        ({"kind": "interval", "interval_seconds": 60, "start_at": "2026-01-01T00Z", "cron": "@daily"}, "cron"),
        ({"kind": "dates", "dates": "2026-01-01"}, "dates"),
        ({"kind": "dates", "dates": ["soon"]}, "dates"),
        ({"kind": "dates", "dates": ["2026-01-01T00Z"], "end_at": "2026-01-01T00Z"}, "end_at"),
        ({"kind": "cron"}, "cron"),
        ({"kind": "cron", "cron": "@daily", "start_at": "soon"}, "start_at"),
    ],
)
def test_timings_are_read_strictly(document, field):
    with pytest.raises(ScheduleError) as refused:
        read_timing(document)
    assert refused.value.field == field


def test_a_search_for_a_rare_day_jumps_over_the_others():
    every_minute = CronClock("* * * * *")
    leap_sunday = Timing(every_minute, Rules(filters=(OnDate(2, 29), IsWeekend(), BetweenTimes(time(8), time(8)))))
    assert next_after(leap_sunday, utc(2026, 1, 1)) == utc(2032, 2, 29, 8)
    far = Timing(every_minute, Rules(filters=(BetweenDatetimes(utc(2100, 1, 1), utc(2100, 1, 2)),)))
    assert next_after(far, utc(2026, 1, 1)) == utc(2100, 1, 1)
    assert next_after(far, utc(2100, 1, 2)) is None


def test_filters_that_refuse_everything_end_the_search():
    never = Timing(CronClock("* * * * *"), Rules(filters=(IsWeekday(), IsWeekend())))
    assert next_after(never, utc(2026, 1, 1)) is None
    assert (
        next_after(Timing(CronClock("*/5 * * * *"), Rules(not_filters=(IsWeekday(), IsWeekend()))), utc(2026, 1, 1))
        is None
    )


def test_an_adjustment_may_change_the_order_of_times():
    """Saturday 10:00 and Sunday 09:00 both move to Monday, the later one first."""
    clock = DatesClock((utc(2026, 11, 21, 10), utc(2026, 11, 22, 9), utc(2026, 11, 23, 8), utc(2026, 11, 23, 10)))
    timing = Timing(clock, Rules(adjustments=(NextWeekday(),)))
    assert [time.utc.hour for time in preview(timing, after=utc(2026, 11, 20), count=9)] == [8, 9, 10]


def test_an_adjusted_time_is_found_although_its_own_time_lies_before():
    timing = Timing(CronClock("0 9 * * 5"), Rules(adjustments=(Add(3 * 86_400),)))
    assert next_after(timing, utc(2026, 11, 22)) == utc(2026, 11, 23, 9), "Friday the 20th and three days"
    earlier = Timing(CronClock("0 9 * * 5"), Rules(adjustments=(Add(-3600),)))
    assert next_after(earlier, utc(2026, 11, 20, 8)) == utc(2026, 11, 27, 8)


ZONES = ["UTC", NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
zones = st.sampled_from(ZONES)
starts = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
any_clock = st.one_of(
    st.builds(
        lambda minute, hour, zone: CronClock(f"{minute} {hour} * * *", zone),
        st.sampled_from(["*/20", "0", "30"]),
        st.sampled_from(["*", "1-3", "9"]),
        zones,
    ),
    st.builds(IntervalClock, st.sampled_from([HOUR, 7 * HOUR, DAY, 3 * DAY, timedelta(minutes=17)]), starts, zones),
    st.builds(lambda dates, zone: DatesClock(tuple(dates), zone), st.lists(starts, min_size=1, max_size=20), zones),
)
any_filter = st.one_of(
    st.sampled_from([IsWeekday(), IsWeekend(), IsMonthEnd(), BetweenTimes(time(22), time(3)), OnDate(3, 14)]),
    st.builds(lambda start: BetweenDatetimes(start, start + 40 * DAY), starts),
)
any_rules = st.builds(
    Rules,
    st.lists(any_filter, max_size=1).map(tuple),
    st.lists(any_filter, max_size=2).map(tuple),
    st.lists(any_filter, max_size=1).map(tuple),
    st.lists(st.sampled_from([Add(5400), Add(86_400), Add(-7200), NextWeekday()]), max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(any_clock, any_rules, starts)
def test_preview_is_what_a_ticking_clock_finds(clock, rules, after):
    timing = Timing(clock, rules)
    times = preview(timing, after=after, count=5)
    ticked, moment = [], after
    while len(ticked) < 5 and (found := next_after(timing, moment)):
        ticked.append(moment := found)
    assert [time.utc for time in times] == ticked
    assert all(earlier < later for earlier, later in pairwise([after, *ticked]))


@settings(max_examples=60, deadline=None)
@given(any_clock, any_rules, starts)
def test_rules_do_to_the_times_of_a_clock_what_they_say(clock, rules, after):
    """Against the plain reading: all times of the clock, filtered one by one, moved one by one, put in order."""
    end = after + 10 * DAY
    all_times = [time.local for time in fire_times_between(Timing(clock), after - 10 * DAY, end + 10 * DAY)]
    passed = [
        local
        for local in all_times
        if all(rule(local) for rule in rules.filters)
        and not any(rule(local) for rule in rules.not_filters)
        and (not rules.or_filters or any(rule(local) for rule in rules.or_filters))
    ]
    for rule in rules.adjustments:
        passed = [rule(local) for local in passed]
    expected = sorted({moment for local in passed if after < (moment := local.astimezone(UTC)) <= end})
    found = []
    for time_found in fire_times(Timing(clock, rules), after=after):
        if time_found.utc > end:
            break
        found.append(time_found.utc)
    assert found == expected


@settings(max_examples=40, deadline=None)
@given(any_clock, any_rules)
def test_a_timing_survives_its_document(clock, rules):
    timing = Timing(clock, rules)
    assert read_timing(write_timing(timing)) == timing
    assert read_rules(write_rules(rules)) == rules


@settings(max_examples=40, deadline=None)
@given(any_clock, starts, st.integers(1, 20))
def test_a_range_holds_the_times_that_ticking_through_it_finds(clock, since, days):
    assume(not isinstance(clock, IntervalClock) or clock.interval >= HOUR)
    until = since + days * DAY
    times = [time.utc for time in fire_times_between(Timing(clock), since, until)]
    assert all(since <= time <= until for time in times)
    again = [time.utc for time in fire_times_between(Timing(clock), since, since + (until - since) / 2)]
    assert times[: len(again)] == again
