"""Start the flow runs of the schedules that are due."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.core.problems import ProblemsFound
from orchestrator.core.schedules import latest_between, next_after
from orchestrator.core.wall_clock import in_utc
from orchestrator.engine.bells import hang_bells
from orchestrator.engine.crash_points import point
from orchestrator.engine.flow_runs import NoVersion, Started, start_flow_run
from orchestrator.models import Origin, Schedule
from orchestrator.models.schedules import CatchUp

logger = logging.getLogger(__name__)

# A fire time that is reached this late is on time; one that is older was missed.
GRACE = timedelta(seconds=60)
# At most so many missed times are caught up at once, the latest ones.
MOST_CAUGHT_UP = 100


def fire_due(*, now: datetime, schedule_id: int | None = None) -> int:
    """Start the flow runs of all schedules (or the one) that are due; return how many were started.

    Safe to call at any time and from several processes at once: a fire time starts one run whoever gets there. A
    schedule that cannot be fired is logged and does not hold up the others.
    """
    due = Schedule.objects.filter(is_active=True, next_fire_at__lte=now).order_by("next_fire_at")
    if schedule_id is not None:
        due = due.filter(pk=schedule_id)
    started = 0
    for pk in due.values_list("pk", flat=True):
        try:
            started += _fire(pk, now)
        except Exception:  # whatever is wrong with one schedule, the others are due too
            logger.exception("Schedule %s could not be fired; it is tried again in a while.", pk)
    return started


def start_at_fire_time(
    schedule: Schedule,
    fire_time: datetime,
    *,
    now: datetime,
    parameters: Mapping[str, Any],
    origin: Origin,
    user: User | None,
) -> Started:
    """Start the run of one fire time, or find the one that there is.

    A fire time of a schedule has one run, and so have two schedules of a flow that give the same parameters at the
    same instant.

    :raises NoVersion: as `start_flow_run`
    :raises InvalidParameters: as `start_flow_run`
    """
    return start_flow_run(
        flow=schedule.flow,
        parameters=dict(parameters),
        now=now,
        origin=origin,
        user=user,
        schedule=schedule,
        scheduled_for=fire_time,
        idempotency_key=_key(fire_time, parameters),
    )


def _key(fire_time: datetime, parameters: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    return f"schedule {in_utc(fire_time).isoformat()} {digest[:16]}"


def _fire(pk: int, now: datetime) -> int:
    """Start what is due of one schedule, each run in its own transaction, then set when it is due next."""
    due = Schedule.objects.filter(pk=pk, is_active=True, next_fire_at__lte=now)
    schedule = due.select_related("flow__project", "created_by").first()
    if schedule is None:
        return 0
    started = 0
    after: dict[str, Any] = {}
    try:
        for fire_time in _missed_or_due(schedule, now):
            run = start_at_fire_time(
                schedule,
                fire_time,
                now=now,
                parameters=schedule.parameters,
                origin=Origin.SCHEDULE,
                user=schedule.created_by,
            )
            started += run.created
            after["last_fire_at"] = fire_time
    except (ProblemsFound, NoVersion) as refused:
        # Runs that cannot start would be refused at every fire time: say so once, and wait for a person.
        logger.warning("Schedule %s of %s is paused: %s", pk, schedule.flow, refused)
        after |= {
            "is_active": False,
            "pause_reason": f"Paused by itself, the flow cannot be started: {refused}"[:200],
        }
    point("schedule fired")
    _move_on(schedule, after, now)
    return started


@transaction.atomic
def _move_on(schedule: Schedule, after: dict[str, Any], now: datetime) -> None:
    """Set when a schedule is due next, unless somebody has: another process that fired it, or a person."""
    after["next_fire_at"] = next_after(schedule.timing(), now) if after.get("is_active", True) else None
    if not Schedule.objects.filter(pk=schedule.pk, is_active=True, next_fire_at=schedule.next_fire_at).update(**after):
        return
    if after["next_fire_at"] is None:
        # Otherwise the bells stay as they are: beat reads all of them again whenever one is saved.
        schedule.refresh_from_db()
        hang_bells(schedule)


def _missed_or_due(schedule: Schedule, now: datetime) -> list[datetime]:
    """Return the fire times to start runs for now, earliest first, as the schedule's catch-up says."""
    first, timing = schedule.next_fire_at, schedule.timing()
    assert first is not None
    if schedule.catch_up == CatchUp.SKIP:
        return latest_between(timing, max(first, now - GRACE), now, count=1)
    count = MOST_CAUGHT_UP if schedule.catch_up == CatchUp.ALL else 1
    return latest_between(timing, first, now, count=count)
