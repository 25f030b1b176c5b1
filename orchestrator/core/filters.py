"""Filters: which of a clock's times a schedule lets through. Each is data, and looks at a time on the local clock."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import ClassVar, TypeVar

from orchestrator.core.cron_words import MONTHS, WEEKDAYS
from orchestrator.core.wall_clock import ScheduleError, check_moment

_DAY = timedelta(days=1)
_Ordered = TypeVar("_Ordered", time, tuple[int, int])


@dataclass(frozen=True)
class Filter:
    """Called with an aware local time, says whether it is let through."""

    name: ClassVar[str] = ""

    def __call__(self, moment: datetime) -> bool:
        raise NotImplementedError

    @property
    def words(self) -> str:
        """The times it lets through, in words that follow "only" or "not"."""
        raise NotImplementedError

    def check(self) -> None:
        """Accept values that make sense.

        :raises ScheduleError: naming the field
        """

    def resumes(self, moment: datetime) -> datetime | None:
        """Return a moment before which nothing more is let through, having refused `moment`; None: never again.

        Only so that a search need not try every minute; `moment` itself is always a right answer.
        """
        return moment


class _OfDays(Filter):
    """Looks at the date only, so that having refused one time it refuses the rest of that day."""

    def resumes(self, moment: datetime) -> datetime | None:
        return (moment + _DAY).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


@dataclass(frozen=True)
class IsWeekday(_OfDays):
    name = "is_weekday"
    words = "on Monday to Friday"

    def __call__(self, moment: datetime) -> bool:
        return moment.isoweekday() <= 5


@dataclass(frozen=True)
class IsWeekend(_OfDays):
    name = "is_weekend"
    words = "on Saturday and Sunday"

    def __call__(self, moment: datetime) -> bool:
        return moment.isoweekday() > 5


@dataclass(frozen=True)
class IsDayOfWeek(_OfDays):
    """`day_of_week`: 0 is Sunday, 6 is Saturday."""

    name = "is_day_of_week"
    day_of_week: int

    def __call__(self, moment: datetime) -> bool:
        return moment.isoweekday() % 7 == self.day_of_week

    @property
    def words(self) -> str:
        return f"on {WEEKDAYS[self.day_of_week]}"

    def check(self) -> None:
        if not 0 <= self.day_of_week <= 6:
            raise ScheduleError("day_of_week", f"A day of the week is 0 (Sunday) to 6, not {self.day_of_week}.")


@dataclass(frozen=True)
class IsMonthStart(_OfDays):
    name = "is_month_start"
    words = "on the first day of the month"

    def __call__(self, moment: datetime) -> bool:
        return moment.day == 1


@dataclass(frozen=True)
class IsMonthEnd(_OfDays):
    name = "is_month_end"
    words = "on the last day of the month"

    def __call__(self, moment: datetime) -> bool:
        return moment.day == monthrange(moment.year, moment.month)[1]


@dataclass(frozen=True)
class OnDate(_OfDays):
    name = "on_date"
    month: int
    day: int

    def __call__(self, moment: datetime) -> bool:
        return (moment.month, moment.day) == (self.month, self.day)

    @property
    def words(self) -> str:
        return f"on {self.day} {MONTHS[self.month - 1]}"

    def check(self) -> None:
        _check_day("", self.month, self.day)


@dataclass(frozen=True)
class BetweenDates(_OfDays):
    """From one day of the year to another, both included; over the new year where the second is the earlier one."""

    name = "between_dates"
    start_month: int
    start_day: int
    end_month: int
    end_day: int

    def __call__(self, moment: datetime) -> bool:
        return _between((self.start_month, self.start_day), (moment.month, moment.day), (self.end_month, self.end_day))

    @property
    def words(self) -> str:
        start, end = MONTHS[self.start_month - 1], MONTHS[self.end_month - 1]
        return f"from {self.start_day} {start} to {self.end_day} {end}"

    def check(self) -> None:
        _check_day("start_", self.start_month, self.start_day)
        _check_day("end_", self.end_month, self.end_day)


@dataclass(frozen=True)
class AtTime(Filter):
    name = "at_time"
    at: time

    def __call__(self, moment: datetime) -> bool:
        return moment.time() == self.at

    @property
    def words(self) -> str:
        return f"at {_clock_time(self.at)}"


@dataclass(frozen=True)
class BetweenTimes(Filter):
    """From one time of day to another, both included; over midnight where the second is the earlier one."""

    name = "between_times"
    start: time
    end: time

    def __call__(self, moment: datetime) -> bool:
        return _between(self.start, moment.time(), self.end)

    @property
    def words(self) -> str:
        return f"from {_clock_time(self.start)} to {_clock_time(self.end)}"


@dataclass(frozen=True)
class OnDatetime(Filter):
    name = "on_datetime"
    moment: datetime

    def __call__(self, moment: datetime) -> bool:
        return moment == self.moment

    @property
    def words(self) -> str:
        return f"at {self.moment.isoformat(sep=' ')}"

    def check(self) -> None:
        check_moment("moment", self.moment)

    def resumes(self, moment: datetime) -> datetime | None:
        return self.moment.astimezone(moment.tzinfo) if moment < self.moment else None


@dataclass(frozen=True)
class BetweenDatetimes(Filter):
    """From one instant to another, both included."""

    name = "between_datetimes"
    start: datetime
    end: datetime

    def __call__(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end

    @property
    def words(self) -> str:
        return f"from {self.start.isoformat(sep=' ')} to {self.end.isoformat(sep=' ')}"

    def check(self) -> None:
        check_moment("start", self.start)
        check_moment("end", self.end)
        if self.end < self.start:
            raise ScheduleError("end", "It ends before it starts.")

    def resumes(self, moment: datetime) -> datetime | None:
        return self.start.astimezone(moment.tzinfo) if moment < self.start else None


FILTERS: dict[str, type[Filter]] = {
    kind.name: kind
    for kind in (
        IsWeekday,
        IsWeekend,
        IsDayOfWeek,
        IsMonthStart,
        IsMonthEnd,
        OnDate,
        BetweenDates,
        AtTime,
        BetweenTimes,
        OnDatetime,
        BetweenDatetimes,
    )
}


def _between(start: _Ordered, value: _Ordered, end: _Ordered) -> bool:
    return start <= value <= end if start <= end else value >= start or value <= end


def _check_day(prefix: str, month: int, day: int) -> None:
    if not 1 <= month <= 12:
        raise ScheduleError(f"{prefix}month", f"A month is 1 to 12, not {month}.")
    days = monthrange(2024, month)[1]  # a leap year
    if not 1 <= day <= days:
        raise ScheduleError(f"{prefix}day", f"{MONTHS[month - 1]} has the days 1 to {days}, not {day}.")


def _clock_time(value: time) -> str:
    return value.isoformat("minutes" if not (value.second or value.microsecond) else "auto")
