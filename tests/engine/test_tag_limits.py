"""How many task runs with a tag are executed at once in a project."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete, start_held
from orchestrator.engine.following import carry_out
from orchestrator.engine.limiting import heed_limits
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover, start_due
from orchestrator.engine.restarts import restart_one
from orchestrator.engine.tagged import hear_of_limits
from orchestrator.models import FlowRun, Project, TagLimit, TaskRun
from orchestrator.sdk import Flow, context, task, wait_for_flow_run
from tests.engine.conftest import state, states
from tests.engine.flows import child, one_task, works


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
    hear_of_limits()


def claimed() -> list:
    return claim(worker="w", limit=50)


def end(held: list) -> None:
    end_as(held, Ending(State.SUCCESS))


def end_as(held: list, ending: Ending) -> None:
    for one in held:
        carry_out(complete(ended=[(one, ending)]))


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


# Limits that change while task runs wait


def one_after_other() -> Flow:
    with Flow("one after other") as flow:
        reads.copy(name="second")(upstream_tasks=[works()])
    return flow


def test_a_limit_that_is_set_holds_for_what_nobody_has_claimed_yet(register, start, project):
    start(register(reading(times=5)))
    (held,) = claim(worker="w", limit=1)

    limit_tag(project, most=2)
    heed_limits(project=project)

    assert len(claimed()) == 1
    assert claimed() == []
    end([held])
    assert len(claimed()) == 1


def test_a_limit_that_is_set_holds_for_what_waits_for_its_upstreams(register, start, project):
    flow = register(one_after_other())
    for _ in range(3):
        start(flow)
    upstreams = claimed()

    limit_tag(project)
    heed_limits(project=project)
    end(upstreams)

    assert len(claimed()) == 1
    assert claimed() == []


def test_recover_finds_what_a_new_limit_names_where_nobody_else_looked(register, start, project):
    start(register(one_after_other()))
    limit_tag(project)

    recover()

    assert TaskRun.objects.get(slug__startswith="second").queue == "~default"


def test_a_limit_that_is_lowered_holds_back_what_nobody_has_claimed(register, start, project):
    limit_tag(project, most=3)
    start(register(reading(times=3)))
    (held,) = claim(worker="w", limit=1)
    TagLimit.objects.update(max_running=1)

    heed_limits(project=project)

    assert claimed() == []
    end([held])
    assert len(claimed()) == 1


def test_a_limit_that_is_raised_or_removed_lets_go(register, start, project):
    limit_tag(project)
    start(register(reading(times=4)))
    start(register(one_after_other()))
    assert len(claimed()) == 2  # one of those without a tag

    TagLimit.objects.update(max_running=2)
    heed_limits(project=project)
    assert len(claimed()) == 1
    TagLimit.objects.all().delete()
    heed_limits(project=project)

    assert len(claimed()) == 2
    assert not TaskRun.objects.filter(queue__startswith="~").exists()


def test_what_is_paused_or_cancelled_unclaimed_leaves_its_place(register, start, project):
    limit_tag(project)
    runs = [start(register(reading(name, times=1))) for name in ("one", "two", "three")]
    assert may_be_claimed() == [runs[0].pk]

    pause_flow_run(flow_run_id=runs[0].pk)
    assert may_be_claimed() == [runs[1].pk]
    resume_flow_run(flow_run_id=runs[0].pk)
    assert may_be_claimed() == [runs[1].pk]
    cancel_flow_run(flow_run_id=runs[1].pk)

    assert len(may_be_claimed()) == 1


def may_be_claimed() -> list[UUID]:
    submitted = TaskRun.objects.filter(state=State.SUBMITTED).exclude(queue__startswith="~")
    return list(submitted.values_list("flow_run_id", flat=True))


# Tasks that start flow runs, or wait for them


def starting(name: str, started: str, times: int = 1) -> Flow:
    with Flow(name) as flow:
        for _ in range(times):
            child(started, wait=True, tags=["database"])()
    return flow


def test_a_tag_limits_how_many_children_are_waited_for_at_once(register, start, project):
    limit_tag(project, most=2)
    register(one_task("child"))
    run = start(register(starting("parent", "child", times=4)))
    children = FlowRun.objects.filter(parent_task_run__flow_run=run)
    assert not children.exists()

    for begun in (2, 4):
        for held in claimed():
            carry_out([start_held(held=held)])
        assert children.count() == begun
        assert set(states(run).values()) >= {"Running"}
        end(claimed())
    assert state(run) == "Success"


def test_a_child_shares_the_places_of_the_tags_of_whoever_waits_for_it(register, start, drain, project):
    limit_tag(project)
    register(reading("inner", times=2))
    register(starting("middle", "inner"))
    flow = register(starting("outer", "middle"))
    runs = [start(flow), start(flow)]
    drain()

    assert [state(run) for run in runs] == ["Success", "Success"]


def test_mapped_children_and_waits_obey_the_limit_of_their_tag(register, start, drain, project):
    limit_tag(project)
    register(one_task("child"))
    ended = start(register(one_task("ended")))
    with Flow("mapped") as flow:
        child("child", wait=True, tags=["database"]).map(parameters=[{}, {}, {}])
        wait_for_flow_run(str(ended.pk), task_args={"tags": ["database"]})
    run = start(register(flow))
    assert not FlowRun.objects.filter(parent_task_run__flow_run=run).exists()
    drain()

    assert state(run) == "Success"
    assert FlowRun.objects.filter(parent_task_run__flow_run=run).count() == 3


def test_more_than_the_places_are_held_and_all_come_to_their_ends(register, start, drain, project):
    limit_tag(project, most=2)
    with Flow("mapped") as flow:
        double.map(list(range(25)))
        reads()
    run = start(register(flow))
    drain()

    assert state(run) == "Success"


def test_what_runs_again_waits_for_its_place_which_may_be_another_s_by_now(register, start, project):
    limit_tag(project)
    run = start(register(reading(times=2)))
    (first,) = claimed()
    end_as([first], Ending(State.FAILED))
    assert len(claimed()) == 1

    # Whoever restarts it dies before it looks what there is room for.
    restart_one(flow_run_id=run.pk, from_tasks=[first.slug])

    assert claimed() == []


def test_a_retry_that_falls_due_gets_its_place_at_once(register, start, project):
    limit_tag(project)
    start(register(reading(times=1)))
    end_as(claimed(), Ending(State.RETRYING, delay=0.0))

    start_due()

    assert len(claimed()) == 1
