"""What a limit holds says which limit that is, wherever it is read."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.admission import WAITS
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.draining import Drain
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.tagged import admit_tagged
from orchestrator.models import Flow as FlowRow
from orchestrator.models import FlowRun, Project, TagLimit, TaskRun, Worker
from orchestrator.queries.runs import (
    flow_run_summary,
    flow_runs_for_reading,
    task_run_documents,
    task_run_versions,
)
from orchestrator.sdk import Flow, task
from tests.engine.conftest import state
from tests.engine.flows import child
from tests.engine.test_limits import limited
from tests.engine.test_tag_limits import double, limit_tag, reading

FOR_THE_FLOW = "Waits for room: flow tests/f may have 1 run under way at once."
FOR_THE_PROJECT = "Waits for room: project tests may have 2 runs under way at once."


@task(tags=["database", "gpu", "free"])
def computes() -> int:
    return 1


def said(run: FlowRun) -> str:
    reader = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("reader")
    message: str = flow_run_summary(flow_runs_for_reading(reader).get(pk=run.pk))["message"]
    return message


def messages(run: FlowRun) -> list[str]:
    return [found["message"] for found in task_run_documents(run)]


def test_task_runs_held_by_a_tag_name_its_limit(register, start, project):
    limit_tag(project)
    run = start(register(reading()))

    assert messages(run) == ["", *["Waits for room: of tag 'database' 1 may run at once."] * 2]
    assert [(found["queue"], found["is_held"]) for found in task_run_documents(run)] == [
        ("default", False),
        ("default", True),
        ("default", True),
    ]


def computing(register, start) -> FlowRun:
    with Flow("computing") as flow:
        computes()
        computes()
    run: FlowRun = start(register(flow))
    return run


def test_of_several_limited_tags_a_held_task_run_names_the_one_that_leaves_no_room(register, start, project):
    TagLimit.objects.create(project=project, tag="gpu", max_running=2)
    limit_tag(project)
    run = computing(register, start)

    assert messages(run)[1] == "Waits for room: of tag 'database' 1 may run at once."


def test_a_held_task_run_names_all_its_tags_that_leave_no_room(register, start, project):
    TagLimit.objects.create(project=project, tag="gpu", max_running=1)
    limit_tag(project)
    run = computing(register, start)

    assert messages(run)[1] == "Waits for room: of tag 'database' 1 and of tag 'gpu' 1 may run at once."


def test_a_place_that_is_shared_with_who_waits_for_it_is_taken_once(register, start, drain, project):
    TagLimit.objects.create(project=project, tag="gpu", max_running=2)
    limit_tag(project)
    with Flow("below", queue="unserved") as below:
        computes()
    register(below)
    with Flow("parent") as parent:
        child("below", wait=True)(task_args={"tags": ["gpu"]})
    start(register(parent))
    drain()
    run = computing(register, start)

    assert messages(run)[1] == "Waits for room: of tag 'database' 1 may run at once."


def changed(before: dict[UUID, str], after: dict[UUID, str]) -> set[str]:
    return set(
        TaskRun.objects.filter(pk__in=[pk for pk in after if after[pk] != before[pk]]).values_list("slug", flat=True)
    )


def test_who_watches_hears_of_a_changed_limit_and_of_a_worker_that_has_gone(register, start, project):
    now = timezone.now()
    worker = Worker.objects.create(name="w", slots=1, started_at=now, lease_until=now + timedelta(hours=1))
    limit_tag(project)
    run = start(register(reading(times=2)))
    begun = task_run_versions(run.pk)

    TagLimit.objects.update(max_running=7)
    wider = task_run_versions(run.pk)
    worker.delete()

    assert changed(begun, wider) == {"reads-database-2"}
    assert changed(wider, task_run_versions(run.pk)) == {"reads-database-1"}


def test_a_mapped_task_says_what_its_items_wait_for(register, start, project):
    limit_tag(project)
    with Flow("mapped") as flow:
        double.map([1, 2, 3])
    run = start(register(flow))

    (found,) = task_run_documents(run)

    assert found["items"] == {"number": 3, "states": {"Submitted": 3}, "held": 2}
    assert found["message"] == "Waits for room: of tag 'database' 1 may run at once."


def test_the_limits_of_all_that_is_held_are_read_once(register, start, project, django_assert_num_queries):
    run = FlowRun.objects.select_related("flow").get(pk=start(register(reading(times=9))).pk)
    task_run_documents(run)  # from now on it knows the names of the tasks
    with django_assert_num_queries(2):
        task_run_documents(run)
    limit_tag(project)
    admit_tagged(project_id=project.pk)

    with django_assert_num_queries(3):
        assert len([message for message in messages(run) if message]) == 8


def test_a_queued_run_names_the_limit_of_its_flow(register, start):
    flow = register(limited(max_runs=1))
    start(flow)

    assert said(start(flow)) == FOR_THE_FLOW


def test_a_queued_run_names_the_limit_of_its_project(register, start, project):
    Project.objects.update(max_runs=2)
    flow = register(limited())
    _, _, third = (start(flow) for _ in range(3))

    assert said(third) == FOR_THE_PROJECT


def test_of_two_limits_a_queued_run_names_the_one_that_leaves_no_room(register, start, project):
    Project.objects.update(max_runs=2)
    flow, other = register(limited(max_runs=1)), register(limited("other"))
    first = start(flow)
    waits = start(flow)
    assert said(waits) == FOR_THE_FLOW

    start(other), start(other)
    cancel_flow_run(flow_run_id=first.pk)
    start(other)
    FlowRow.objects.filter(pk=flow.pk).update(max_runs=2)

    later = start(flow)
    assert (state(later), said(later)) == ("Queued", FOR_THE_PROJECT)


def test_a_restarted_run_that_waits_says_that_as_well(register, start):
    flow = register(limited(max_runs=1))
    first = start(flow)
    cancel_flow_run(flow_run_id=first.pk)
    start(flow)
    restart_flow_run(flow_run_id=first.pk)

    assert said(first) == f"Restarted. {FOR_THE_FLOW}"


def test_a_queued_run_whose_limit_was_just_lifted_says_what_it_was_told(register, start):
    flow = register(limited(max_runs=1))
    start(flow)
    waits = start(flow)
    FlowRow.objects.update(max_runs=None)

    assert said(waits) == WAITS


def test_a_task_run_shows_that_its_child_waits_and_changes_with_it(register, start):
    flow = register(limited(max_runs=1, queue="unserved"))
    start(flow)
    with Flow("parent") as parent:
        child("f", wait=True)()
    run = start(register(parent))
    Drain().run()
    (found,) = task_run_documents(run)
    before = task_run_versions(run.pk)
    assert (found["state"], found["child_state"]) == ("Running", "Queued")

    FlowRow.objects.filter(pk=flow.pk).update(max_runs=2)
    recover()

    assert [found["child_state"] for found in task_run_documents(run)] == ["Pending"]
    assert task_run_versions(run.pk) != before
