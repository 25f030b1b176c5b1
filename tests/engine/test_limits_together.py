"""Limits where several act at once, where one dies in between, and where a limit changes under what it limits."""

from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.limiting import limit_flow
from orchestrator.engine.recovering import recover
from orchestrator.models import Flow as FlowRow
from orchestrator.models import FlowRun, Origin, Project
from orchestrator.sdk import Flow
from tests.engine.conftest import state
from tests.engine.flows import one_task, works

UNDER_WAY = ["Pending", "Running", "Paused", "Cancelling"]


def limited(name: str = "f", **limits) -> Flow:
    with Flow(name, **limits) as flow:
        works()
    return flow


def end_one(worker: str = "w") -> bool:
    held = claim(worker=worker, limit=1)
    for one in held:
        carry_out(complete(ended=[(one, Ending(State.SUCCESS))]))
    return bool(held)


def under_way() -> int:
    return FlowRun.objects.filter(state__in=UNDER_WAY).count()


def test_many_that_end_and_start_at_once_never_pass_the_limit_and_leave_no_room_unused(register, start):
    flow = register(limited(max_runs=2))
    for _ in range(6):
        start(flow)
    together, seen, errors = Barrier(4), [], []

    def act(number: int) -> None:
        try:
            together.wait(timeout=10)
            for _ in range(4):
                if number % 2:
                    start(flow)
                end_one(f"w{number}")
                seen.append(under_way())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=act, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert errors == []
    assert max(seen) <= 2
    assert under_way() == min(2, FlowRun.objects.exclude(state="Success").count())
    while end_one():
        assert under_way() <= 2
    assert set(FlowRun.objects.values_list("state", flat=True)) == {"Success"}


def test_room_that_a_process_left_and_died_is_found_by_recover(register, start):
    flow = register(limited(max_runs=1))
    first, second = start(flow), start(flow)
    (held,) = claim(worker="w", limit=1)

    complete(ended=[(held, Ending(State.SUCCESS))])  # and does nothing of what follows
    assert [state(first), state(second)] == ["Success", "Queued"]
    recover()

    assert state(second) == "Pending"


def test_a_limit_below_what_is_under_way_lets_none_begin_until_enough_have_ended(register, start):
    flow = register(limited(max_runs=3))
    runs = [start(flow) for _ in range(5)]
    limit_flow(flow=flow, max_runs=1)

    for waiting in (["Queued"] * 2, ["Queued"] * 2, ["Pending", "Queued"]):
        end_one()
        assert [state(run) for run in runs[3:]] == waiting


def test_a_limit_set_over_runs_that_had_none_counts_them(register, start):
    flow = register(limited())
    runs = [start(flow), start(flow)]
    limit_flow(flow=flow, max_runs=2)

    assert state(start(flow)) == "Queued"
    cancel_flow_run(flow_run_id=runs[0].pk)

    assert under_way() == 2


def test_a_limit_that_is_lifted_lets_all_begin_at_once(register, start):
    flow = register(limited(max_runs=1))
    runs = [start(flow) for _ in range(4)]

    limit_flow(flow=flow, max_runs=None)

    assert [state(run) for run in runs] == ["Pending"] * 4


@pytest.mark.parametrize("limited_one", [FlowRow, Project])
def test_a_limit_of_nothing_cannot_be_stored(register, limited_one):
    register(limited())

    with pytest.raises(IntegrityError, match="max_runs_from_one"):
        limited_one.objects.update(max_runs=0)


def test_in_a_full_project_higher_priority_begins_first_whatever_its_flow(register, start):
    one, other = register(one_task("one")), register(one_task("other"))
    Project.objects.update(max_runs=1)
    first, usual = start(one), start(one)
    urgent = start_flow_run(flow=other, parameters={}, now=timezone.now(), origin=Origin.COMMAND, priority=9)

    end_one()

    assert [state(first), state(usual)] == ["Success", "Queued"]
    assert FlowRun.objects.get(pk=urgent.flow_run_id).state == "Pending"


def test_runs_of_several_flows_that_wait_for_a_project_begin_in_the_order_in_which_they_came(register, start):
    one, other = register(one_task("one")), register(one_task("other"))
    Project.objects.update(max_runs=1)
    runs = [start(flow) for flow in (one, one, other, one, other)]

    for number in range(1, 5):
        end_one()
        assert [state(run) for run in runs[number - 1 : number + 1]] == ["Success", "Pending"]
