"""Filters of schedules: `Schedule(clocks=[...], filters=[filters.is_weekday, filters.between_times(...)])`.

Each can be called with a datetime and says whether it is let through. They are data, which the server reads; a
Python function of your own cannot be one.
"""

from datetime import datetime, time

from orchestrator.core.filters import (
    AtTime,
    BetweenDates,
    BetweenDatetimes,
    BetweenTimes,
    Filter,
    IsDayOfWeek,
    IsMonthEnd,
    IsMonthStart,
    IsWeekday,
    IsWeekend,
    OnDate,
    OnDatetime,
)
from orchestrator.sdk.schedules.moments import aware

is_weekday: Filter = IsWeekday()
is_weekend: Filter = IsWeekend()
is_month_start: Filter = IsMonthStart()
is_month_end: Filter = IsMonthEnd()


def is_day_of_week(day_of_week: int) -> Filter:
    """Let one day of the week through: 0 is Sunday, 6 is Saturday."""
    return IsDayOfWeek(day_of_week)


def on_date(month: int, day: int) -> Filter:
    """Let one day of each year through."""
    return OnDate(month, day)


def between_dates(start_month: int, start_day: int, end_month: int, end_day: int) -> Filter:
    """Let the days of each year from one to another through, both included, over the new year if need be."""
    return BetweenDates(start_month, start_day, end_month, end_day)


def at_time(time: time) -> Filter:
    """Let one time of day through."""
    return AtTime(time.replace(tzinfo=None))


def between_times(start: time, end: time) -> Filter:
    """Let the times of day from one to another through, both included, over midnight if need be."""
    return BetweenTimes(start.replace(tzinfo=None), end.replace(tzinfo=None))


def on_datetime(dt: datetime) -> Filter:
    """Let one instant through."""
    return OnDatetime(aware(dt))


def between_datetimes(start: datetime, end: datetime) -> Filter:
    """Let what lies from one instant to another through, both included."""
    return BetweenDatetimes(aware(start), aware(end))
