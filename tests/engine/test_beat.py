"""Celery beat with the bells of many schedules: each rings, changes are noticed, and a ring costs what it costs."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.beat import ScheduleEntry
from celery.signals import after_task_publish
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bench.counting import counting
from orchestrator import dispatch
from orchestrator.config import beat, celery_app
from orchestrator.config.beat import Scheduler
from orchestrator.engine.scheduling import create_schedule, pause_schedule
from orchestrator.models import Flow, Schedule
from tests.rows import ROWS_SCHEMA, make_flow, make_project

# Beat commits, and closes connections.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow() -> Flow:
    return make_flow(make_project(), schema=ROWS_SCHEMA)


@pytest.fixture
def rung(valkey) -> Iterator[list[int]]:
    """The schedules whose bells have rung, in their order."""
    schedule_ids: list[int] = []

    def note(sender: str = "", body: Any = None, **_: Any) -> None:
        if sender == dispatch.RING:
            schedule_ids.append(body[1]["schedule_id"])

    after_task_publish.connect(note, weak=False)
    yield schedule_ids
    after_task_publish.disconnect(note)


@pytest.fixture
def new_beat() -> Iterator[Callable[[], Scheduler]]:
    """Return a scheduler as `celery beat` makes it, but for its last words when the process ends."""
    made: list[Scheduler] = []

    def make() -> Scheduler:
        made.append(Scheduler(app=celery_app))
        return made[-1]

    yield make
    for scheduler in made:
        scheduler._finalize.cancel()


def due(flow: Flow, count: int) -> list[Schedule]:
    """Return schedules whose bells are to ring now."""
    past = timezone.now() - timedelta(minutes=3)
    made = [create_schedule(flow=flow, user=None, now=past, cron="* * * * *") for _ in range(count)]
    for schedule in made:
        schedule.bells.update(last_run_at=past)
    return made


def ring_all(scheduler: Scheduler) -> None:
    while scheduler.tick() == 0:
        pass


def test_the_bells_of_many_schedules_ring_once_each_and_are_not_compared_at_every_ring(
    flow, rung, new_beat, monkeypatch
):
    schedules = due(flow, 30)
    scheduler = new_beat()
    ring_all(scheduler)
    assert sorted(rung) == [schedule.pk for schedule in schedules]

    rung.clear()
    PeriodicTask.objects.filter(task=dispatch.RING).update(last_run_at=timezone.now() - timedelta(minutes=3))
    scheduler = new_beat()
    scheduler.tick()
    monkeypatch.setattr(beat, "LOOK_SECONDS", 60.0)
    monkeypatch.setattr(ScheduleEntry, "__eq__", None)
    with counting() as counted:
        ring_all(scheduler)
    assert len(rung) == 30
    assert counted.statements == 0


def test_a_change_of_schedules_is_noticed(flow, rung, new_beat, monkeypatch):
    monkeypatch.setattr(beat, "LOOK_SECONDS", 0.0)
    assert celery_app.conf.beat_scheduler == f"{Scheduler.__module__}:{Scheduler.__name__}"
    scheduler = new_beat()
    ring_all(scheduler)
    paused, kept = due(flow, 2)
    pause_schedule(schedule=paused, reason="", now=timezone.now())
    ring_all(scheduler)
    assert rung == [kept.pk]
