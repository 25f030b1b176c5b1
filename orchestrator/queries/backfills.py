"""Backfills, as documents."""

from datetime import datetime
from typing import Any

from django.db.models import Count

from orchestrator.core.states import TERMINAL
from orchestrator.models import Backfill, FlowRun, Origin, Schedule
from orchestrator.models.runs import FlowRunQuerySet
from orchestrator.queries.moments import iso


def runs_of_backfill(backfill: Backfill) -> FlowRunQuerySet:
    """Return the flow runs that a backfill has started so far."""
    return FlowRun.objects.filter(
        schedule=backfill.schedule_id,
        origin=Origin.BACKFILL,
        scheduled_for__in=backfill.fire_times[: backfill.position],
    )


def fire_times_with_runs(schedule: Schedule, since: datetime, until: datetime) -> set[datetime]:
    """Return the fire times of a schedule, from one moment to another, that have a run already."""
    runs = FlowRun.objects.filter(schedule=schedule, scheduled_for__range=(since, until))
    return {moment for moment in runs.values_list("scheduled_for", flat=True) if moment}


def backfill_document(backfill: Backfill) -> dict[str, Any]:
    """Return one backfill with its progress: how many of its runs there are in which state."""
    counted = runs_of_backfill(backfill).order_by().values_list("state").annotate(number=Count("pk"))
    states = dict(sorted(counted))
    return {
        "id": backfill.pk,
        "schedule": backfill.schedule_id,
        "since": iso(backfill.since),
        "until": iso(backfill.until),
        "parameters": backfill.parameters,
        "max_concurrent": backfill.max_concurrent,
        "state": backfill.state,
        "message": backfill.message,
        "total": len(backfill.fire_times),
        "already_run": backfill.already_run,
        "ended_runs": sum(number for state, number in states.items() if state in TERMINAL),
        "runs": states,
        "created_by": backfill.created_by.get_username() if backfill.created_by else None,
        "created_at": iso(backfill.created_at),
        "ended_at": iso(backfill.ended_at),
    }


def backfill_documents(schedule: Schedule, *, most: int = 20) -> list[dict[str, Any]]:
    """Return the latest backfills of a schedule, newest first."""
    found = schedule.backfills.select_related("created_by").order_by("-pk")[:most]
    return [backfill_document(backfill) for backfill in found]
