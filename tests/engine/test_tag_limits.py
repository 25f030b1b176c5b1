"""How many task runs with a tag are executed at once in a project."""

from datetime import timedelta

from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.following import carry_out
from orchestrator.engine.recovering import recover
from orchestrator.engine.tagged import _limited_at
from orchestrator.models import FlowRun, Project, TagLimit, TaskRun
from orchestrator.sdk import Flow, context, task
from tests.engine.conftest import state, states


@task(tags=["database"])
def reads() -> int:
    return 1


def reading(name: str = "reading", times: int = 3) -> Flow:
    with Flow(name) as flow:
        for _ in range(times):
            reads()
    return flow


def limit_tag(project: Project, most: int = 1) -> None:
    TagLimit.objects.create(project=project, tag="database", max_running=most)
    _limited_at.cache_clear()


def claimed() -> list:
    return claim(worker="w", limit=50)


def end(held: list) -> None:
    for one in held:
        carry_out(complete(ended=[(one, Ending(State.SUCCESS))]))


def test_task_runs_with_a_limited_tag_are_executed_so_many_at_once_over_all_flows(register, start, project):
    limit_tag(project, most=2)
    runs = [start(register(reading())), start(register(reading("other")))]

    first = claimed()
    assert len(first) == 2
    assert claimed() == []

    end(first[:1])
    second = claimed()
    assert len(second) == 1
    assert claimed() == []

    end([first[1], *second])
    end(claimed())
    end(claimed())
    assert [state(run) for run in runs] == ["Success", "Success"]


def test_a_tag_without_a_limit_limits_nothing(register, start, project):
    start(register(reading()))

    assert len(claimed()) == 3


def test_a_drain_brings_limited_task_runs_and_items_to_their_ends(register, start, drain, project):
    limit_tag(project)
    with Flow("mapped") as flow:
        double.map([1, 2, 3])
    runs = [start(register(flow)), start(register(reading()))]

    drain()

    assert [state(run) for run in runs] == ["Success", "Success"]
    assert FlowRun.objects.get(pk=runs[0].pk).result == [2, 4, 6]


@task(tags=["database"])
def double(x: int) -> int:
    return 2 * x


@task(tags=["database"], max_retries=1, retry_delay=0)
def fails_once() -> int:
    if context().attempt == 1:
        raise ValueError("the first time")
    return 1


def test_what_waits_for_its_retry_leaves_room_and_waits_for_room_again(register, start, drain, project):
    limit_tag(project)
    with Flow("retries") as flow:
        fails_once()
        reads()
    run = start(register(flow))

    drain()
    recover()
    drain()

    assert set(states(run).values()) == {"Success"}


def test_a_worker_that_was_lost_leaves_its_place_in_the_end(register, start, drain, project):
    limit_tag(project)
    run = start(register(reading(times=2)))
    (_,) = claimed()
    TaskRun.objects.filter(state="Running").update(lease_until=timezone.now() - timedelta(seconds=1))

    recover()
    drain()

    assert state(run) == "Success"
