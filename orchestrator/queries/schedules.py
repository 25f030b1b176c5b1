"""Schedules, as documents."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from orchestrator.core.schedules import FireTime, ScheduleError, describe, preview
from orchestrator.models import Schedule
from orchestrator.queries.access import Person, schedules_visible_to
from orchestrator.queries.moments import iso

SHOWN_FIRE_TIMES = 5


def schedules_for_reading(user: Person) -> QuerySet[Schedule]:
    """Return the schedules that `user` may see, with all that `schedule_document` shows."""
    return (
        schedules_visible_to(user).select_related("flow__project").order_by("flow__project__name", "flow__name", "pk")
    )


def schedule_document(schedule: Schedule, *, now: datetime) -> dict[str, Any]:
    """Return one schedule with its words and its next fire times after `now` (none while it is paused)."""
    words, fire_times = _in_words(schedule), _next(schedule, now)
    return {
        "id": schedule.pk,
        "flow": str(schedule.flow),
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "parameters": schedule.parameters,
        "day_or": schedule.day_or,
        "is_active": schedule.is_active,
        "pause_reason": schedule.pause_reason,
        "catch_up": schedule.catch_up,
        "start_at": iso(schedule.start_at),
        "end_at": iso(schedule.end_at),
        "description": words,
        "next_fire_times": [fire_time.document() for fire_time in fire_times],
        "next_fire_at": iso(schedule.next_fire_at),
        "last_fire_at": iso(schedule.last_fire_at),
        "source": schedule.source,
    }


def schedule_documents(schedules: Iterable[Schedule], *, now: datetime) -> list[dict[str, Any]]:
    """Return the documents of schedules from `schedules_for_reading`."""
    return [schedule_document(schedule, now=now) for schedule in schedules]


def _in_words(schedule: Schedule) -> str:
    try:
        return describe(schedule.cron, schedule.timezone, schedule.day_or)
    except ScheduleError as error:
        # A zone can vanish with an update of the zone data; the rest of the list must still be readable.
        return str(error)


def _next(schedule: Schedule, now: datetime) -> list[FireTime]:
    if not schedule.is_active:
        return []
    try:
        return preview(
            schedule.cron,
            schedule.timezone,
            day_or=schedule.day_or,
            after=now,
            count=SHOWN_FIRE_TIMES,
            start_at=schedule.start_at,
            end_at=schedule.end_at,
        )
    except ScheduleError:
        return []
