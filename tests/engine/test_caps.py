"""How many flow runs may come of one, whoever creates them; most are created without being counted."""

from collections.abc import Callable

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine import caps
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.steps import Claim
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow
from tests.connections import at_once
from tests.engine.conftest import state
from tests.engine.flows import child, one_task, works


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    """One entry for each time that a process has counted; it does not grow old in a slow test."""
    found: list[int] = []
    count = caps._count
    monkeypatch.setattr(caps, "_count", lambda *given: found.append(count(*given)) or found[-1])
    monkeypatch.setattr(caps, "SECONDS", 600.0)
    return found


def chain(length: int) -> Flow:
    with Flow("parent") as flow:
        previous = []
        for _ in range(length):
            previous = [child("child", wait=True)(upstream_tasks=previous)]
    return flow


def test_a_small_family_is_not_counted_at_all(register, start, drain, counted):
    register(one_task("child"))
    run = start(register(chain(20)))
    drain()

    assert (state(run), counted) == (State.SUCCESS, [])


def test_a_larger_one_is_counted_now_and_then(register, start, drain, counted):
    register(one_task("child"))
    run = start(register(chain(30)))
    drain()

    assert (state(run), counted) == (State.SUCCESS, [20])


def test_the_nearer_the_cap_the_more_often_it_is_counted(register, start, drain, counted, settings):
    settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = 100
    register(one_task("child"))
    run = start(register(chain(24)))
    drain()

    assert (state(run), counted) == (State.SUCCESS, [20, 21, 22, 23])


@pytest.mark.parametrize(
    ("most", "ends"), [(3, ["Success", "Failed", "Failed"]), (4, ["Success", "Success", "Failed"])]
)
def test_at_the_cap_a_key_still_finds_the_run_that_it_stands_for(register, start, drain, settings, most, ends):
    settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = most
    register(one_task("child"))
    with Flow("parent") as parent:
        previous = [child("child", wait=True)(idempotency_key="the one")]
        for _ in range(2):
            previous = [child("child", wait=True)(upstream_tasks=previous)]
        child("child", wait=True).map(idempotency_key=["the one", "another", "more"], upstream_tasks=previous)
    run = start(register(parent))
    drain()

    items = TaskRun.objects.filter(flow_run=run, map_index__gte=0).order_by("map_index")
    assert [item.state for item in items] == ends
    assert FlowRun.objects.filter(root_run=run).count() == most


def test_a_count_grows_old(register, start, drain, counted, monkeypatch):
    monkeypatch.setattr(caps, "SECONDS", 0.0)
    register(one_task("child"))
    start(register(chain(24)))
    drain()

    assert counted == [20, 21, 22, 23]


def test_what_other_processes_created_counts(register, start, drain, counted, settings):
    settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = 30
    register(one_task("child"))
    run = start(register(chain(40)))
    while FlowRun.objects.count() < 25:
        (held,) = claim(worker="w", limit=1)
        end(held)()
        caps._known.clear()  # as if another process went on
    drain()

    assert state(run) == State.FAILED
    assert FlowRun.objects.count() <= 1 + 30 + min(caps.UNCOUNTED, 30 // caps.LAST_PART + 1)


def end(held: Claim) -> Callable[[], object]:
    return lambda: complete(ended=[(held, Ending(State.SUCCESS))])


def test_of_two_transactions_that_would_take_the_last_place_below_a_root_one_is_refused(register, start, settings):
    settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = 3
    register(one_task("child"))
    with Flow("middle") as middle:
        child("child", wait=True)(upstream_tasks=[works()])
    register(middle)
    with Flow("parent") as parent:
        child("middle", wait=True)()
        child("middle", wait=True)()
    run = start(register(parent))
    one, other = claim(worker="w", limit=2)

    assert at_once(end(one), end(other)) is None

    assert FlowRun.objects.count() == 1 + 3
    refused = TaskRun.objects.get(state=State.FAILED, flow_run=other.flow_run_id)
    assert refused.message.startswith(f"Of flow run {run.pk} 3 flow runs have come already, the most that may")
