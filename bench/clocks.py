"""W11: many schedules that are due in the same second, rung by two beats."""

import time
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTasks

from bench.measured import Measured
from bench.running import Running
from bench.runs import clear, flow_named, percentile
from orchestrator.dispatch import RING
from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import FlowRun

SCHEDULES = 500
# Cron lines fire by the minute; the schedules must have been made before it, and beats have read them.
MAKING = timedelta(seconds=30)
PATIENCE_SECONDS = 30.0


def measure(_samples: int, running: Running) -> Measured:
    """Give the seconds from the fire time to each run's start.

    :raises RuntimeError: a fire time started no run, or two
    """
    _take_down()  # what a run of this that was broken off has left
    due = _hang()
    try:
        _wait_for_starts(due)
        runs = FlowRun.objects.filter(scheduled_for=due)
        lags = [(started - due).total_seconds() for started in runs.values_list("started_at", flat=True) if started]
        if len(lags) != SCHEDULES or runs.count() != SCHEDULES:
            raise RuntimeError(f"{SCHEDULES} schedules were due, {runs.count()} runs exist, {len(lags)} started.")
        fired = max((created - due).total_seconds() for created in runs.values_list("created_at", flat=True))
    finally:
        _take_down()
    measured = Measured([round(lag, 3) for lag in lags])
    measured.note("s of the last", max(lags))
    measured.note("s, 95th of 100", percentile(lags, 0.95))
    measured.note("s until all had been fired", fired)
    return measured


def _hang() -> datetime:
    """Make the schedules, and return the minute at which all of them are due.

    :raises TimeoutError: that minute came before they were made
    """
    flow = flow_named("timed")
    due = (timezone.now() + MAKING).replace(second=0, microsecond=0) + timedelta(minutes=1)
    with transaction.atomic():
        for number in range(SCHEDULES):
            clock = {"cron": f"{due.minute} * * * *", "parameters": {"number": number}}
            create_schedule(flow=flow, user=None, now=timezone.now(), **clock)
    if timezone.now() > due:
        raise TimeoutError(
            f"{SCHEDULES} schedules were not made within {MAKING.seconds} seconds and what was left of the minute."
        )
    return due


def _take_down() -> None:
    """Remove all schedules, their bells and their runs at once: this database is the benchmark's own."""
    clear()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orchestrator_schedule CASCADE")
        cursor.execute("DELETE FROM django_celery_beat_periodictask WHERE task = %s", [RING])
    PeriodicTasks.update_changed()


def _wait_for_starts(due: datetime) -> None:
    give_up = time.monotonic() + (due - timezone.now()).total_seconds() + PATIENCE_SECONDS
    while FlowRun.objects.filter(scheduled_for=due, started_at__isnull=False).count() < SCHEDULES:
        if time.monotonic() > give_up:
            return
        time.sleep(0.1)
