"""W11: many schedules that are due in the same second, rung by two beats."""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from bench.measured import Measured
from bench.running import Running
from bench.runs import clear, flow_named, percentile
from orchestrator.engine.scheduling import create_schedule, delete_schedule
from orchestrator.models import FlowRun, Schedule

SCHEDULES = 500
# Cron lines fire by the minute; the schedules must have been made before it, and beats have read them.
MAKING = timedelta(seconds=30)
PATIENCE_SECONDS = 30.0


def measure(_samples: int, running: Running) -> Measured:
    """Give the seconds from the fire time to each run's start.

    :raises RuntimeError: a fire time started no run, or two
    """
    clear()
    due = _hang()
    try:
        _wait_for_starts(due)
        runs = FlowRun.objects.filter(scheduled_for=due)
        lags = [(started - due).total_seconds() for started in runs.values_list("started_at", flat=True) if started]
        if len(lags) != SCHEDULES or runs.count() != SCHEDULES:
            raise RuntimeError(f"{SCHEDULES} schedules were due, {runs.count()} runs exist, {len(lags)} started.")
    finally:
        for schedule in Schedule.objects.filter(flow__project__name="bench"):
            delete_schedule(schedule=schedule)
        clear()
    measured = Measured([round(lag, 3) for lag in lags])
    measured.note("s of the last", max(lags))
    measured.note("s, 95th of 100", percentile(lags, 0.95))
    return measured


def _hang() -> datetime:
    """Make the schedules, and return the minute at which all of them are due.

    :raises TimeoutError: that minute came before they were made
    """
    flow = flow_named("child")
    due = (timezone.now() + MAKING).replace(second=0, microsecond=0) + timedelta(minutes=1)
    with transaction.atomic():
        for _ in range(SCHEDULES):
            create_schedule(flow=flow, user=None, now=timezone.now(), cron=f"{due.minute} * * * *")
    if timezone.now() > due:
        raise TimeoutError(
            f"{SCHEDULES} schedules were not made within {MAKING.seconds} seconds and what was left of the minute."
        )
    return due


def _wait_for_starts(due: datetime) -> None:
    give_up = time.monotonic() + (due - timezone.now()).total_seconds() + PATIENCE_SECONDS
    while FlowRun.objects.filter(scheduled_for=due, started_at__isnull=False).count() < SCHEDULES:
        if time.monotonic() > give_up:
            return
        time.sleep(0.1)
