"""From times on a wall clock to instants: time zones, and what daylight saving does to a time.

* Clocks go back: a wall time that comes twice stands for its first occurrence, so nothing fires twice.
* Clocks go forward: a wall time that does not exist moves by the length of the gap (02:30 becomes 03:30).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

INSTANT = timedelta(microseconds=1)
# No schedule looks further than this: further on calendars and zones are guesses.
LAST_YEAR = 2199


class ScheduleError(ValueError):
    """A schedule cannot be kept as it is; `field` says which part of it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class FireTime:
    """One time at which a schedule fires. `note` says what daylight saving did to it, if anything."""

    utc: datetime
    local: datetime
    note: str = ""

    @property
    def offset(self) -> str:
        """The local time's distance from UTC, as `-05:00`."""
        return self.local.isoformat()[-6:]

    def document(self) -> dict[str, str]:
        """Return the time as the API shows it."""
        return {
            "utc": self.utc.isoformat().replace("+00:00", "Z"),
            "local": self.local.isoformat(),
            "offset": self.offset,
            "note": self.note,
        }


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of this name.

    :raises ScheduleError: the name is unknown; the message suggests close ones
    """
    if name in zone_names():
        return ZoneInfo(name)
    lowered = {known.lower(): known for known in zone_names()}
    close = [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
    by_city = [
        known for known in sorted(zone_names()) if name and known.lower().endswith("/" + name.lower().replace(" ", "_"))
    ]
    suggestions = list(dict.fromkeys([*by_city, *close]))[:3]
    hint = f"Did you mean {' or '.join(suggestions)}?" if suggestions else "Examples: UTC, Europe/Berlin, US/Eastern."
    raise ScheduleError("timezone", f"There is no time zone {name!r}. {hint}")


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones that are known here."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def check_moment(field: str, moment: datetime | None) -> None:
    """Accept a moment that a schedule can be told.

    :raises ScheduleError: it has no time zone, or is too far away
    """
    if moment is None:
        return
    if moment.tzinfo is None:
        raise ScheduleError(field, f"{moment.isoformat()} has no time zone; add an offset, for example Z.")
    if not 1970 <= moment.year <= LAST_YEAR:
        raise ScheduleError(field, f"The year {moment.year} is too far away; use one from 1970 to {LAST_YEAR}.")


def in_utc(moment: datetime) -> datetime:
    """Return the moment as a plain datetime in UTC: pendulum's own class computes in another way."""
    return datetime.fromisoformat(moment.isoformat()).astimezone(UTC)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clocks of a zone show this (naive) time, in UTC."""
    # fold=0: the first of two; in a gap, the offset from before it, which moves the time by the gap's length.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def fire_time_at(wall: datetime, zone: ZoneInfo) -> FireTime:
    """Return the fire time that a wall time stands for, with a note where daylight saving touched it."""
    instant = instant_of(wall, zone)
    return FireTime(instant, instant.astimezone(zone), _note(wall, instant, zone))


def shifted(local: datetime, by: timedelta) -> datetime:
    """Return a local time later by `by`: whole days keep the time of day, anything else is elapsed time."""
    zone = local.tzinfo
    assert isinstance(zone, ZoneInfo)
    if is_whole_days(by):
        return instant_of(local.replace(tzinfo=None) + by, zone).astimezone(zone)
    return (local.astimezone(UTC) + by).astimezone(zone)


def is_whole_days(length: timedelta) -> bool:
    """Return whether this is a number of days, which daylight saving may make an hour longer or shorter."""
    return length % timedelta(days=1) == timedelta()


def _note(wall: datetime, instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    if local.replace(tzinfo=None) != wall:
        moved_to = f"{local:%H:%M}" if local.date() == wall.date() else f"{local:%d %b %H:%M}"
        return f"The clocks go forward: {wall:%H:%M} does not exist on that day; moved to {moved_to}."
    if wall.replace(tzinfo=zone, fold=1).utcoffset() != local.utcoffset():
        return f"The clocks go back: {wall:%H:%M} comes twice; runs once, at the first."
    return ""
