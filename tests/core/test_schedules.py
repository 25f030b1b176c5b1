"""When schedules fire. Names with s097... refer to the statements of the seed's behaviour."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.clocks import CronClock
from orchestrator.core.cron import MACROS, read_cron
from orchestrator.core.schedules import Timing, check_timing, describe, latest_between, next_after, preview
from orchestrator.core.wall_clock import FireTime, ScheduleError, find_zone

NEW_YORK = "America/New_York"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def cron_clock(cron: str, zone: str = "UTC", **fields) -> Timing:
    return Timing(CronClock(cron, zone, **fields))


def preview_of(cron: str, zone: str, *, after: datetime, count: int, **fields) -> list[FireTime]:
    return preview(cron_clock(cron, zone, **fields), after=after, count=count)


def fire_times(cron: str, zone: str, after: datetime, count: int, **spec) -> list[str]:
    times = preview_of(cron, zone, after=after, count=count, **spec)
    return [f"{time.local:%a %d %H:%M}{time.offset}" for time in times]


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("* * * *", "has 4 fields"),
        ("0 30 9 * * 1-5", "has 6 fields"),
        ("", "has 0 fields"),
        ("60 * * * *", "'60' does not fit the field minute"),
        ("0 24 * * *", "'24' does not fit the field hour"),
        ("0 0 * 13 *", "'13' does not fit the field month"),
        ("0 0 * * 8", "'8' does not fit the field day of week"),
        ("*/0 * * * *", "steps"),
        ("0 0 * * 5-1", "ranges"),
        ("this is no cron line", "'this' does not fit the field minute"),
        ("@often", "@daily"),
        ("0 0 30 2 *", "does not exist"),
        ("0 0 31 4,6 *", "does not exist"),
        ("0" * 201, "at most 200"),
    ],
)
def test_s097_what_is_not_a_cron_line_is_refused_with_the_place(cron, said):
    with pytest.raises(ScheduleError, match=said.replace("(", r"\(")) as refused:
        check_timing(cron_clock(cron))
    assert refused.value.field == "cron"


def test_a_date_that_can_never_be_both_is_refused_only_where_both_are_asked_for():
    check_timing(cron_clock("0 0 30 2 1"))
    with pytest.raises(ScheduleError, match="no date"):
        check_timing(cron_clock("0 0 30 2 1", day_or=False))


@pytest.mark.parametrize("cron", [*MACROS, "0 9 * JAN-MAR MON-FRI", "0 0 * * 7", "0 9 L * *", "0 9 * * 5#2"])
def test_macros_names_and_sunday_as_seven_are_understood(cron):
    assert next_after(cron_clock(cron), utc(2026, 11, 22)) is not None


def test_seven_is_sunday():
    assert fire_times("0 0 * * 7", "UTC", utc(2026, 11, 17), 2) == ["Sun 22 00:00+00:00", "Sun 29 00:00+00:00"]


@pytest.mark.parametrize(
    ("zone", "suggested"), [("us/eastern", "US/Eastern"), ("Berlin", "Europe/Berlin"), ("New York", NEW_YORK)]
)
def test_an_unknown_zone_is_refused_with_close_ones(zone, suggested):
    with pytest.raises(ScheduleError, match=suggested) as refused:
        find_zone(zone)
    assert refused.value.field == "timezone"


def test_the_seeds_schedule_stays_at_half_past_nine_on_weekdays():
    assert fire_times("30 9 * * 1-5", "US/Eastern", utc(2026, 10, 29, 20), 3) == [
        "Fri 30 09:30-04:00",
        "Mon 02 09:30-05:00",
        "Tue 03 09:30-05:00",
    ]


def test_s098_start_and_end_are_included():
    start, end = utc(2026, 3, 1), utc(2026, 3, 3)
    times = preview_of("0 0 * * *", "UTC", after=utc(2026, 1, 1), count=9, start_at=start, end_at=end)
    assert [time.utc for time in times] == [start, utc(2026, 3, 2), end]
    assert next_after(cron_clock("0 0 * * *", start_at=start), start) == utc(2026, 3, 2), "after is not included"


def test_an_end_before_the_start_and_times_without_zone_are_refused():
    with pytest.raises(ScheduleError) as refused:
        check_timing(cron_clock("@daily", start_at=utc(2026, 2, 1), end_at=utc(2026, 1, 1)))
    assert refused.value.field == "end_at"
    with pytest.raises(ScheduleError, match="no time zone") as refused:
        check_timing(cron_clock("@daily", start_at=datetime(2026, 2, 1)))
    assert refused.value.field == "start_at"


def test_s100_either_day_by_default_and_both_days_on_request():
    either = fire_times("0 9 1-7 * 2", "UTC", utc(2026, 11, 1), 10)
    assert "Sun 01 09:00+00:00" in either
    assert "Tue 10 09:00+00:00" in either
    both = preview_of("0 9 1-7 * 2", "UTC", day_or=False, after=utc(2026, 11, 1), count=3)
    assert [(time.utc.month, time.utc.day) for time in both] == [(11, 3), (12, 1), (1, 5)], "first Tuesdays"


def test_s101_nine_oclock_stays_nine_oclock_over_both_changes_of_2018():
    spring = preview_of("0 9 * * *", NEW_YORK, after=utc(2018, 3, 10), count=2)
    autumn = preview_of("0 9 * * *", NEW_YORK, after=utc(2018, 11, 3), count=2)
    assert [time.utc.hour for time in spring] == [14, 13]
    assert [time.utc.hour for time in autumn] == [13, 14]
    assert {time.local.hour for time in spring + autumn} == {9}


def test_a_time_in_the_spring_gap_moves_by_the_gap_once():
    moved, ordinary = preview_of("30 2 * * *", NEW_YORK, after=utc(2027, 3, 13, 12), count=2)
    assert (moved.utc, f"{moved.local:%H:%M}") == (utc(2027, 3, 14, 7, 30), "03:30")
    assert "02:30 does not exist" in moved.note
    assert "03:30" in moved.note
    assert (f"{ordinary.local:%d %H:%M}", ordinary.note) == ("15 02:30", "")


def test_hourly_in_spring_skips_what_does_not_exist_without_doubling():
    assert fire_times("0 * * * *", NEW_YORK, utc(2027, 3, 14, 5, 30), 3) == [
        "Sun 14 01:00-05:00",
        "Sun 14 03:00-04:00",
        "Sun 14 04:00-04:00",
    ]


def test_times_moved_by_the_gap_keep_the_order_and_merge_with_those_already_there():
    assert fire_times("15,45 2,3 * * *", NEW_YORK, utc(2027, 3, 14, 5), 3) == [
        "Sun 14 03:15-04:00",
        "Sun 14 03:45-04:00",
        "Mon 15 02:15-04:00",
    ]


def test_a_doubled_time_fires_once_at_the_first():
    first, following = preview_of("30 1 * * *", NEW_YORK, after=utc(2027, 11, 6, 12), count=2)
    assert first.utc == utc(2027, 11, 7, 5, 30)
    assert "comes twice" in first.note
    assert following.utc == utc(2027, 11, 8, 6, 30)


@pytest.mark.parametrize(
    ("cron", "hours"),
    [
        ("0 * * * *", ["04:00", "05:00", "07:00", "08:00"]),
        ("*/30 * * * *", ["04:00", "04:30", "05:00", "05:30", "07:00"]),
    ],
)
def test_hourly_in_autumn_fires_in_the_first_of_the_doubled_hours(cron, hours):
    times = preview_of(cron, NEW_YORK, after=utc(2018, 11, 4, 3, 59), count=len(hours))
    assert [f"{time.utc:%H:%M}" for time in times] == hours


def test_a_zone_that_skipped_a_whole_day_fires_once_for_both_days():
    # Samoa went over the date line: 30 December 2011 did not exist there.
    times = fire_times("0 12 * * *", "Pacific/Apia", datetime(2011, 12, 29, 23, tzinfo=UTC), 2)
    assert times == ["Sat 31 12:00+14:00", "Sun 01 12:00+14:00"]


def test_midnight_that_does_not_exist_in_santiago_fires_at_one():
    assert fire_times("0 0 * * *", "America/Santiago", utc(2026, 9, 5, 12), 2) == [
        "Sun 06 01:00-03:00",
        "Mon 07 00:00-03:00",
    ]


def test_the_latest_times_of_a_long_outage():
    spec = cron_clock("0 * * * *")
    since, until = utc(2024, 1, 1), utc(2026, 11, 22, 10)
    assert latest_between(spec, since, until, count=2) == [utc(2026, 11, 22, 9), until], "both ends are included"
    assert latest_between(spec, utc(2026, 11, 22, 9), until, count=100)[0] == utc(2026, 11, 22, 9)
    assert latest_between(cron_clock("0 0 29 2 *"), utc(2020, 1, 1), until, count=5) == [
        utc(2020, 2, 29),
        utc(2024, 2, 29),
    ]


@pytest.mark.parametrize(
    ("cron", "zone", "day_or", "words"),
    [
        ("30 9 * * 1-5", "US/Eastern", True, "At 09:30 on Monday to Friday, US/Eastern time"),
        ("@daily", "UTC", True, "At 00:00 every day, UTC"),
        ("*/15 9-17 * * 1-5", "UTC", True, "Every 15 minutes from 09:00 to 17:45 on Monday to Friday, UTC"),
        ("0 0 13 * 5", "UTC", True, "At 00:00 on the 13th of the month or on Friday, UTC"),
        ("0 0 13 * 5", "UTC", False, "At 00:00 on the 13th of the month, where that is Friday, UTC"),
        ("0 */2 * * *", "UTC", True, "Every 2 hours, on the hour, UTC"),
        ("5 * * * *", "UTC", True, "Every hour, at 5 minutes past, UTC"),
        ("0 8,12 1,22 * *", "UTC", True, "At 08:00 and 12:00 on the 1st and 22nd of the month, UTC"),
        ("0 9 * 6-8 SAT,7", "UTC", True, "At 09:00 on Saturday and Sunday in June to August, UTC"),
        ("0 9 L * *", "UTC", True, "At 09:00 on the last day of the month, UTC"),
        ("0 9 * * 5#2", "UTC", True, "At 09:00 on the second Friday of the month, UTC"),
        ("* * * * *", "UTC", True, "Every minute, UTC"),
    ],
)
def test_schedules_in_words(cron, zone, day_or, words):
    assert describe(cron_clock(cron, zone, day_or=day_or)) == words


ZONES = [
    "UTC",
    NEW_YORK,
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Africa/Casablanca",
]
field = st.one_of(st.just("*"), st.sampled_from(["*/5", "*/7", "0,30", "1-3"]))
crons = st.builds(
    "{} {} {} {} {}".format,
    st.one_of(st.sampled_from(["*", "*/30", "0,15"]), st.integers(0, 59)),
    st.one_of(st.sampled_from(["*", "*/6", "1-3"]), st.integers(0, 23)),
    st.one_of(st.just("*"), st.integers(1, 28)),
    st.one_of(st.just("*"), st.integers(1, 12)),
    st.one_of(st.just("*"), st.integers(0, 7), st.just("1-5")),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
near_changes = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from([utc(2027, 3, 14), utc(2027, 11, 7), utc(2027, 3, 28), utc(2027, 10, 31), utc(2027, 4, 3, 12)]),
    st.integers(-600, 900),
)


@settings(max_examples=150, deadline=None)
@given(crons, st.sampled_from(ZONES), st.one_of(moments, near_changes), st.booleans())
def test_preview_is_what_ticking_finds_and_every_time_is_one_that_the_line_names(cron, zone, after, day_or):
    spec = cron_clock(cron, zone, day_or=day_or)
    times = preview_of(cron, zone, day_or=day_or, after=after, count=6)
    ticked, moment = [], after
    for _ in range(6):
        moment = next_after(spec, moment)
        ticked.append(moment)
    assert [time.utc for time in times] == ticked
    assert all(earlier < later for earlier, later in pairwise([after, *ticked]))
    named = read_cron(cron, day_or=day_or)
    for time in times:
        local = time.utc.astimezone(ZoneInfo(zone))
        wall = local.replace(tzinfo=None)
        assert local.fold == 0, "a doubled time fires at its first occurrence"
        if not time.note.startswith("The clocks go forward"):
            assert next(named.wall_times(wall)) == wall, "the line names this wall time"


@settings(max_examples=50, deadline=None)
@given(crons, st.sampled_from(ZONES), near_changes)
def test_no_wall_time_that_exists_is_left_out(cron, zone, after):
    end = after + timedelta(days=2)
    found = {time.utc for time in preview_of(cron, zone, after=after, count=3000, end_at=end)}
    start = after.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    for wall in islice(read_cron(cron).wall_times(start), 300):
        instant = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if after < instant <= end:
            assert instant in found
