"""Schedules: create, change, pause, resume, delete them, and start the flow runs that are due."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.core.parameters import check_parameters, empty_schema
from orchestrator.core.problems import Problem, ProblemsFound
from orchestrator.core.schedules import CronSpec, ScheduleError, check_spec, latest_between, next_after
from orchestrator.engine.bells import hang_bells, take_bells_down
from orchestrator.engine.crash_points import point
from orchestrator.engine.flow_runs import NoVersion, start_flow_run
from orchestrator.models import Flow, Origin, Schedule, Source
from orchestrator.models.schedules import CatchUp

logger = logging.getLogger(__name__)

# A fire time that is reached this late is on time; one that is older was missed.
GRACE = timedelta(seconds=60)
# At most so many missed times are caught up at once, the latest ones.
MOST_CAUGHT_UP = 100
TIMING = frozenset({"cron", "timezone", "day_or", "start_at", "end_at"})
CHANGEABLE = TIMING | {"parameters", "catch_up"}


class InvalidSchedule(ProblemsFound):
    """A schedule cannot be kept as asked; nothing was changed."""


@transaction.atomic
def create_schedule(
    *,
    flow: Flow,
    cron: str,
    timezone: str,
    day_or: bool,
    parameters: Mapping[str, Any],
    catch_up: str,
    start_at: datetime | None,
    end_at: datetime | None,
    user: User | None,
    now: datetime,
    source: str = Source.CANVAS,
) -> Schedule:
    """Return a new, active schedule of a flow, with its bells hung.

    :raises InvalidSchedule: with a problem for each wrong field and each parameter that is missing or wrong
    """
    schedule = Schedule(
        flow=flow,
        cron=cron,
        timezone=timezone,
        day_or=day_or,
        parameters=dict(parameters),
        catch_up=catch_up,
        start_at=start_at,
        end_at=end_at,
        created_by=user,
        source=source,
    )
    _check(schedule)
    schedule.next_fire_at = next_after(_spec(schedule), now)
    schedule.save()
    hang_bells(schedule)
    return schedule


@transaction.atomic
def update_schedule(*, schedule: Schedule, now: datetime, **changes: Any) -> Schedule:
    """Return the schedule with some of `CHANGEABLE` changed. Its next fire time is computed anew, from now on.

    :raises InvalidSchedule: as for `create_schedule`, or the times are written in the flow's code
    """
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        raise TypeError(f"A schedule's {', '.join(sorted(unknown))} cannot be changed.")
    schedule = _locked(schedule)
    changed = {name: value for name, value in changes.items() if getattr(schedule, name) != value}
    if schedule.source == Source.CODE and (fixed := sorted(changed.keys() & TIMING)):
        raise InvalidSchedule(
            [
                Problem(
                    "written_in_code",
                    "The times of this schedule are written in the flow's Python code. Change them there and register "
                    "the flow again, or pause this schedule and add another.",
                    field=fixed[0],
                )
            ]
        )
    return _changed(schedule, changed, now)


@transaction.atomic
def pause_schedule(*, schedule: Schedule, reason: str, now: datetime) -> Schedule:
    """Return the schedule, paused: it starts nothing until it is resumed. `reason` is for people."""
    schedule = _locked(schedule)
    schedule.is_active = False
    schedule.pause_reason = reason[:200]
    return _rehang(schedule, now)


@transaction.atomic
def resume_schedule(*, schedule: Schedule, now: datetime) -> Schedule:
    """Return the schedule, active again from now on; what it would have started meanwhile is not caught up.

    :raises InvalidSchedule: its parameters no longer fit the flow
    """
    schedule = _locked(schedule)
    if schedule.is_active:
        return schedule
    _check(schedule)
    schedule.is_active = True
    schedule.pause_reason = ""
    return _rehang(schedule, now)


@transaction.atomic
def delete_schedule(*, schedule: Schedule) -> None:
    """Remove the schedule and its bells; the runs that it started stay."""
    take_bells_down(schedule)
    schedule.delete()


@transaction.atomic
def sync_code_schedule(*, flow: Flow, document: Mapping[str, Any] | None, now: datetime) -> Schedule | None:
    """Make the schedule that a flow's code writes exist, change or go; return it.

    Touches nothing when the code's schedule is as it was: a start date alone is no change (`start_date=now()` differs
    each time), a paused one stays paused, and schedules made in the browser are left alone.

    :raises InvalidSchedule: the flow has required parameters, which a schedule in code cannot give
    """
    schedule = Schedule.objects.select_for_update().filter(flow=flow, source=Source.CODE).first()
    if document is None:
        if schedule:
            delete_schedule(schedule=schedule)
        return None
    written = {
        "cron": document["cron"],
        "timezone": document["timezone"],
        "day_or": document["day_or"],
        "end_at": _moment(document.get("end_at")),
    }
    start_at = _moment(document.get("start_at"))
    if schedule is None:
        return create_schedule(
            flow=flow,
            **written,
            start_at=start_at,
            parameters={},
            catch_up=CatchUp.LATEST,
            user=None,
            now=now,
            source=Source.CODE,
        )
    if all(getattr(schedule, name) == value for name, value in written.items()):
        return schedule
    return _changed(schedule, {**written, "start_at": start_at}, now)


def fire_due(*, now: datetime, schedule_id: int | None = None) -> int:
    """Start the flow runs of all schedules (or the one) that are due; return how many were started.

    Safe to call at any time and from several processes at once: each due schedule is taken by one of them, and a fire
    time starts one run whoever gets there. A schedule that cannot be fired is logged and does not hold up the others.
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


@transaction.atomic
def _fire(pk: int, now: datetime) -> int:
    schedule = (
        Schedule.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("flow__project")
        .filter(pk=pk, is_active=True, next_fire_at__lte=now)
        .first()
    )
    if schedule is None:
        return 0
    started = 0
    try:
        for slot in _slots(schedule, now):
            started += _start(schedule, slot, now)
    except (ProblemsFound, NoVersion) as refused:
        # Runs that cannot start would be refused at every fire time: say so once, and wait for a person.
        logger.warning("Schedule %s of %s is paused: %s", pk, schedule.flow, refused)
        schedule.is_active = False
        schedule.pause_reason = f"Paused by itself, the flow cannot be started: {refused}"[:200]
    point("schedule fired")
    schedule.next_fire_at = next_after(_spec(schedule), now) if schedule.is_active else None
    schedule.save()
    if schedule.next_fire_at is None:
        # Otherwise the bells stay as they are: beat reads all of them again whenever one is saved.
        hang_bells(schedule)
    return started


def _start(schedule: Schedule, slot: datetime, now: datetime) -> bool:
    started = start_flow_run(
        flow=schedule.flow,
        parameters=schedule.parameters,
        now=now,
        origin=Origin.SCHEDULE,
        user=schedule.created_by,
        schedule=schedule,
        scheduled_for=slot,
    )
    schedule.last_fire_at = slot
    return started.created


def _slots(schedule: Schedule, now: datetime) -> list[datetime]:
    """Return the fire times to start runs for now, earliest first, as the schedule's catch-up says."""
    first = schedule.next_fire_at
    assert first is not None
    if schedule.catch_up == CatchUp.SKIP:
        return latest_between(_spec(schedule), max(first, now - GRACE), now, count=1)
    count = MOST_CAUGHT_UP if schedule.catch_up == CatchUp.ALL else 1
    return latest_between(_spec(schedule), first, now, count=count)


def _changed(schedule: Schedule, changes: Mapping[str, Any], now: datetime) -> Schedule:
    for name, value in changes.items():
        setattr(schedule, name, value)
    _check(schedule)
    return _rehang(schedule, now)


def _rehang(schedule: Schedule, now: datetime) -> Schedule:
    """Save the schedule with the fire time that follows now, and its bells to suit."""
    schedule.next_fire_at = next_after(_spec(schedule), now) if schedule.is_active else None
    schedule.save()
    hang_bells(schedule)
    return schedule


def _locked(schedule: Schedule) -> Schedule:
    return Schedule.objects.select_for_update(of=("self",)).select_related("flow__project").get(pk=schedule.pk)


def _spec(schedule: Schedule) -> CronSpec:
    return CronSpec(schedule.cron, schedule.timezone, schedule.day_or, schedule.start_at, schedule.end_at)


def _check(schedule: Schedule) -> None:
    problems = []
    try:
        check_spec(_spec(schedule))
    except ScheduleError as error:
        problems.append(Problem("invalid_schedule", str(error), field=error.field))
    if schedule.catch_up not in CatchUp:
        choices = ", ".join(CatchUp.values)
        problems.append(Problem("invalid_schedule", f"{schedule.catch_up!r} is none of {choices}.", field="catch_up"))
    version = schedule.flow.latest_version
    if version is None and schedule.source == Source.CANVAS:
        problems.append(
            Problem("no_version", f"{schedule.flow} has no published version to run; publish it first.", field="flow")
        )
    schema = version.parameter_schema if version else empty_schema()
    problems += [_of_parameter(problem) for problem in check_parameters(schema, schedule.parameters)]
    if problems:
        raise InvalidSchedule(problems)


def _of_parameter(problem: Problem) -> Problem:
    return Problem(**{**asdict(problem), "field": f"parameters.{problem.field}"})


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
