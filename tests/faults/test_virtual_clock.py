"""Schedules under a clock that jumps, sweeps that come at once and die, against what the core says of each time.

The oracle knows `next_after` and the three ways to catch up, nothing of the engine.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.core.schedules import next_after
from orchestrator.engine import firing
from orchestrator.engine.firing import fire_due
from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import Flow, FlowRun, Schedule
from orchestrator.models.schedules import CatchUp
from tests.rows import ROWS_SCHEMA, make_flow, make_project

# The clocks of New York go forward some hours later.
START = datetime(2027, 3, 13, 20, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)
GRACE = timedelta(seconds=60)
MOST_CAUGHT_UP = 100
KINDS: list[dict[str, Any]] = [
    {"cron": "*/7 * * * *"},
    {"cron": "30 2 * * *", "timezone": "America/New_York"},
    {"cron": "0 9 13 * 1-5", "timezone": "Asia/Tokyo"},
    {"cron": "0 * * * *", "timezone": "America/New_York", "end_at": START + DAY},
    {"cron": "*/20 * * * *", "rules": {"adjustments": [{"name": "add", "seconds": -450}]}},
    {"kind": "interval", "interval_seconds": 90, "start_at": START},
    {"kind": "interval", "interval_seconds": 86_400, "start_at": START, "timezone": "America/New_York"},
    {"kind": "dates", "dates": [START + timedelta(hours=hours) for hours in (1, 2, 30)]},
]
JUMPS = [timedelta(seconds=seconds) for seconds in (0, 1, 29, 59, 61, 420, 3_600, 40_000, 100_000)]
SWEEPS = ["one", "two at once", "one of a clock behind", "dies before its commit", "dies after its commit"]


class Died(BaseException):
    """What no code of ours catches: the process is gone."""


@dataclass
class Oracle:
    """The fire times of one schedule that should have their runs."""

    schedule: Schedule
    since: datetime = START
    fired: list[datetime] = field(default_factory=list)

    def look(self, now: datetime) -> None:
        """Note what somebody who looks at this time should start."""
        due = []
        moment = self.since
        while (found := next_after(self.schedule.timing(), moment)) and found <= now:
            due.append(found)
            moment = found
        if due:
            self.since = now
            match self.schedule.catch_up:
                case CatchUp.ALL:
                    self.fired += due[-MOST_CAUGHT_UP:]
                case CatchUp.LATEST:
                    self.fired += due[-1:]
                case CatchUp.SKIP:
                    self.fired += [moment for moment in due[-1:] if moment >= now - GRACE]


@pytest.fixture
def flow(transactional_db: None) -> Flow:
    return make_flow(make_project(), schema=ROWS_SCHEMA)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CatchUp.values)), min_size=1, max_size=6),
    steps=st.lists(st.tuples(st.sampled_from(JUMPS), st.sampled_from(SWEEPS)), min_size=1, max_size=8),
)
def test_each_fire_time_gets_its_one_run_whatever_the_clock_and_the_sweeps_do(flow, chosen, steps):
    clear()
    oracles = [
        Oracle(create_schedule(flow=flow, user=None, now=START, catch_up=catch_up, parameters={"rows": rows}, **kind))
        for rows, (kind, catch_up) in enumerate(chosen)
    ]
    now = START
    with pytest.MonkeyPatch.context() as patch:
        # So that what is at once holds different schedules.
        patch.setattr(firing, "AT_ONCE", 2)
        for jump, how in [*steps, (timedelta(0), "one")]:
            now += jump
            looked = sweep(how, now)
            for oracle in oracles:
                if looked:
                    oracle.look(looked)

    for oracle in oracles:
        runs = FlowRun.objects.filter(schedule=oracle.schedule).order_by("scheduled_for")
        assert list(runs.values_list("scheduled_for", flat=True)) == oracle.fired
        oracle.schedule.refresh_from_db()
        assert oracle.schedule.next_fire_at == next_after(oracle.schedule.timing(), now)


def sweep(how: str, now: datetime) -> datetime | None:
    """Look for what is due; return the time at which it was looked, None if nothing came of it."""
    match how:
        case "one":
            fire_due(now=now)
        case "two at once":
            together(lambda: fire_due(now=now))
        case "one of a clock behind":
            now -= timedelta(seconds=45)
            fire_due(now=now)
        case "dies before its commit":
            die_at("firing schedules", now)
            return None
        case "dies after its commit":
            die_at("schedules fired", now)
    return now


def die_at(point: str, now: datetime) -> None:
    """Look for what is due, all in one transaction, in a process that is gone where it comes to that point."""

    def die(name: str) -> None:
        if name == point:
            raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(firing, "AT_ONCE", 100)
        patch.setattr(firing, "point", die)
        with suppress(Died):
            fire_due(now=now)


def together(act: Callable[[], object]) -> None:
    """Do the same in two threads, each with a connection of its own."""
    barrier, done = Barrier(2), []

    def one() -> None:
        try:
            barrier.wait(timeout=10)
            done.append(act())
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(done) == 2, "one of them failed"


def clear() -> None:
    """Forget the schedules and runs of the example before."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orchestrator_flowrun, orchestrator_schedule CASCADE")
