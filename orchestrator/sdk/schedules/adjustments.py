"""Adjustments of schedules: where the times that the filters let through are moved. They are data, as filters are."""

from datetime import timedelta

from orchestrator.core.adjustments import Add, Adjustment, NextWeekday
from orchestrator.core.wall_clock import ScheduleError

next_weekday: Adjustment = NextWeekday()


def add(interval: timedelta) -> Adjustment:
    """Move each time by an interval, later or (negative) earlier: whole days keep the time of day.

    :raises ScheduleError: (a ValueError) the interval is no whole number of seconds, nothing, or more than 366 days
    """
    if interval.microseconds:
        raise ScheduleError("seconds", f"A time is moved by whole seconds, not by {interval}.")
    adjustment = Add(int(interval.total_seconds()))
    adjustment.check()
    return adjustment
