"""Start the flow runs of the schedules that are due: many schedules in few statements, each fire time once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError

from orchestrator.core.problems import ProblemsFound
from orchestrator.core.schedules import Timing, latest_between, next_after
from orchestrator.core.wall_clock import in_utc
from orchestrator.engine.bells import hang_bells, ring_in_time, soon
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import records, retried, rows, send
from orchestrator.engine.flow_runs import NoVersion
from orchestrator.engine.following import carry_out
from orchestrator.engine.insertion import NewRun, insert_flow_runs
from orchestrator.engine.parameters import checked
from orchestrator.engine.settling import settle
from orchestrator.engine.steps import Step, one_step
from orchestrator.engine.versions import load_version
from orchestrator.models import Origin, Schedule
from orchestrator.models.schedules import CatchUp

logger = logging.getLogger(__name__)

# A fire time that is reached this late is on time; one that is older was missed.
GRACE = timedelta(seconds=60)
# At most so many missed times are caught up at once, the latest ones.
MOST_CAUGHT_UP = 100
# One transaction fires at most so many schedules, and stops when it has this many flow runs to insert.
AT_ONCE = 100
ENOUGH_RUNS = 1_000

# What is due, and the first that will be.
DUE = """
SELECT id, next_fire_at FROM orchestrator_schedule WHERE is_active AND next_fire_at <= %(now)s::timestamptz
UNION ALL (
    SELECT id, next_fire_at FROM orchestrator_schedule
    WHERE is_active AND next_fire_at > %(now)s::timestamptz AND next_fire_at <= %(soon)s::timestamptz
    ORDER BY next_fire_at LIMIT 1
) ORDER BY next_fire_at, id
"""

MOVE_ON = """
UPDATE orchestrator_schedule s SET next_fire_at = g.next_fire_at, last_fire_at = g.last_fire_at,
    is_active = g.is_active, pause_reason = g.pause_reason
FROM json_to_recordset(%(schedules)s::json) AS g(id bigint, next_fire_at timestamptz, last_fire_at timestamptz,
    is_active bool, pause_reason text)
WHERE s.id = ANY(%(ids)s::bigint[]) AND s.id = g.id
"""


def fire_due(*, now: datetime) -> int:
    """Start the flow runs of all schedules that are due; return how many were started.

    Those that are due soon are rung for in time. Safe to call at any time and from several processes at once: what
    one of them fires the others pass over, and a fire time starts one run whoever gets there. A schedule that cannot
    be fired is logged and does not hold up the others. Where nothing is due this is one statement.

    :raises OperationalError: the database is away; what was not fired is found by the next look
    """
    found = rows(DUE, now=now, soon=soon(now))
    left = [pk for pk, moment in found if moment <= now]
    coming = [moment for _, moment in found if moment > now]
    started = 0
    while left:
        batch, left = left[:AT_ONCE], left[AT_ONCE:]
        try:
            all_fired = [_fire(batch, now)]
        except (OperationalError, InterfaceError):
            raise  # the database is away, for all of them
        except Exception:
            logger.warning("%s schedules could not be fired together; each is fired alone.", len(batch), exc_info=True)
            all_fired = [_fire_alone(pk, now) for pk in batch]
        for fired in all_fired:
            started += fired.started
            coming += fired.next_times
            left = fired.passed + left
    ring_in_time(coming, now=now)
    return started


def run_key(fire_time: datetime, parameters: Mapping[str, Any]) -> str:
    """Return the idempotency key of a fire time's run: two schedules of a flow that agree on both share one run."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    return f"schedule {in_utc(fire_time).isoformat()} {digest[:16]}"


@dataclass(slots=True)
class _Fired:
    """What one transaction did: runs started, schedules it had no room for, when those that it fired are due next."""

    started: int = 0
    passed: list[int] = field(default_factory=list)
    next_times: list[datetime] = field(default_factory=list)


def _fire_alone(pk: int, now: datetime) -> _Fired:
    try:
        return _fire([pk], now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # whatever is wrong with one schedule, the others are due too
        logger.exception("Schedule %s could not be fired; it is tried again in a while.", pk)
        return _Fired()


def _fire(pks: list[int], now: datetime) -> _Fired:
    fired, step = _fire_together(pks, now)
    point("schedules fired")
    carry_out([step])
    return fired


@retried
def _fire_together(pks: list[int], now: datetime) -> tuple[_Fired, Step]:
    fired = _Fired()
    decided: list[Schedule] = []
    new: list[NewRun] = []
    with one_step() as step:
        for schedule in _held(pks, now):
            if len(new) >= ENOUGH_RUNS:
                fired.passed.append(schedule.pk)
                continue
            try:
                new += _decide(schedule, now)
            except Exception:  # its zone may have vanished from the zone data
                logger.exception("Schedule %s could not be fired; it is tried again in a while.", schedule.pk)
                continue
            decided.append(schedule)
        fired.started = _start(step, new)
        _move_on(decided)
        point("firing schedules")
    fired.next_times = [schedule.next_fire_at for schedule in decided if schedule.next_fire_at]
    return fired, step


def _held(pks: list[int], now: datetime) -> list[Schedule]:
    """Return those that are still due, held by this transaction; those that others hold are theirs."""
    free = Schedule.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    due = free.filter(pk__in=pks, is_active=True, next_fire_at__lte=now)
    return list(due.select_related("flow__project").order_by("next_fire_at", "pk"))


def _decide(schedule: Schedule, now: datetime) -> list[NewRun]:
    """Return the runs that a schedule is to start now, and set when it is due next. Nothing is written yet."""
    timing = schedule.timing()
    fire_times = _missed_or_due(schedule, timing, now)
    schedule.next_fire_at = next_after(timing, now)
    if not fire_times:
        return []
    try:
        runs = _runs(schedule, fire_times)
    except (ProblemsFound, NoVersion) as refused:
        # Runs that cannot start would be refused at every fire time: say so once, and wait for a person.
        logger.warning("Schedule %s of %s is paused: %s", schedule.pk, schedule.flow, refused)
        schedule.is_active, schedule.next_fire_at = False, None
        schedule.pause_reason = f"Paused by itself, the flow cannot be started: {refused}"[:200]
        return []
    schedule.last_fire_at = fire_times[-1]
    return runs


def _runs(schedule: Schedule, fire_times: list[datetime]) -> list[NewRun]:
    flow = schedule.flow
    if flow.latest_version_id is None:
        raise NoVersion(f"{flow} has no published version yet; publish its draft first.")
    version = load_version(flow.latest_version_id)
    parameters = checked(version, schedule.parameters)
    is_limited = flow.max_runs is not None or flow.project.max_runs is not None
    return [
        NewRun(
            version=version,
            parameters=parameters,
            origin=Origin.SCHEDULE.value,
            key=run_key(fire_time, schedule.parameters),
            user_id=schedule.created_by_id,
            schedule_id=schedule.pk,
            scheduled_for=fire_time,
            is_limited=is_limited,
        )
        for fire_time in fire_times
    ]


def _start(step: Step, new: list[NewRun]) -> int:
    """Insert the runs that are not there yet and let them begin; return how many."""
    if not new:
        return 0
    # Two processes whose schedules agree wait for each other's keys: in one order, so never each for the other.
    inserted = insert_flow_runs(step, sorted(new, key=lambda run: (run.version.flow_id, run.key or "")))
    while step.inserted:
        run, free = step.inserted.pop()
        settle(step, run, ended={}, free=free)
    return len(inserted)


def _move_on(schedules: list[Schedule]) -> None:
    """Write what became of the schedules. Bells stay as they are where they go on ringing: beat reads them all again
    whenever one is saved."""
    if not schedules:
        return
    written = ("next_fire_at", "last_fire_at", "is_active", "pause_reason")
    send(
        MOVE_ON,
        overtakes=True,
        ids=[schedule.pk for schedule in schedules],
        schedules=records({"id": one.pk} | {name: getattr(one, name) for name in written} for one in schedules),
    )
    for schedule in schedules:
        if schedule.next_fire_at is None:
            hang_bells(schedule)


def _missed_or_due(schedule: Schedule, timing: Timing, now: datetime) -> list[datetime]:
    """Return the fire times to start runs for now, earliest first, as the schedule's catch-up says."""
    first = schedule.next_fire_at
    assert first is not None
    if schedule.catch_up == CatchUp.SKIP:
        return latest_between(timing, max(first, now - GRACE), now, count=1)
    count = MOST_CAUGHT_UP if schedule.catch_up == CatchUp.ALL else 1
    return latest_between(timing, first, now, count=count)
