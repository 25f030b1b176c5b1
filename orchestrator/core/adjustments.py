"""Adjustments: where a schedule moves the times that its filters let through. Each is data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from orchestrator.core.clocks import interval_in_words
from orchestrator.core.wall_clock import ScheduleError, is_whole_days, shifted

# What daylight saving, or a zone that skips a day, may add to a number of days.
_SLACK = timedelta(days=1, hours=2)
_FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Adjustment:
    """Called with an aware local time, returns the local time it is moved to."""

    name: ClassVar[str] = ""

    def __call__(self, moment: datetime) -> datetime:
        raise NotImplementedError

    @property
    def words(self) -> str:
        """What it does, in words that follow the times."""
        raise NotImplementedError

    @property
    def reach(self) -> tuple[timedelta, timedelta]:
        """The least and the most by which it moves a time."""
        raise NotImplementedError

    def check(self) -> None:
        """Accept values that make sense.

        :raises ScheduleError: naming the field
        """


@dataclass(frozen=True)
class Add(Adjustment):
    """Moves by a length of time: whole days keep the time of day, anything else is elapsed time."""

    name = "add"
    seconds: int

    def __call__(self, moment: datetime) -> datetime:
        return shifted(moment, self._length)

    @property
    def _length(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    @property
    def words(self) -> str:
        return f"{interval_in_words(abs(self._length))} {'later' if self.seconds > 0 else 'earlier'}"

    @property
    def reach(self) -> tuple[timedelta, timedelta]:
        slack = _SLACK if is_whole_days(self._length) else timedelta()
        return self._length - slack, self._length + slack

    def check(self) -> None:
        if not self.seconds or abs(self.seconds) > _FURTHEST.total_seconds():
            raise ScheduleError("seconds", "A time is moved by 1 second to 366 days, earlier or later.")


@dataclass(frozen=True)
class NextWeekday(Adjustment):
    """Moves what falls on a Saturday or Sunday to the Monday after, at the same time of day."""

    name = "next_weekday"
    words = "moved to Monday where that is a weekend"

    def __call__(self, moment: datetime) -> datetime:
        return shifted(moment, timedelta(days=8 - moment.isoweekday() if moment.isoweekday() > 5 else 0))

    @property
    def reach(self) -> tuple[timedelta, timedelta]:
        return -_SLACK, timedelta(days=2) + _SLACK


ADJUSTMENTS: dict[str, type[Adjustment]] = {kind.name: kind for kind in (Add, NextWeekday)}
