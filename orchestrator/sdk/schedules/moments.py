"""Moments as people write them: a naive one is in UTC, and one with a time zone tells the schedule its zone."""

from datetime import datetime, timedelta, tzinfo

import pendulum

from orchestrator.core.wall_clock import ScheduleError, zone_names


def aware(moment: datetime) -> datetime:
    """Return the moment with a time zone: UTC unless it has one.

    :raises TypeError: it is no datetime
    """
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no datetime; write datetime(2026, 3, 2, 9, 30), or one of pendulum's.")
    return moment.replace(tzinfo=pendulum.UTC) if moment.tzinfo is None else moment


def aware_or_none(moment: datetime | None) -> datetime | None:
    """Return the moment with a time zone, None for none."""
    return None if moment is None else aware(moment)


def zone_of(moment: datetime | None, timezone: str | None) -> str:
    """Return the time zone of a clock: its first moment's, else the one that is named, else UTC."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return _zone_name(moment)
    return timezone or "UTC"


def _zone_name(moment: datetime) -> str:
    """Return the name of a moment's zone; a fixed offset of whole hours has one too (-05:00 is Etc/GMT+5)."""
    zone: tzinfo | None = moment.tzinfo
    for attribute in ("key", "name"):  # zoneinfo's zones have a key, pendulum's a name
        name = getattr(zone, attribute, None)
        # A bare offset has a name as well, which is none of a zone.
        if isinstance(name, str) and name in zone_names():
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
