"""The clocks of a schedule: a cron line, an interval, or a list of dates, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.core.cron import Cron, CronError, read_cron
from orchestrator.core.cron_words import in_words, listed
from orchestrator.core.wall_clock import (
    INSTANT,
    FireTime,
    ScheduleError,
    check_moment,
    find_zone,
    fire_time_at,
    in_utc,
    instant_of,
    is_whole_days,
)

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
MOST_DATES = 1_000
LONGEST_INTERVAL = timedelta(days=36_525)
_UNITS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


@dataclass(frozen=True)
class CronClock:
    """A cron line in a time zone, between two instants (both included; None: open)."""

    cron: str
    timezone: str = "UTC"
    day_or: bool = True
    start_at: datetime | None = None
    end_at: datetime | None = None


@dataclass(frozen=True)
class IntervalClock:
    """A time every so often, counted from `start_at`, which is the first one; until `end_at`, included.

    An interval of whole days keeps the time of day in its zone. Any other is elapsed time.
    """

    interval: timedelta
    start_at: datetime
    timezone: str = "UTC"
    end_at: datetime | None = None


@dataclass(frozen=True)
class DatesClock:
    """A list of instants."""

    dates: tuple[datetime, ...]
    timezone: str = "UTC"


Clock = CronClock | IntervalClock | DatesClock


def check_clock(clock: Clock) -> None:
    """Accept a clock that can tell its times.

    :raises ScheduleError: naming the field (`cron`, `interval_seconds`, `dates`, `timezone`, `start_at`, `end_at`)
    """
    find_zone(clock.timezone)
    match clock:
        case CronClock():
            cron_of(clock)
        case IntervalClock():
            _check_interval(clock.interval)
        case DatesClock():
            _check_dates(clock.dates)
            return
    check_moment("start_at", clock.start_at)
    check_moment("end_at", clock.end_at)
    if clock.start_at and clock.end_at and clock.end_at < clock.start_at:
        raise ScheduleError("end_at", "The schedule ends before it starts.")


def times_after(clock: Clock, after: datetime) -> Iterator[FireTime]:
    """Yield the times of a valid clock strictly after `after` (aware), earliest first, each later than the one before.

    A clock without end yields for hundreds of years; whoever asks stops.
    """
    after, zone = in_utc(after), ZoneInfo(clock.timezone)
    match clock:
        case DatesClock():
            times = (FireTime(date, date.astimezone(zone)) for date in sorted(set(map(in_utc, clock.dates))))
            yield from (time for time in times if time.utc > after)
            return
        case CronClock():
            found = _cron_times(clock, zone, after)
        case IntervalClock():
            found = _day_times(clock, zone, after) if is_whole_days(clock.interval) else _elapsed(clock, zone, after)
    for time in found:
        if clock.end_at and time.utc > clock.end_at:
            return
        yield time


def cron_of(clock: CronClock) -> Cron:
    """Return the cron line, read.

    :raises ScheduleError: it is none
    """
    try:
        return read_cron(clock.cron, day_or=clock.day_or)
    except CronError as error:
        raise ScheduleError("cron", str(error)) from error


def clock_in_words(clock: Clock) -> str:
    """Return a valid clock in words: "At 09:30 on Monday to Friday, US/Eastern time"."""
    zone = f"{clock.timezone}{'' if clock.timezone == 'UTC' else ' time'}"
    match clock:
        case CronClock():
            return f"{in_words(cron_of(clock))}, {zone}"
        case IntervalClock():
            start = _anchor(clock).astimezone(ZoneInfo(clock.timezone))
            return f"Every {interval_in_words(clock.interval)} from {_day_and_time(start)} on, {zone}"
        case DatesClock():
            dates = [date.astimezone(ZoneInfo(clock.timezone)) for date in sorted(set(map(in_utc, clock.dates)))]
            if len(dates) > 3:
                return f"On {len(dates)} dates from {_day_and_time(dates[0])} to {_day_and_time(dates[-1])}, {zone}"
            return f"On {listed([_day_and_time(date) for date in dates])}, {zone}"


def interval_in_words(interval: timedelta) -> str:
    """Return "15 minutes", "day", "1 hour and 30 minutes"."""
    parts, rest = [], int(interval.total_seconds())
    for unit, seconds in _UNITS.items():
        if unit == "week" and rest % seconds:
            continue
        number, rest = divmod(rest, seconds)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return parts[0].removeprefix("1 ") if len(parts) == 1 else listed(parts)


def _day_and_time(local: datetime) -> str:
    seconds = f":{local:%S}" if local.second else ""
    return f"{local.day} {local:%b %Y, %H:%M}{seconds}"


def _check_interval(interval: timedelta) -> None:
    if interval < _SECOND or interval % _SECOND:
        raise ScheduleError(
            "interval_seconds", f"An interval is a whole number of seconds, at least 1, not {interval}."
        )
    if interval > LONGEST_INTERVAL:
        raise ScheduleError("interval_seconds", "An interval is at most a hundred years.")


def _check_dates(dates: tuple[datetime, ...]) -> None:
    if not 1 <= len(dates) <= MOST_DATES:
        raise ScheduleError("dates", f"Give 1 to {MOST_DATES:,} dates, not {len(dates):,}.")
    for date in dates:
        check_moment("dates", date)


def _anchor(clock: IntervalClock) -> datetime:
    """Return the first time of an interval clock: its start, rounded up to a whole second."""
    start = in_utc(clock.start_at)
    return start.replace(microsecond=0) + _SECOND if start.microsecond else start


def _elapsed(clock: IntervalClock, zone: ZoneInfo, after: datetime) -> Iterator[FireTime]:
    anchor = _anchor(clock)
    moment = anchor + max(0, (after - anchor) // clock.interval + 1) * clock.interval
    while True:
        yield FireTime(moment, moment.astimezone(zone))
        moment += clock.interval


def _day_times(clock: IntervalClock, zone: ZoneInfo, after: datetime) -> Iterator[FireTime]:
    anchor = _anchor(clock)
    wall = anchor.astimezone(zone).replace(tzinfo=None, fold=0)
    if anchor > after:
        # The start itself, which may be the second of two equal wall times.
        yield FireTime(anchor, anchor.astimezone(zone))
        after = anchor
    number = max(1, (after.astimezone(zone).replace(tzinfo=None) - wall) // clock.interval - 1)
    while True:
        found = fire_time_at(wall + number * clock.interval, zone)
        # Two days fall on one where a zone skips a day.
        if found.utc > after:
            yield found
            after = found.utc
        number += 1


def _cron_times(clock: CronClock, zone: ZoneInfo, after: datetime) -> Iterator[FireTime]:
    if clock.start_at and after < clock.start_at:
        after = in_utc(clock.start_at) - INSTANT
    cron = cron_of(clock)
    while wall := _earliest_wall_time(cron, zone, after):
        found = fire_time_at(wall, zone)
        yield found
        after = found.utc


def _earliest_wall_time(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Return the wall time that the line names whose instant is the first after `after`.

    Instants follow the order of wall times, except around a gap: what the gap swallowed is moved behind wall times
    that come later. So the search starts as much earlier as the clocks have jumped within a day, and having found a
    moved time it looks whether a later wall time comes before it.
    """
    local = after.astimezone(zone)
    jumped = (local.utcoffset() or timedelta()) - ((after - _DAY).astimezone(zone).utcoffset() or timedelta())
    best: datetime | None = None
    moved_to: datetime | None = None
    for wall in cron.wall_times(local.replace(tzinfo=None) - max(jumped, timedelta())):
        if moved_to is not None and wall > moved_to:
            break
        instant = instant_of(wall, zone)
        # A wall time that exists wins over one that was moved onto it.
        if instant > after and (best is None or instant <= instant_of(best, zone)):
            best, moved_to = wall, instant.astimezone(zone).replace(tzinfo=None)
            if moved_to == wall:
                break
    return best
