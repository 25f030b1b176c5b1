"""Limits of a flow where days of fire times, a backfill, priorities and starts by hand want room at once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine import admission
from orchestrator.engine.backfilling import advance_backfills, create_backfill
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.firing import fire_due
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.recovering import recover
from orchestrator.models import Backfill, FlowRun, Origin, Schedule
from orchestrator.sdk import Flow
from tests.engine.conftest import state
from tests.engine.flows import works
from tests.engine.schedules import DAY, MONDAY_0930, scheduled

UNDER_WAY = ["Pending", "Running", "Paused", "Cancelling"]


def limited(name: str = "f", **limits) -> Flow:
    with Flow(name, **limits) as flow:
        works()
    return flow


def started(flow, **asked) -> FlowRun:
    run = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.API, **asked)
    return FlowRun.objects.get(pk=run.flow_run_id)


def end_one() -> None:
    (held,) = claim(worker="w", limit=1)
    carry_out(complete(ended=[(held, Ending(State.SUCCESS))]))


def days_of(*states: str) -> list[int]:
    """Return the fire times of the runs in these states, in days after the first one."""
    found = FlowRun.objects.filter(state__in=states, schedule__isnull=False).order_by("scheduled_for")
    return [(run.scheduled_for - MONDAY_0930).days for run in found]


def test_of_days_that_are_caught_up_at_once_the_latest_are_left_where_older_runs_are_cancelled(register):
    flow = register(limited(max_runs=3, overlap="cancel_older"))
    scheduled(flow, cron="30 9 * * *", catch_up="all")

    assert fire_due(now=MONDAY_0930 + 19 * DAY) == 21

    assert days_of("Pending") == [17, 18, 19]
    assert days_of("Cancelled") == list(range(-1, 17))


def test_a_newer_run_of_higher_priority_is_not_cancelled_for_an_older_one(register):
    flow = register(limited(max_runs=1, overlap="cancel_older"))
    first, (held,) = started(flow), claim(worker="w", limit=1)
    older, urgent = started(flow), started(flow, priority=9)
    assert [state(run) for run in (first, older, urgent)] == ["Cancelling", "Queued", "Queued"]

    carry_out(complete(ended=[(held, Ending(State.SUCCESS))]))

    assert [state(run) for run in (first, older, urgent)] == ["Cancelled", "Cancelled", "Pending"]
    messages = FlowRun.objects.filter(state="Cancelled").values_list("message", flat=True)
    assert list(messages) == ["Cancelled for a newer run of the flow."] * 2


def test_a_run_is_as_old_as_the_time_that_it_was_to_start_at(register):
    flow = register(limited(max_runs=2, overlap="cancel_older"))
    soon = timezone.now() + timedelta(hours=1)
    later = started(flow, scheduled_start_time=soon)
    runs = [started(flow), started(flow)]
    FlowRun.objects.filter(pk=later.pk).update(scheduled_start_time=timezone.now())
    recover()
    assert [state(run) for run in (*runs, later)] == ["Cancelled", "Pending", "Pending"]

    started(flow)

    assert [state(run) for run in (*runs, later)] == ["Cancelled", "Cancelled", "Pending"]


def test_two_that_look_at_once_who_is_to_be_cancelled_do_not_cancel_the_one_that_began_by_it(
    register, project, monkeypatch
):
    flow = register(limited(max_runs=1, overlap="cancel_older"))
    first = started(flow)
    judge = admission._admit_one
    others = []

    def be_overtaken(*arguments):
        judged = judge(*arguments)
        if not others:
            others.append(judged)
            carry_out(admission.admit(project_id=project.pk))
        return judged

    monkeypatch.setattr(admission, "_admit_one", be_overtaken)
    second = started(flow)

    assert [state(first), state(second)] == ["Cancelled", "Pending"]


# Backfills


def backfill(schedule: Schedule, days: int, **asked) -> Backfill:
    since = MONDAY_0930 - days * DAY
    return create_backfill(schedule=schedule, since=since, until=MONDAY_0930 - DAY, user=None, now=MONDAY_0930, **asked)


@pytest.mark.parametrize("overlap", ["skip", "cancel_older"])
def test_a_backfill_waits_for_room_whatever_becomes_of_other_runs(register, drain, overlap):
    flow = register(limited(max_runs=1, overlap=overlap))
    schedule = scheduled(flow, cron="30 9 * * *")
    first = started(flow)

    filled = backfill(schedule, 6, max_concurrent=3)

    assert (state(first), days_of("Queued")) == ("Pending", [-6, -5, -4])
    for _ in range(3):
        drain()
        advance_backfills(now=MONDAY_0930)
    filled.refresh_from_db()
    assert (state(first), filled.state) == ("Success", "finished")
    assert Counter(FlowRun.objects.filter(schedule=schedule).values_list("state", flat=True)) == {"Success": 6}


def test_a_backfill_of_days_gone_by_is_older_than_a_run_that_waited_before_it(register):
    flow = register(limited(max_runs=1, overlap="cancel_older"))
    schedule = scheduled(flow, cron="30 9 * * *")
    _, (held,) = started(flow), claim(worker="w", limit=1)
    waits = started(flow, priority=-9)
    backfill(schedule, 2, max_concurrent=1)

    carry_out(complete(ended=[(held, Ending(State.SUCCESS))]))

    assert (state(waits), days_of("Cancelled", "Pending")) == ("Pending", [-2])
