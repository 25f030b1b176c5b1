"""Schedules: create, change, pause, resume and delete them. `engine/firing.py` starts what is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.core.parameters import check_parameters, empty_schema
from orchestrator.core.problems import Problem, ProblemsFound
from orchestrator.core.schedules import next_after
from orchestrator.core.wall_clock import ScheduleError
from orchestrator.engine.bells import hang_bells, ring_in_time, take_bells_down
from orchestrator.models import Flow, Schedule, Source
from orchestrator.models.schedules import CatchUp, ClockKind

TIMING = frozenset(Schedule.TIMING)
CHANGEABLE = TIMING | {"parameters", "catch_up"}


class InvalidSchedule(ProblemsFound):
    """A schedule cannot be kept as asked; nothing was changed."""


@transaction.atomic
def create_schedule(
    *, flow: Flow, user: User | None, now: datetime, source: str = Source.CANVAS, **fields: Any
) -> Schedule:
    """Return a new, active schedule of a flow, with its bells hung.

    :param fields: any of `CHANGEABLE`; an interval without `start_at` counts from this minute
    :raises InvalidSchedule: with a problem for each wrong field and each parameter that is missing or wrong
    """
    _refuse_unknown(fields.keys() - {"written"})
    schedule = Schedule(flow=flow, created_by=user, source=source, **fields)
    return save_checked(schedule, now)


@transaction.atomic
def update_schedule(*, schedule: Schedule, now: datetime, **changes: Any) -> Schedule:
    """Return the schedule with some of `CHANGEABLE` changed. Its next fire time is computed anew, from now on.

    :raises InvalidSchedule: as for `create_schedule`, or the times are written in the flow's code
    """
    _refuse_unknown(changes.keys())
    schedule = locked(schedule)
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
    return change(schedule, changed, now)


@transaction.atomic
def pause_schedule(*, schedule: Schedule, reason: str, now: datetime) -> Schedule:
    """Return the schedule, paused: it starts nothing until it is resumed. `reason` is for people."""
    schedule = locked(schedule)
    schedule.is_active = False
    schedule.pause_reason = reason[:200]
    return _rehang(schedule, now)


@transaction.atomic
def resume_schedule(*, schedule: Schedule, now: datetime) -> Schedule:
    """Return the schedule, active again from now on; what it would have started meanwhile is not caught up.

    :raises InvalidSchedule: its parameters no longer fit the flow
    """
    schedule = locked(schedule)
    if schedule.is_active:
        return schedule
    schedule.is_active = True
    schedule.pause_reason = ""
    return save_checked(schedule, now)


@transaction.atomic
def delete_schedule(*, schedule: Schedule) -> None:
    """Remove the schedule, its bells and its backfills; the runs that it started stay."""
    take_bells_down(schedule)
    schedule.delete()


def change(schedule: Schedule, changes: Mapping[str, Any], now: datetime) -> Schedule:
    """Return a schedule that this transaction holds, changed, checked and saved.

    A schedule that becomes one of another kind forgets what only its old kind has.
    """
    if changes.get("kind", schedule.kind) != schedule.kind:
        blank = Schedule()
        for name in TIMING - {"timezone", "rules"} - changes.keys():
            setattr(schedule, name, getattr(blank, name))
    for name, value in changes.items():
        setattr(schedule, name, value)
    return save_checked(schedule, now)


def save_checked(schedule: Schedule, now: datetime) -> Schedule:
    """Return a schedule saved with its next fire time after now, and its bells to suit.

    :raises InvalidSchedule: something of it is wrong
    """
    if schedule.kind == ClockKind.INTERVAL and schedule.start_at is None:
        schedule.start_at = counted_from(now)
    if problems := _problems(schedule):
        raise InvalidSchedule(problems)
    return _rehang(schedule, now)


def counted_from(now: datetime) -> datetime:
    """Return the moment that an interval without a start counts from: this minute, which people can read."""
    return now.replace(second=0, microsecond=0)


def locked(schedule: Schedule) -> Schedule:
    """Return the schedule as it is now, held by this transaction."""
    held = Schedule.objects.select_for_update(of=("self",), no_key=True)
    return held.select_related("flow__project").get(pk=schedule.pk)


def _rehang(schedule: Schedule, now: datetime) -> Schedule:
    schedule.next_fire_at = next_after(schedule.timing(), now) if schedule.is_active else None
    schedule.save()
    hang_bells(schedule)
    ring_in_time([schedule.next_fire_at], now=now)
    return schedule


def _refuse_unknown(names: set[str] | Any) -> None:
    if unknown := set(names) - CHANGEABLE:
        raise TypeError(f"A schedule's {', '.join(sorted(unknown))} cannot be chosen.")


def _problems(schedule: Schedule) -> list[Problem]:
    problems = []
    try:
        schedule.timing()
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
    return problems


def _of_parameter(problem: Problem) -> Problem:
    return Problem(**{**asdict(problem), "field": f"parameters.{problem.field}"})
