"""The clocks of a schedule. Each may bring parameters of its own for the runs that it starts.

The time zone is that of `start_date` (of the first date), else `timezone`, else UTC. Start and end are included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pendulum

from orchestrator.core import clocks as core
from orchestrator.core.results import to_json
from orchestrator.core.wall_clock import ScheduleError
from orchestrator.sdk.missing import refuse_missing
from orchestrator.sdk.schedules.moments import aware, aware_or_none, zone_of


@dataclass(frozen=True)
class ClockEvent:
    """One time at which a clock strikes, in its time zone, and the parameters that it gives."""

    start_time: datetime
    parameter_defaults: dict[str, Any] = field(default_factory=dict)


class Clock:
    """What the three kinds of clocks have in common.

    :raises ScheduleError: (a ValueError) the clock cannot tell its times
    """

    def __init__(self, clock: core.Clock, parameter_defaults: Mapping[str, Any] | None, labels: object) -> None:
        if labels:
            raise ScheduleError(
                "labels",
                "A clock has no labels: they chose an agent, and there are none here. Choose workers by the queue "
                "of the flow or of its tasks.",
            )
        core.check_clock(clock)
        self.clock = clock
        self.parameter_defaults: dict[str, Any] = to_json(dict(parameter_defaults or {}), "parameter_defaults")

    def events(self, after: datetime | None = None) -> Iterator[ClockEvent]:
        """Yield what the clock strikes strictly after `after` (default: now); may never end."""
        for time in core.times_after(self.clock, aware(after) if after else pendulum.now("UTC")):
            yield ClockEvent(pendulum.instance(time.utc).in_timezone(self.clock.timezone), self.parameter_defaults)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {core.clock_in_words(self.clock)}>"


class CronClock(Clock):
    """Strikes at the times that a cron line names.

    Where day of month and day of week are both restricted, either is enough; `day_or=False` asks for both.
    """

    def __init__(
        self,
        cron: str,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        parameter_defaults: Mapping[str, Any] | None = None,
        labels: list[str] | None = None,
        day_or: bool | None = None,
        timezone: str | None = None,
    ) -> None:
        zone = zone_of(start_date, timezone)
        start, end = aware_or_none(start_date), aware_or_none(end_date)
        clock = core.CronClock(cron, zone, True if day_or is None else day_or, start, end)
        super().__init__(clock, parameter_defaults, labels)


class IntervalClock(Clock):
    """Strikes every `interval`, for the first time at `start_date` (default: now).

    An interval of whole days keeps the time of day; any other is elapsed time, whatever the clocks do.
    """

    def __init__(
        self,
        interval: timedelta,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        parameter_defaults: Mapping[str, Any] | None = None,
        labels: list[str] | None = None,
        timezone: str | None = None,
    ) -> None:
        if not isinstance(interval, timedelta):
            raise ScheduleError("interval_seconds", f"An interval is a timedelta, not {interval!r}.")
        zone = zone_of(start_date, timezone)
        start = aware(start_date) if start_date else pendulum.now("UTC")
        plain = timedelta(days=interval.days, seconds=interval.seconds, microseconds=interval.microseconds)
        clock = core.IntervalClock(plain, start, zone, aware_or_none(end_date))
        super().__init__(clock, parameter_defaults, labels)


class DatesClock(Clock):
    """Strikes at each of a list of dates."""

    def __init__(
        self,
        dates: Iterable[datetime],
        parameter_defaults: Mapping[str, Any] | None = None,
        labels: list[str] | None = None,
        timezone: str | None = None,
    ) -> None:
        given = list(dates)
        zone = zone_of(given[0] if given else None, timezone)
        super().__init__(core.DatesClock(tuple(map(aware, given)), zone), parameter_defaults, labels)


__getattr__ = refuse_missing(__name__, {"RRuleClock": "write a CronClock, an IntervalClock or a DatesClock"})
