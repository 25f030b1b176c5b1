"""When a schedule fires: the one calculation behind preview, firing and the bells.

A cron line names times on a wall clock; each is turned into an instant by these rules, those of Celery beat:

* clocks go back: a wall time that comes twice stands for its first occurrence, so nothing fires twice;
* clocks go forward: a wall time that does not exist moves by the length of the gap (02:30 becomes 03:30).
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from orchestrator.core.cron import Cron, CronError, read_cron
from orchestrator.core.cron_words import in_words

_DAY = timedelta(hours=24)
_INSTANT = timedelta(microseconds=1)


class ScheduleError(ValueError):
    """A schedule cannot be kept as it is; `field` says which part of it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class CronSpec:
    """A cron line in a time zone, between two instants (both included; None: open)."""

    cron: str
    timezone: str = "UTC"
    day_or: bool = True
    start_at: datetime | None = None
    end_at: datetime | None = None


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
            "utc": self.utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "local": self.local.isoformat(),
            "offset": self.offset,
            "note": self.note,
        }


def check_spec(spec: CronSpec) -> None:
    """Accept a schedule that can fire.

    :raises ScheduleError: naming the field (`cron`, `timezone`, `start_at`, `end_at`) and what to do
    """
    _cron(spec)
    find_zone(spec.timezone)
    for field in ("start_at", "end_at"):
        moment = getattr(spec, field)
        if moment is None:
            continue
        if moment.tzinfo is None:
            raise ScheduleError(field, f"{moment.isoformat()} has no time zone; add an offset, for example Z.")
        if not 1970 <= moment.year < 2200:
            raise ScheduleError(field, f"The year {moment.year} is too far away; use one from 1970 to 2199.")
    if spec.start_at and spec.end_at and spec.end_at < spec.start_at:
        raise ScheduleError("end_at", "The schedule ends before it starts.")


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


def next_after(spec: CronSpec, after: datetime) -> datetime | None:
    """Return the first fire time strictly after `after`, in UTC; None when there is none any more.

    :raises ScheduleError: the schedule is not valid (see `check_spec`), or `after` has no time zone
    """
    check_spec(spec)
    if after.tzinfo is None:
        raise ScheduleError("after", f"{after.isoformat()} has no time zone.")
    found = _next(spec, _utc(after))
    return found.utc if found else None


def preview(
    cron: str,
    timezone: str,
    *,
    day_or: bool = True,
    after: datetime,
    count: int,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
) -> list[FireTime]:
    """Return the next `count` fire times strictly after `after`, earliest first, with notes on daylight saving.

    :raises ScheduleError: the schedule is not valid
    """
    spec = CronSpec(cron, timezone, day_or, start_at, end_at)
    check_spec(spec)
    return list(islice(_all_after(spec, after), count))


def latest_between(spec: CronSpec, since: datetime, until: datetime, *, count: int) -> list[datetime]:
    """Return the last `count` fire times from `since` to `until` (both included), earliest first, in UTC."""
    since, until, span = _utc(since), _utc(until), timedelta(hours=2)
    while True:
        # Look back a little, then further and further: after a long outage only the end is of interest.
        start = max(since, until - span)
        found: deque[datetime] = deque(maxlen=count)
        for fire_time in _all_after(spec, start - _INSTANT):
            if fire_time.utc > until:
                break
            found.append(fire_time.utc)
        if len(found) == count or start == since:
            return list(found)
        span *= 12


def describe(cron: str, timezone: str = "UTC", day_or: bool = True) -> str:
    """Return the schedule in words: "At 09:30 on Monday to Friday, US/Eastern time".

    :raises ScheduleError: the cron line or the zone is not valid
    """
    spec = CronSpec(cron, timezone, day_or)
    check_spec(spec)
    return f"{in_words(_cron(spec))}, {timezone}{'' if timezone == 'UTC' else ' time'}"


def _cron(spec: CronSpec) -> Cron:
    try:
        return read_cron(spec.cron, day_or=spec.day_or)
    except CronError as error:
        raise ScheduleError("cron", str(error)) from error


def _utc(moment: datetime) -> datetime:
    """Return the moment as a plain datetime in UTC: pendulum's own class computes in another way."""
    return datetime.fromisoformat(moment.isoformat()).astimezone(UTC)


def _all_after(spec: CronSpec, after: datetime) -> Iterator[FireTime]:
    moment = _utc(after)
    while found := _next(spec, moment):
        yield found
        moment = found.utc


def _next(spec: CronSpec, after: datetime) -> FireTime | None:
    zone = ZoneInfo(spec.timezone)
    if spec.start_at and after < spec.start_at:
        after = _utc(spec.start_at) - _INSTANT
    wall = _earliest_wall_time(_cron(spec), zone, after)
    if wall is None:
        return None
    found = _instant(wall, zone)
    if spec.end_at and found > spec.end_at:
        return None
    return FireTime(found, found.astimezone(zone), _note(wall, found, zone))


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
        instant = _instant(wall, zone)
        # A wall time that exists wins over one that was moved onto it.
        if instant > after and (best is None or instant <= _instant(best, zone)):
            best, moved_to = wall, instant.astimezone(zone).replace(tzinfo=None)
            if moved_to == wall:
                break
    return best


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    # fold=0: the first of two; in a gap, the offset from before it, which moves the time by the gap's length.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _note(wall: datetime, instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    if local.replace(tzinfo=None) != wall:
        moved_to = f"{local:%H:%M}" if local.date() == wall.date() else f"{local:%d %b %H:%M}"
        return f"The clocks go forward: {wall:%H:%M} does not exist on that day; moved to {moved_to}."
    if wall.replace(tzinfo=zone, fold=1).utcoffset() != local.utcoffset():
        return f"The clocks go back: {wall:%H:%M} comes twice; runs once, at the first."
    return ""
