"""When a schedule fires: the one calculation behind preview, firing, backfills and the bells."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.core.clocks import (
    Clock,
    CronClock,
    DatesClock,
    IntervalClock,
    check_clock,
    clock_in_words,
    times_after,
)
from orchestrator.core.rules import NeverAgain, Rules, check_rules, read_rules, write_rules
from orchestrator.core.wall_clock import INSTANT, LAST_YEAR, FireTime, ScheduleError, in_utc

# A schedule whose filters refuse so many times in a row has no next one: people must not wait for such a search.
MOST_REFUSED = 10_000


@dataclass(frozen=True)
class Timing:
    """A clock, and the rules over its times."""

    clock: Clock
    rules: Rules = field(default_factory=Rules)


def check_timing(timing: Timing) -> None:
    """Accept a timing that can tell its times.

    :raises ScheduleError: naming the field and what to do
    """
    check_clock(timing.clock)
    check_rules(timing.rules)


def fire_times(timing: Timing, *, after: datetime) -> Iterator[FireTime]:
    """Yield the fire times strictly after `after`, earliest first, each later than the one before.

    May never end: take what you need.

    :raises ScheduleError: the timing is not valid, or `after` has no time zone
    """
    check_timing(timing)
    if after.tzinfo is None:
        raise ScheduleError("after", f"{after.isoformat()} has no time zone.")
    after = in_utc(after)
    return _adjusted(timing, after) if timing.rules.adjustments else _let_through(timing, after)


def next_after(timing: Timing, after: datetime) -> datetime | None:
    """Return the first fire time strictly after `after`, in UTC; None when there is none any more.

    :raises ScheduleError: as for `fire_times`
    """
    found = next(fire_times(timing, after=after), None)
    return found.utc if found else None


def preview(timing: Timing, *, after: datetime, count: int) -> list[FireTime]:
    """Return the next `count` fire times strictly after `after`.

    :raises ScheduleError: as for `fire_times`
    """
    return list(islice(fire_times(timing, after=after), count))


def fire_times_between(timing: Timing, since: datetime, until: datetime) -> Iterator[FireTime]:
    """Yield the fire times from `since` to `until`, both included.

    :raises ScheduleError: as for `fire_times`
    """
    for found in fire_times(timing, after=in_utc(since) - INSTANT):
        if found.utc > until:
            return
        yield found


def latest_between(timing: Timing, since: datetime, until: datetime, *, count: int) -> list[datetime]:
    """Return the last `count` fire times from `since` to `until` (both included), earliest first, in UTC."""
    since, until, span = in_utc(since), in_utc(until), timedelta(hours=2)
    while True:
        # Look back a little, then further and further: after a long outage only the end is of interest.
        start = max(since, until - span)
        found = deque((time.utc for time in fire_times_between(timing, start, until)), maxlen=count)
        if len(found) == count or start == since:
            return list(found)
        span *= 12


def describe(timing: Timing) -> str:
    """Return the timing in words: "At 09:30 on Monday to Friday, US/Eastern time".

    :raises ScheduleError: it is not valid
    """
    check_timing(timing)
    return clock_in_words(timing.clock) + timing.rules.words


def read_timing(document: Mapping[str, Any]) -> Timing:
    """Return the timing that a JSON document spells: `kind` (cron, interval, dates) and what belongs to it.

    :raises ScheduleError: a field is missing, unknown or wrong
    """
    kind = document.get("kind", "cron")
    if kind not in _FIELDS:
        raise ScheduleError("kind", f"{kind!r} is none of {', '.join(_FIELDS)}.")
    known = _FIELDS[kind] | {"kind", "timezone", "rules"}
    if unknown := sorted(document.keys() - known):
        raise ScheduleError(unknown[0], f"A schedule of the kind {kind} has no {unknown[0]}.")
    timezone = str(document.get("timezone", "UTC"))
    start, end = (_moment(name, document.get(name)) for name in ("start_at", "end_at"))
    clock: Clock
    if kind == "cron":
        clock = CronClock(str(document.get("cron", "")), timezone, document.get("day_or", True) is True, start, end)
    elif kind == "dates":
        clock = DatesClock(_dates(document.get("dates")), timezone)
    else:
        seconds = document.get("interval_seconds")
        if not isinstance(seconds, int) or start is None:
            missing = "start_at" if isinstance(seconds, int) else "interval_seconds"
            raise ScheduleError(missing, "An interval needs interval_seconds and start_at, which it counts from.")
        clock = IntervalClock(timedelta(seconds=seconds), start, timezone, end)
    timing = Timing(clock, read_rules(document.get("rules", {})))
    check_timing(timing)
    return timing


def write_timing(timing: Timing) -> dict[str, Any]:
    """Return the JSON document of a timing, as `read_timing` reads it."""
    clock = timing.clock
    document: dict[str, Any] = {"timezone": clock.timezone}
    match clock:
        case CronClock():
            document |= {"kind": "cron", "cron": clock.cron, "day_or": clock.day_or}
        case IntervalClock():
            document |= {"kind": "interval", "interval_seconds": int(clock.interval.total_seconds())}
        case DatesClock():
            return document | {
                "kind": "dates",
                "dates": [date.isoformat() for date in clock.dates],
                "rules": write_rules(timing.rules),
            }
    moments = {"start_at": clock.start_at, "end_at": clock.end_at}
    document |= {name: moment.isoformat() for name, moment in moments.items() if moment}
    return document | {"rules": write_rules(timing.rules)}


_FIELDS: dict[str, set[str]] = {
    "cron": {"cron", "day_or", "start_at", "end_at"},
    "interval": {"interval_seconds", "start_at", "end_at"},
    "dates": {"dates"},
}


def _moment(name: str, value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ScheduleError(name, f"{value!r:.60} is not a date and time such as 2026-03-02T09:30:00Z.") from None


def _dates(value: object) -> tuple[datetime, ...]:
    if not isinstance(value, list | tuple):
        raise ScheduleError("dates", "This is a list of dates and times such as 2026-03-02T09:30:00Z.")
    return tuple(moment for each in value if (moment := _moment("dates", each)))


def _let_through(timing: Timing, after: datetime) -> Iterator[FireTime]:
    """Yield the clock's times that pass the filters; jump over what they are known to refuse."""
    refused = 0
    while True:
        for found in times_after(timing.clock, after):
            if found.utc.year > LAST_YEAR:
                return
            try:
                again = timing.rules.refused_until(found.local)
            except NeverAgain:
                return
            if again is None:
                refused = 0
                yield found
                continue
            refused += 1
            if refused == MOST_REFUSED:
                return
            after = in_utc(again) - INSTANT
            if after > found.utc:
                break
        else:
            return


def _adjusted(timing: Timing, after: datetime) -> Iterator[FireTime]:
    """Yield adjusted times in order. One is held back until no time that is still to come can be moved before it."""
    least, most = timing.rules.reach
    zone = ZoneInfo(timing.clock.timezone)
    waiting: list[datetime] = []
    last = after
    for found in _let_through(timing, after - most):
        while waiting and waiting[0] < found.utc + least:
            moment = heapq.heappop(waiting)
            if moment > last:
                last = moment
                yield FireTime(moment, moment.astimezone(zone))
        heapq.heappush(waiting, timing.rules.adjusted(found.local).astimezone(UTC))
    for moment in sorted(set(waiting)):
        if moment > last:
            yield FireTime(moment, moment.astimezone(zone))
