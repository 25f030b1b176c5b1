"""Schedules as people write them beside their flows."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import pendulum

from orchestrator.core.schedules import CronSpec, ScheduleError, check_spec, next_after


class CronSchedule:
    """Start a flow at the times that a cron line names.

    The time zone is that of `start_date`, else `timezone`, else UTC; a `start_date` without a zone is in UTC.
    Start and end are included. Where day of month and day of week are both restricted, either is enough;
    `day_or=False` asks for both.

    >>> CronSchedule("30 9 * * 1-5", timezone="US/Eastern")

    :raises ScheduleError: (a ValueError) the cron line or the time zone is not valid
    """

    def __init__(
        self,
        cron: str,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        day_or: bool | None = None,
        timezone: str | None = None,
    ) -> None:
        start, end = _aware(start_date), _aware(end_date)
        if start_date is not None and start_date.tzinfo is not None:
            timezone = _zone_name(start_date)
        self.spec = CronSpec(cron, timezone or "UTC", True if day_or is None else day_or, start, end)
        check_spec(self.spec)

    def next(self, n: int, after: datetime | None = None) -> list[datetime]:
        """Return the next `n` times strictly after `after` (default: now), in the schedule's time zone."""
        moment: datetime | None = _aware(after) or pendulum.now("UTC")
        times: list[datetime] = []
        while moment and len(times) < n and (moment := next_after(self.spec, moment)):
            times.append(pendulum.instance(moment).in_timezone(self.spec.timezone))
        return times

    def document(self) -> dict[str, object]:
        """Return the schedule as it is registered. Its `start_at` does not belong to the flow's definition."""
        document: dict[str, object] = {
            "cron": self.spec.cron,
            "timezone": self.spec.timezone,
            "day_or": self.spec.day_or,
        }
        if self.spec.start_at:
            document["start_at"] = self.spec.start_at.isoformat()
        if self.spec.end_at:
            document["end_at"] = self.spec.end_at.isoformat()
        return document

    def __repr__(self) -> str:
        return f"CronSchedule({self.spec.cron!r}, timezone={self.spec.timezone!r})"


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=pendulum.UTC) if moment and moment.tzinfo is None else moment


def _zone_name(moment: datetime) -> str:
    """Return the name of a moment's zone; a fixed offset of whole hours has one too (-05:00 is Etc/GMT+5)."""
    zone: tzinfo | None = moment.tzinfo
    for attribute in ("key", "name"):  # zoneinfo's zones have a key, pendulum's a name
        name = getattr(zone, attribute, None)
        if isinstance(name, str) and "/" in name:
            return name
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return "UTC"
    hours, rest = divmod(offset, timedelta(hours=1))
    if rest:
        raise ScheduleError(
            "timezone", f"start_date has the bare offset {zone}; give it a zone with a name, such as Asia/Kolkata."
        )
    return f"Etc/GMT{-hours:+d}"
