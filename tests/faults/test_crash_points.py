"""A process dies at each of the named points between two durable steps: every run ends as ever."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine import crash_points
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.firing import fire_due
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.returning import give_back
from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import Flow, FlowRun, Origin, TaskRun
from orchestrator.models.schedules import CatchUp
from tests.faults.executions import executed_twice, prepare_executions
from tests.faults.invariants import check_invariants
from tests.faults.shapes.registered import register_shapes
from tests.processes import eventually

pytestmark = [pytest.mark.workers, pytest.mark.timeout(300)]

# Some points are only come to where more ends happen to be stored together than their transaction tells to parents.
MOST_ROUNDS = 20
SHAPES = ("healing", "fan", "fan", "fan", "fan", "diamond", "launching")

OF_A_WORKER = [
    "claimed",
    "executed",
    "ending",
    "ended",
    "telling parents",
    "parent told",
    "restarting a child",
]
OF_OTHERS = [
    "flow run inserted",
    "firing schedules",
    "schedules fired",
    "submitted again",
    "cancelling a child",
    "giving back",
    "looking again",
]


@pytest.fixture
def shapes(transactional_db: None) -> dict[str, Flow]:
    prepare_executions()
    return register_shapes()


@pytest.fixture
def crash_at(tmp_path: Path) -> Callable[[str], Path]:
    """Have one process die at a point; returns the file that is gone when one has."""

    def die(name: str) -> Path:
        token = tmp_path / name
        token.touch()
        return token

    return die


def begin(flow: Flow) -> FlowRun:
    started = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    return FlowRun.objects.get(pk=started.flow_run_id)


def test_every_point_is_visited_by_one_of_these_tests() -> None:
    engine = Path(settings.BASE_DIR, "orchestrator", "engine")
    named = {name for path in engine.glob("*.py") for name in re.findall(r'\bpoint\("(.*?)"\)', path.read_text())}
    assert named == {*OF_A_WORKER, *OF_OTHERS}


def test_a_worker_that_dies_at_any_point_costs_time_and_nothing_else(shapes, start_worker, valkey, crash_at, tmp_path):
    env = {"ANABRANCH_APPS": "tests.faults.shapes", "ANABRANCH_LEASE_SECONDS": "1"}
    start_worker(concurrency=2, env=env | {"ANABRANCH_CRASH_AT": str(tmp_path)})

    for name in OF_A_WORKER:
        token = crash_at(name)
        for _ in range(MOST_ROUNDS):
            runs = [begin(shapes[shape]).pk for shape in SHAPES]
            eventually(lambda: recover() and not FlowRun.objects.unfinished().exists(), within=60, else_say=name)
            ends = set(FlowRun.objects.filter(pk__in=runs).values_list("state", flat=True))
            assert ends == {State.SUCCESS}, name
            if not token.exists():
                break

        assert not token.exists(), f"no process came to the point {name!r}"
        assert executed_twice() == [], name
        check_invariants(at_rest=True)
        valkey.forget_who_is_at_work()


def dies_at(token: Path, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something in a process of its own, which dies at the point that the token names."""
    monkeypatch.setattr(crash_points, "_folder", str(token.parent))
    child = os.fork()
    if child == 0:
        connection.connection = None
        act()
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    monkeypatch.undo()
    assert os.waitstatus_to_exitcode(ended) == crash_points.CRASHED
    assert not token.exists()


def test_a_start_that_dies_after_its_insert_is_a_run_that_workers_find(shapes, drain, crash_at, monkeypatch):
    flow = shapes["steady"]
    dies_at(crash_at("flow run inserted"), lambda: begin(flow), monkeypatch)

    drain()

    assert FlowRun.objects.get().state == State.SUCCESS


def test_a_start_that_dies_before_it_looks_again_at_a_shared_child_ends_with_it(shapes, drain, crash_at, monkeypatch):
    begin(shapes["sharing"])
    dies_at(crash_at("looking again"), lambda: begin(shapes["sharing"]), monkeypatch)

    drain()

    ends = FlowRun.objects.values_list("flow__name", "state")
    assert sorted(ends) == [("sharing", State.SUCCESS), ("sharing", State.SUCCESS), ("steady", State.SUCCESS)]


@pytest.mark.parametrize(("point", "fired"), [("firing schedules", 0), ("schedules fired", 1)])
def test_a_schedule_whose_firing_dies_fires_once(shapes, drain, crash_at, monkeypatch, point, fired):
    now = timezone.now()
    schedule = create_schedule(
        flow=shapes["steady"],
        cron="* * * * *",
        timezone="UTC",
        parameters={},
        day_or=True,
        start_at=None,
        end_at=None,
        catch_up=CatchUp.LATEST,
        user=None,
        now=now - timedelta(minutes=1),
    )
    dies_at(crash_at(point), lambda: fire_due(now=now), monkeypatch)

    assert FlowRun.objects.filter(schedule=schedule, scheduled_for__lte=now).count() == fired
    if not fired:  # as soon as PostgreSQL has let go of what the dead one had locked
        eventually(lambda: fire_due(now=now) == 1, within=10, else_say="the fire time has its run")
    assert fire_due(now=now) == 0
    drain()
    assert FlowRun.objects.get(schedule=schedule).state == State.SUCCESS


def test_a_search_that_dies_half_way_is_done_by_the_next_one(shapes, drain, crash_at, monkeypatch):
    begin(shapes["steady"])
    claim(worker="lost", limit=1)
    TaskRun.objects.filter(state=State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))
    dies_at(crash_at("submitted again"), recover, monkeypatch)

    drain()

    assert FlowRun.objects.get().state == State.SUCCESS
    assert executed_twice() == []


def test_a_cancel_that_dies_before_it_reaches_the_child_reaches_it_by_the_next_search(shapes, crash_at, monkeypatch):
    run = begin(shapes["nested"])
    dies_at(crash_at("cancelling a child"), lambda: cancel_flow_run(flow_run_id=run.pk), monkeypatch)
    assert FlowRun.objects.get(pk=run.pk).state == State.CANCELLING

    while recover().owed:
        pass

    assert set(FlowRun.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_a_worker_that_dies_giving_back_gives_back_by_its_lease(shapes, drain, crash_at, monkeypatch):
    begin(shapes["steady"])
    held = claim(worker="stopping", limit=1)
    dies_at(crash_at("giving back"), lambda: give_back(claims=held, message="stopping"), monkeypatch)
    TaskRun.objects.filter(state=State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))

    recover()
    drain()

    assert FlowRun.objects.get().state == State.SUCCESS
