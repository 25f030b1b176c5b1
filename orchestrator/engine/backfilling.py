"""Backfills: give a range of a schedule's fire times their runs, a few at a time.

A fire time that has a run already, however it came about and however it ended, gets no second one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from orchestrator.core.parameters import check_parameters, empty_schema
from orchestrator.core.problems import Problem, ProblemsFound
from orchestrator.core.schedules import fire_times_between
from orchestrator.core.wall_clock import FireTime, ScheduleError, check_moment
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.firing import run_key
from orchestrator.engine.flow_runs import NoVersion, start_flow_run
from orchestrator.engine.scheduling import locked
from orchestrator.models import Backfill, FlowRun, Origin, Schedule
from orchestrator.models.schedules import BackfillState
from orchestrator.queries.backfills import fire_times_with_runs, runs_of_backfill

logger = logging.getLogger(__name__)

MOST_FIRE_TIMES = 5_000
MOST_AT_ONCE = 100


class InvalidBackfill(ProblemsFound):
    """A backfill cannot be made as asked; nothing was changed."""


class BackfillOver(ValueError):
    """The backfill has ended, so there is nothing to cancel."""


@dataclass(frozen=True)
class Planned:
    """A fire time in the range of a backfill; `has_run`: it has its run already."""

    fire_time: FireTime
    has_run: bool

    def document(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {**self.fire_time.document(), "has_run": self.has_run}


def plan_backfill(*, schedule: Schedule, since: datetime, until: datetime, now: datetime) -> list[Planned]:
    """Return the fire times from `since` to `until`, both included, in their order.

    :raises InvalidBackfill: there are none, or more than one backfill takes, or some are to come
    """
    if to_come := _problems_of_end(until, now):
        raise InvalidBackfill(to_come)
    try:
        check_moment("since", since)
        check_moment("until", until)
        found = list(islice(fire_times_between(schedule.timing(), since, until), MOST_FIRE_TIMES + 1))
    except ScheduleError as error:
        raise _invalid(str(error), error.field) from error
    if until < since:
        raise _invalid("The range ends before it begins.", "until")
    if not found and schedule.start_at and until < schedule.start_at:
        start = schedule.start_at.astimezone(ZoneInfo(schedule.timezone))
        raise _invalid(f"The schedule begins on {start:%d %b %Y, %H:%M}; it has no fire times before that.", "until")
    if not found:
        raise _invalid("The schedule has no fire time in this range.", "until")
    if len(found) > MOST_FIRE_TIMES:
        raise _invalid(
            f"That is more than {MOST_FIRE_TIMES:,} fire times; backfill a shorter range at a time.", "until"
        )
    taken = fire_times_with_runs(schedule, since, until)
    return [Planned(time, time.utc in taken) for time in found]


def create_backfill(
    *,
    schedule: Schedule,
    since: datetime,
    until: datetime,
    max_concurrent: int,
    user: User | None,
    now: datetime,
    parameters: Mapping[str, Any] | None = None,
) -> Backfill:
    """Return a new backfill whose first runs have been started. It goes on while the schedule is paused.

    :param parameters: for its runs, instead of the schedule's
    :raises InvalidBackfill: the range, the parameters or the number at once is wrong, or another backfill goes on
    """
    with transaction.atomic():
        schedule = locked(schedule)
        given = dict(schedule.parameters if parameters is None else parameters)
        problems = _problems(schedule, given, max_concurrent=max_concurrent, until=until, now=now)
        if problems:
            raise InvalidBackfill(problems)
        planned = plan_backfill(schedule=schedule, since=since, until=until, now=now)
        missing = [each.fire_time.utc for each in planned if not each.has_run]
        if not missing:
            raise _invalid(f"All {len(planned)} fire times of this range have their runs.", "since")
        backfill = Backfill.objects.create(
            schedule=schedule,
            since=since,
            until=until,
            fire_times=missing,
            already_run=len(planned) - len(missing),
            parameters=given,
            max_concurrent=max_concurrent,
            created_by=user,
        )
    _advance(backfill.pk, now)
    backfill.refresh_from_db()
    return backfill


def advance_backfills(*, now: datetime) -> int:
    """Start the runs that active backfills have room for, and end those that are done; return how many were started.

    Safe to call at any time and from several processes at once: all that read the same position start the same run.
    """
    started = 0
    for pk in Backfill.objects.filter(state=BackfillState.ACTIVE).order_by("pk").values_list("pk", flat=True):
        try:
            started += _advance(pk, now)
        except Exception:  # whatever is wrong with one backfill, the others go on
            logger.exception("Backfill %s could not go on; it is tried again in a while.", pk)
    return started


def cancel_backfill(*, backfill: Backfill, user: User | None, now: datetime, cancel_runs: bool = False) -> Backfill:
    """Return the backfill, cancelled: it starts nothing more. Its unfinished runs go on unless `cancel_runs`.

    :raises BackfillOver: it has ended
    """
    if not _end(backfill.pk, BackfillState.CANCELLED, f"Cancelled by {user}." if user else "Cancelled.", now):
        backfill.refresh_from_db()
        raise BackfillOver(f"This backfill is {backfill.state} already.")
    backfill.refresh_from_db()
    if cancel_runs:
        for flow_run in runs_of_backfill(backfill).unfinished():
            cancel_flow_run(flow_run_id=flow_run.pk, user=user)
    return backfill


def _advance(pk: int, now: datetime) -> int:
    """Start runs as long as there is room, each in its own transaction; return how many were started."""
    started = 0
    known = Backfill.objects.select_related("schedule__flow__project", "created_by")
    while backfill := known.filter(pk=pk, state=BackfillState.ACTIVE).first():
        unfinished = runs_of_backfill(backfill).unfinished().count()
        if backfill.position == len(backfill.fire_times):
            if not unfinished:
                _end(pk, BackfillState.FINISHED, "", now)
            break
        if unfinished >= backfill.max_concurrent:
            break
        started += _start_next(backfill, now)
    return started


def _start_next(backfill: Backfill, now: datetime) -> bool:
    """Start the run at the backfill's position and move on; return whether it was this that created the run."""
    fire_time = backfill.fire_times[backfill.position]
    try:
        run = start_flow_run(
            flow=backfill.schedule.flow,
            parameters=dict(backfill.parameters),
            now=now,
            origin=Origin.BACKFILL,
            user=backfill.created_by,
            schedule=backfill.schedule,
            scheduled_for=fire_time,
            idempotency_key=run_key(fire_time, backfill.parameters),
        )
    except (ProblemsFound, NoVersion) as refused:
        _end(backfill.pk, BackfillState.CANCELLED, f"Stopped, the flow cannot be started: {refused}", now)
        return False
    ours = FlowRun.objects.filter(pk=run.flow_run_id, schedule=backfill.schedule, origin=Origin.BACKFILL).exists()
    here = Backfill.objects.filter(pk=backfill.pk, position=backfill.position)
    here.update(position=F("position") + 1, already_run=F("already_run") + (0 if ours else 1))
    return run.created


def _end(pk: int, state: BackfillState, message: str, now: datetime) -> bool:
    """End an active backfill; return False if somebody else has."""
    active = Backfill.objects.filter(pk=pk, state=BackfillState.ACTIVE)
    return bool(active.update(state=state, message=message[:500], ended_at=now))


def _problems(
    schedule: Schedule, parameters: Mapping[str, Any], *, max_concurrent: int, until: datetime, now: datetime
) -> list[Problem]:
    problems = []
    if not 1 <= max_concurrent <= MOST_AT_ONCE:
        problems.append(_problem(f"1 to {MOST_AT_ONCE} runs can go on at once.", "max_concurrent"))
    problems += _problems_of_end(until, now)
    if Backfill.objects.filter(schedule=schedule, state=BackfillState.ACTIVE).exists():
        problems.append(_problem("Another backfill of this schedule goes on; wait for its end, or cancel it.", None))
    version = schedule.flow.latest_version
    schema = version.parameter_schema if version else empty_schema()
    problems += [
        Problem(problem.code, problem.message, field=f"parameters.{problem.field}")
        for problem in check_parameters(schema, parameters)
    ]
    return problems


def _problems_of_end(until: datetime, now: datetime) -> list[Problem]:
    if until.tzinfo and until > now:
        return [_problem("A backfill is about the past; the schedule itself starts what is to come.", "until")]
    return []


def _problem(message: str, field: str | None) -> Problem:
    return Problem("invalid_backfill", message, field=field)


def _invalid(message: str, field: str) -> InvalidBackfill:
    return InvalidBackfill([_problem(message, field)])
