"""What rings when a schedule is due: django-celery-beat rows for cron lines, and for all what a process remembers.

A bell only wakes `fire_due`, which decides by `Schedule.next_fire_at`. So a bell may ring once too often without harm,
which is how cron lines that Celery's crontab cannot spell (either day, the last day of the month) are kept. And it may
be lost: whoever looks for what is due also finds what will be before the next looks, and has that rung for in time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from orchestrator import dispatch
from orchestrator.core.cron import LAST, LAST_WEEKDAY, Cron, read_cron
from orchestrator.models import Schedule
from orchestrator.models.schedules import ClockKind

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Crontab:
    """The fields of one crontab row, in the spelling that Celery reads."""

    minute: str
    hour: str
    day_of_month: str
    month_of_year: str
    day_of_week: str


def crontabs(cron: Cron) -> list[Crontab]:
    """Return the crontab rows that ring at every time the line names; two where either day is enough.

    Celery needs both days to match, so that one row asks for the day of the month and the other for the weekday.
    """
    days = _spelled(_possible_days(cron), range(1, 32))
    weekdays = _spelled((day[0] if isinstance(day, tuple) else day for day in cron.weekdays), range(7))
    asked = [(days, "*"), ("*", weekdays)] if cron.either_day else [(days, weekdays)]
    return [
        Crontab(
            minute=_spelled(cron.minutes, range(60)),
            hour=_spelled(cron.hours, range(24)),
            day_of_month=day,
            month_of_year=_spelled(cron.months, range(1, 13)),
            day_of_week=weekday,
        )
        for day, weekday in asked
    ]


def hang_bells(schedule: Schedule) -> None:
    """Make the beat rows of a schedule those that it needs now: times, zone, enabled or not.

    Only cron lines have these: beat counts an interval from its own last ring, so that it would ring at other times.
    """
    cron = read_cron(schedule.cron, day_or=schedule.day_or) if schedule.kind == ClockKind.CRON else None
    wanted = crontabs(cron) if cron else []
    bells = list(schedule.bells.order_by("id"))
    before = _rows_of(bells)
    rings = schedule.is_active and schedule.next_fire_at is not None
    for index, crontab in enumerate(wanted):
        bell = bells[index] if index < len(bells) else PeriodicTask()
        bell.name = _name(schedule, index)
        bell.task = dispatch.RING
        bell.kwargs = json.dumps({"schedule_id": schedule.pk})
        bell.crontab = _row(crontab, schedule.timezone)
        bell.enabled = rings
        # A ring that nobody heard within a minute is stale: the sweep has looked by then.
        bell.expire_seconds = 60
        bell.save()
        schedule.bells.add(bell)
    _remove(bells[len(wanted) :])
    _tidy(before)


def soon(now: datetime) -> datetime:
    """Return until when whoever looks for what is due remembers to ring: `recover` looks twice until then."""
    return now + timedelta(seconds=2 * settings.ANABRANCH_RECOVER_SECONDS)


def ring_in_time(fire_times: Iterable[datetime | None], *, now: datetime) -> None:
    """After commit, have this process ring at the first of these times, if it comes soon.

    Whoever hears it finds the next one.
    """
    coming = [moment for moment in fire_times if moment and moment <= soon(now)]
    if coming:
        dispatch.ring(at=min(coming))


def take_bells_down(schedule: Schedule) -> None:
    """Remove the beat rows of a schedule."""
    bells = list(schedule.bells.all())
    _remove(bells)
    _tidy(_rows_of(bells))


def _rows_of(bells: list[PeriodicTask]) -> set[int]:
    return {bell.crontab_id for bell in bells if bell.crontab_id is not None}


def _remove(bells: list[PeriodicTask]) -> None:
    PeriodicTask.objects.filter(pk__in=[bell.pk for bell in bells]).delete()


def _tidy(crontab_ids: set[int]) -> None:
    CrontabSchedule.objects.filter(pk__in=crontab_ids, periodictask=None).delete()


def _row(crontab: Crontab, timezone: str) -> CrontabSchedule:
    # There is no unique constraint on that table, so get_or_create could find several.
    fields = {**asdict(crontab), "timezone": ZoneInfo(timezone)}
    found = CrontabSchedule.objects.filter(**fields).order_by("id").first()
    return found or CrontabSchedule.objects.create(**fields)


def _name(schedule: Schedule, index: int) -> str:
    part = "" if index == 0 else " (weekdays)"
    return f"schedule {schedule.pk}{part}: {schedule.flow}"[:_LONGEST_NAME]


def _possible_days(cron: Cron) -> Iterable[int]:
    for day in cron.days:
        if day == LAST:
            yield from range(28, 32)
        elif day == LAST_WEEKDAY:
            yield from range(26, 32)
        else:
            yield day


def _spelled(values: Iterable[int], every: range) -> str:
    """Return `*` for all values, else the values with runs as ranges: `0,9-17`."""
    ordered = sorted(set(values))
    if ordered == list(every):
        return "*"
    runs = [[value for _, value in run] for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
