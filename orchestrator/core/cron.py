"""Cron lines: which minutes they name on a wall clock. Time zones come in with `core/schedules.py`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from cronsim import CronSim, CronSimError

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = {
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 or SUN-SAT, 0 and 7 are Sunday",
}
LAST = CronSim.LAST
LAST_WEEKDAY = CronSim.LAST_WEEKDAY
# 29 February on a given weekday can be 40 years away (around a year like 2100).
_GIVE_UP = timedelta(days=366 * 50)
_LONGEST = 200


class CronError(ValueError):
    """The text is not a cron line, or names no date that exists."""


@dataclass(frozen=True)
class Cron:
    """A cron line, read. `days` may hold LAST or LAST_WEEKDAY, `weekdays` pairs (weekday, nth or LAST)."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int | tuple[int, int]]
    either_day: bool
    _reader: CronSim

    @property
    def any_day(self) -> bool:
        """Whether the day of the month is left open."""
        return self.days >= set(range(1, 32))

    @property
    def any_weekday(self) -> bool:
        """Whether the day of the week is left open."""
        return self.weekdays >= set(range(7))

    def names_day(self, day: date) -> bool:
        """Return whether the line names this day."""
        if day.month not in self.months:
            return False
        in_month, in_week = self._reader.match_dom(day), self._reader.match_dow(day)
        return in_month or in_week if self.either_day else in_month and in_week

    def wall_times(self, start: datetime) -> Iterator[datetime]:
        """Yield the naive wall-clock times that the line names, from `start` (included) on, earliest first.

        Ends when nothing comes for 50 years, or with the calendar (the year 9999).
        """
        day, quiet_since = start.date(), start.date()
        while day - quiet_since < _GIVE_UP:
            if self.names_day(day):
                quiet_since = day
                first = start.hour if day == start.date() else 0
                for hour in self.hours[bisect_left(self.hours, first) :]:
                    for minute in self.minutes:
                        wall = datetime.combine(day, time(hour, minute))
                        if wall >= start:
                            yield wall
            if day == date.max:
                return
            day += timedelta(days=1)


@lru_cache(maxsize=2048)
def read_cron(text: str, *, day_or: bool = True) -> Cron:
    """Return the cron line that `text` spells: five fields, or one of `MACROS`.

    Names of months and weekdays, weekday 7, `L`, `LW` and `5#2` are understood. Where day of month and day of week
    are both restricted either is enough, or with `day_or=False` both are needed.

    :raises CronError: saying which field is wrong and what it may hold
    """
    if len(text) > _LONGEST:
        raise CronError(f"The cron line has {len(text)} characters; at most {_LONGEST} are kept.")
    line = _five_fields(text)
    try:
        reader = CronSim(line, datetime(2000, 1, 1))
    except CronSimError as error:
        raise CronError(_explained(line, str(error))) from error
    cron = Cron(
        text=text,
        minutes=tuple(sorted(reader.minutes)),
        hours=tuple(sorted(reader.hours)),
        days=frozenset(reader.days),
        months=frozenset(reader.months),
        # 7 is Sunday too; from here on Sunday is 0.
        weekdays=frozenset((item[0] % 7, item[1]) if isinstance(item, tuple) else item % 7 for item in reader.weekdays),
        either_day=day_or and not reader.day_and,
        _reader=reader,
    )
    if next(cron.wall_times(datetime(2000, 1, 1)), None) is None:
        raise CronError(f"{text!r} names no date that exists.")
    return cron


def _five_fields(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("@"):
        if stripped.lower() not in MACROS:
            raise CronError(f"{stripped!r} is not known; use one of {', '.join(MACROS)}, or five fields.")
        return MACROS[stripped.lower()]
    fields = stripped.split()
    if len(fields) != 5:
        raise CronError(
            f"{text!r} has {len(fields)} field{'' if len(fields) == 1 else 's'}; a cron line has five: "
            "minute, hour, day of month, month, day of week."
        )
    return " ".join(fields)


def _explained(line: str, complaint: str) -> str:
    """Turn "Bad hour" into a sentence that says what was found there and what may be."""
    name = complaint.removeprefix("Bad ").strip()
    if name not in FIELDS:
        return f"{line!r} is not a cron line: {complaint}."
    found = line.split()[list(FIELDS).index(name)]
    if name == "day-of-month" and all(part.isdigit() and 1 <= int(part) <= 31 for part in found.split(",")):
        return f"Day {found} does not exist in the months of {line!r}."
    return (
        f"{found!r} does not fit the field {name.replace('-', ' ')}: it may be * or {FIELDS[name]}, "
        "ranges (1-5), lists (1,15) and steps (*/5)."
    )
