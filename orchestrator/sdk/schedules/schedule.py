"""A schedule: one clock or several, and the rules over their times."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, Literal, TypeVar, overload

import pendulum

from orchestrator.core.adjustments import Adjustment
from orchestrator.core.filters import Filter
from orchestrator.core.rules import Rules, check_rules
from orchestrator.core.schedules import Timing, fire_times, write_timing
from orchestrator.core.wall_clock import ScheduleError
from orchestrator.sdk.schedules.clocks import Clock, ClockEvent, CronClock, IntervalClock
from orchestrator.sdk.schedules.moments import aware

_Rule = TypeVar("_Rule", Filter, Adjustment)


class Schedule:
    """Start a flow when one of its clocks strikes and the filters let the time through.

    A time passes if all `filters`, one of `or_filters` (where there are any) and none of `not_filters` let it; then
    the adjustments move it, in their order. Two clocks that strike at one instant start one run if they give the same
    parameters, and two if they differ.

    >>> Schedule(clocks=[clocks.IntervalClock(timedelta(hours=1))], filters=[filters.is_weekday])

    :raises ScheduleError: (a ValueError) no clock, or a rule whose values make no sense
    :raises TypeError: something that is no clock, filter or adjustment of this package
    """

    def __init__(
        self,
        clocks: Iterable[Clock],
        filters: Iterable[Filter] | None = None,
        or_filters: Iterable[Filter] | None = None,
        not_filters: Iterable[Filter] | None = None,
        adjustments: Iterable[Adjustment] | None = None,
    ) -> None:
        self.clocks = list(clocks)
        if not self.clocks:
            raise ScheduleError("clocks", "A schedule needs at least one clock.")
        for clock in self.clocks:
            if not isinstance(clock, Clock):
                raise TypeError(f"{clock!r} is no clock; use one of orchestrator.sdk.schedules.clocks.")
        self.rules = Rules(
            _only(Filter, "filters", filters),
            _only(Filter, "filters", or_filters),
            _only(Filter, "filters", not_filters),
            _only(Adjustment, "adjustments", adjustments),
        )
        check_rules(self.rules)

    @overload
    def next(self, n: int, after: datetime | None = None, return_events: Literal[False] = False) -> list[datetime]: ...
    @overload
    def next(self, n: int, after: datetime | None = None, *, return_events: Literal[True]) -> list[ClockEvent]: ...
    def next(
        self, n: int, after: datetime | None = None, return_events: bool = False
    ) -> list[datetime] | list[ClockEvent]:
        """Return the next `n` times strictly after `after` (default: now), each in its clock's time zone.

        :param return_events: with the parameters that its clock gives
        """
        events = list(islice(self._events(aware(after) if after else pendulum.now("UTC")), n))
        return events if return_events else [event.start_time for event in events]

    def document(self) -> list[dict[str, Any]]:
        """Return the schedule as it is registered, a clock each. Start dates do not belong to a flow's definition."""
        written = [
            {**write_timing(Timing(clock.clock, self.rules)), "parameters": clock.parameter_defaults}
            for clock in self.clocks
        ]
        return [clock for index, clock in enumerate(written) if clock not in written[:index]]

    def _events(self, after: datetime) -> Iterator[ClockEvent]:
        struck = [self._of_clock(clock, after) for clock in self.clocks]
        # By timestamp: local times of one zone compare as equal in both of the hours that autumn doubles.
        for _, at_once in groupby(heapq.merge(*struck, key=_timestamp), key=_timestamp):
            given: list[dict[str, Any]] = []
            for event in at_once:
                if event.parameter_defaults not in given:
                    given.append(event.parameter_defaults)
                    yield event

    def _of_clock(self, clock: Clock, after: datetime) -> Iterator[ClockEvent]:
        for time in fire_times(Timing(clock.clock, self.rules), after=after):
            start = pendulum.instance(time.utc).in_timezone(clock.clock.timezone)
            yield ClockEvent(start, clock.parameter_defaults)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(map(repr, self.clocks))}{self.rules.words}>"


class CronSchedule(Schedule):
    """Start a flow at the times that a cron line names; see `clocks.CronClock`.

    >>> CronSchedule("30 9 * * 1-5", timezone="US/Eastern")
    """

    def __init__(
        self,
        cron: str,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        day_or: bool | None = None,
        timezone: str | None = None,
        parameter_defaults: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__([CronClock(cron, start_date, end_date, parameter_defaults, None, day_or, timezone)])


class IntervalSchedule(Schedule):
    """Start a flow every `interval`, for the first time at `start_date`; see `clocks.IntervalClock`.

    >>> IntervalSchedule(interval=timedelta(hours=6))
    """

    def __init__(
        self,
        start_date: datetime | None = None,
        interval: timedelta | None = None,
        end_date: datetime | None = None,
        timezone: str | None = None,
        parameter_defaults: Mapping[str, Any] | None = None,
    ) -> None:
        if interval is None:
            raise ScheduleError("interval", "An IntervalSchedule needs an interval, for example timedelta(hours=1).")
        super().__init__([IntervalClock(interval, start_date, end_date, parameter_defaults, None, timezone)])


def _timestamp(event: ClockEvent) -> float:
    return event.start_time.timestamp()


def _only(kind: type[_Rule], package: str, given: Iterable[_Rule] | None) -> tuple[_Rule, ...]:
    found = tuple(given or ())
    for rule in found:
        if not isinstance(rule, kind):
            raise TypeError(
                f"{rule!r} cannot be kept: the server does not run people's functions to find out when a flow is due. "
                f"Use those of orchestrator.sdk.schedules.{package}."
            )
    return found
