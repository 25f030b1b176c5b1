"""Task runs are claimed by the workers of their queue, those of higher priority first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.engine.claiming import claim
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.models import FlowRun, Origin, TaskRun, Worker
from orchestrator.queries.runs import task_run_documents
from orchestrator.sdk import Flow, task
from tests.engine.conftest import state, states
from tests.engine.flows import child, one_task, works
from tests.processes import eventually


@task(queue="heavy")
def trains() -> int:
    return 1


def mixed() -> Flow:
    with Flow("mixed") as flow:
        trains(upstream_tasks=[works()])
    return flow


def test_a_worker_leaves_what_is_of_queues_that_it_does_not_serve(register, start, drain):
    run = start(register(mixed()))

    drain()

    assert states(run) == {"works-1": "Success", "trains-1": "Submitted"}
    assert set(TaskRun.objects.values_list("slug", "queue")) == {("works-1", "default"), ("trains-1", "heavy")}


def test_a_flow_says_the_queue_of_all_its_tasks_that_name_none(register, start, drain):
    with Flow("heavy", queue="heavy") as heavy:
        works()
    register(heavy)
    with Flow("parent") as parent:
        child("heavy", wait=True)()
    run = start(register(parent))

    drain()

    (task_run,) = TaskRun.objects.exclude(flow_run=run)
    assert (task_run.queue, task_run.state) == ("heavy", "Submitted")


@pytest.mark.workers
@pytest.mark.timeout(120)
def test_workers_of_several_queues_bring_a_run_to_its_end(start_worker):
    from orchestrator.engine.registration import register_apps
    from orchestrator.models import Flow as FlowRow

    register_apps(now=timezone.now())
    TaskRun.objects.all().delete()
    flow = FlowRow.objects.get(project__name="examples", name="A")
    run = FlowRun.objects.get(
        pk=start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND).flow_run_id
    )
    TaskRun.objects.update(queue="heavy")
    start_worker(concurrency=1, queues="light")
    heavy = start_worker(concurrency=1, queues="heavy,default")

    assert Worker.objects.get(name=heavy.node).queues == ["default", "heavy"]
    eventually(lambda: state(run) == "Success", within=60)


def test_what_is_of_higher_priority_is_claimed_first(register):
    flow = register(one_task("f"))

    def begin(priority: int | None):
        return start_flow_run(
            flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND, priority=priority
        ).flow_run_id

    low, usual, high = begin(-5), begin(None), begin(7)

    assert [held.flow_run_id for held in claim(worker="w", limit=5)] == [high, usual, low]


def test_children_have_their_parents_priority_and_roots_their_flows(register, drain):
    register(one_task("child"))
    with Flow("parent", priority=3) as parent:
        child("child", wait=True)()
    flow = register(parent)
    start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)

    drain()

    assert set(FlowRun.objects.values_list("flow__name", "priority")) == {("parent", 3), ("child", 3)}
    assert set(TaskRun.objects.values_list("priority", flat=True)) == {3}


def test_a_run_whose_queue_no_worker_serves_says_so(register, start):
    run = start(register(mixed()))

    def served() -> list[bool]:
        return [found["is_served"] for found in task_run_documents(run) if found["slug"] == "works-1"]

    assert served() == [False]
    Worker.objects.create(
        name="w@host", slots=1, started_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1)
    )
    assert served() == [True]


@pytest.mark.parametrize("queue", ["", "two words", "a" * 51, 3])
def test_what_cannot_name_a_queue_is_refused(queue):
    with pytest.raises(ValueError, match="queue must be a queue's name"):
        Flow("f", queue=queue)


@pytest.mark.parametrize("priority", [101, -101, 1.5, True])
def test_a_priority_is_a_whole_number_within_limits(priority):
    with pytest.raises(ValueError, match="priority must be a whole number from -100 to 100"):
        Flow("f", priority=priority)
