"""Schedules, as documents."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from orchestrator.core.parameters import check_parameters
from orchestrator.core.schedules import preview
from orchestrator.core.wall_clock import FireTime, ScheduleError
from orchestrator.models import Schedule
from orchestrator.queries.access import Person, schedules_visible_to
from orchestrator.queries.moments import iso

SHOWN_FIRE_TIMES = 5


def schedules_for_reading(user: Person) -> QuerySet[Schedule]:
    """Return the schedules that `user` may see, with all that `schedule_document` shows."""
    return (
        schedules_visible_to(user)
        .select_related("flow__project", "flow__latest_version")
        .defer("flow__latest_version__graph")
        .order_by("flow__project__name", "flow__name", "pk")
    )


def schedule_document(schedule: Schedule, *, now: datetime) -> dict[str, Any]:
    """Return one schedule with its words and its next fire times after `now` (none while it is paused)."""
    fire_times = _next(schedule, now)
    return {
        "id": schedule.pk,
        "flow": str(schedule.flow),
        "kind": schedule.kind,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "parameters": schedule.parameters,
        "day_or": schedule.day_or,
        "interval_seconds": schedule.interval_seconds,
        "dates": [iso(date) for date in schedule.dates],
        "rules": schedule.rules,
        "is_active": schedule.is_active,
        "pause_reason": schedule.pause_reason,
        "catch_up": schedule.catch_up,
        "start_at": iso(schedule.start_at),
        "end_at": iso(schedule.end_at),
        "description": schedule.words,
        "problem": _problem(schedule),
        "next_fire_times": [fire_time.document() for fire_time in fire_times],
        "next_fire_at": iso(schedule.next_fire_at),
        "last_fire_at": iso(schedule.last_fire_at),
        "source": schedule.source,
    }


def schedule_documents(schedules: Iterable[Schedule], *, now: datetime) -> list[dict[str, Any]]:
    """Return the documents of schedules from `schedules_for_reading`."""
    return [schedule_document(schedule, now=now) for schedule in schedules]


def _problem(schedule: Schedule) -> str:
    """Return why the latest version of the flow cannot be started with the schedule's parameters; empty if it can."""
    version = schedule.flow.latest_version
    if version is None:
        return "The flow has no published version."
    return " ".join(found.message for found in check_parameters(version.parameter_schema, schedule.parameters))


def _next(schedule: Schedule, now: datetime) -> list[FireTime]:
    if not schedule.is_active:
        return []
    try:
        return preview(schedule.timing(), after=now, count=SHOWN_FIRE_TIMES)
    except ScheduleError:
        return []
