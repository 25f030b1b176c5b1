"""What the API shows has the documented shape, comes in pages, and costs the same however much there is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.serializers import Serializer
from rest_framework.test import APIClient

from orchestrator.api.serializers import flows as flow_shapes
from orchestrator.api.serializers import runs as run_shapes
from orchestrator.api.serializers.schedules import ScheduleSerializer
from orchestrator.core.states import State
from orchestrator.models import Flow, FlowRun, LogLine, Project, Schedule, StateChange, TaskRun
from tests.rows import make_flow, make_flow_run


def check_shape(document: dict[str, Any], shape: type[Serializer[Any]]) -> None:
    """Compare a document with what the OpenAPI document promises, nested objects too."""
    fields = shape().fields
    assert set(document) == set(fields)
    for name, field in fields.items():
        value = document[name]
        if value is None:
            assert field.allow_null, name
        elif isinstance(field, Serializer):
            check_shape(value, type(field))
        elif isinstance(getattr(field, "child", None), Serializer):
            for item in value:
                check_shape(item, type(field.child))


@pytest.fixture
def schedule(flow: Flow, editor: User) -> Schedule:
    return Schedule.objects.create(
        flow=flow, cron="30 9 * * 1-5", timezone="US/Eastern", next_fire_at=timezone.now(), created_by=editor
    )


@pytest.fixture
def child_run(flow: Flow, flow_run: FlowRun) -> FlowRun:
    """A child of the flow run's first task run, with a line of history and of log."""
    parent = TaskRun.objects.get(flow_run=flow_run, slug="one")
    child = make_flow_run(flow, State.SUCCESS, parent_task_run=parent, root_run=flow_run)
    TaskRun.objects.filter(pk=parent.pk).update(child_flow_run=child, result={"rows": 3})
    StateChange.objects.create(flow_run=flow_run, task_run=parent, attempt=1, before="Pending", after="Submitted")
    StateChange.objects.create(flow_run=flow_run, attempt=1, before="Pending", after="Running")
    for number in (1, 2):
        LogLine.objects.create(
            flow_run=flow_run,
            task_run=parent,
            attempt=1,
            number=number,
            at=timezone.now(),
            level=20,
            message=f"line {number}",
        )
    return child


def test_documents_have_the_shapes_of_the_openapi_document(
    api: APIClient, flow_run: FlowRun, child_run: FlowRun, schedule: Schedule
) -> None:
    run = f"/api/v1/flow-runs/{flow_run.pk}/"
    task_run = TaskRun.objects.get(flow_run=flow_run, slug="one")
    for address, shape in (
        ("/api/v1/projects/", flow_shapes.ProjectSerializer),
        ("/api/v1/flows/", flow_shapes.FlowSerializer),
        ("/api/v1/flows/ours/main/versions/", flow_shapes.VersionSerializer),
        ("/api/v1/flow-runs/", run_shapes.FlowRunSummarySerializer),
        (f"{run}changes/", run_shapes.StateChangeSerializer),
        (f"{run}logs/", run_shapes.LogLineSerializer),
        ("/api/v1/schedules/", ScheduleSerializer),
    ):
        results = api.get(address).json()["results"]
        assert results, address
        for document in results:
            check_shape(document, shape)
    for address, shape in (
        ("/api/v1/flows/ours/main/", flow_shapes.FlowDetailSerializer),
        ("/api/v1/flows/ours/main/versions/1/", flow_shapes.VersionDetailSerializer),
        (run, run_shapes.FlowRunSerializer),
        (f"/api/v1/flow-runs/{child_run.pk}/", run_shapes.FlowRunSerializer),
        (f"{run}task-runs/{task_run.pk}/", run_shapes.TaskRunDetailSerializer),
        (f"/api/v1/schedules/{schedule.pk}/", ScheduleSerializer),
    ):
        check_shape(api.get(address).json(), shape)


def test_a_flow_run_names_its_children_and_its_parent(api: APIClient, flow_run: FlowRun, child_run: FlowRun) -> None:
    above = api.get(f"/api/v1/flow-runs/{flow_run.pk}/").json()
    below = api.get(f"/api/v1/flow-runs/{child_run.pk}/").json()

    first, second = above["task_runs"]
    assert (first["slug"], first["name"], second["slug"]) == ("one", "One", "two")
    assert (first["child_flow_run"], first["child_flow"]) == (str(child_run.pk), "ours/main")
    assert (second["child_flow_run"], second["child_flow"]) == (None, None)
    assert above["root_run"] == below["root_run"] == above["id"]
    assert above["parent_task_run"] is None
    assert below["parent_task_run"] == {
        "id": first["id"],
        "slug": "one",
        "flow_run": above["id"],
        "flow": "ours/main",
    }
    assert below["ended_at"].endswith("Z")


def test_one_task_run_is_shown_with_its_result(api: APIClient, flow_run: FlowRun, child_run: FlowRun) -> None:
    task_run = TaskRun.objects.get(flow_run=flow_run, slug="one")

    document = api.get(f"/api/v1/flow-runs/{flow_run.pk}/task-runs/{task_run.pk}/").json()

    assert document["result"] == {"rows": 3}
    assert document["inputs"] == {}


def test_lists_are_narrowed_by_what_the_question_says(
    api: APIClient, flow: Flow, flow_run: FlowRun, child_run: FlowRun
) -> None:
    def found(question: str) -> set[str]:
        return {run["id"] for run in api.get(f"/api/v1/flow-runs/?{question}").json()["results"]}

    both = {str(flow_run.pk), str(child_run.pk)}
    assert found("") == found("project=ours") == found("flow=ours/main") == found("search=mai") == both
    assert found("root=true") == found("state=Pending") == found(f"search={flow_run.pk}") == {str(flow_run.pk)}
    assert found("root=false") == found("state=Success") == found(f"parent={flow_run.pk}") == {str(child_run.pk)}
    assert found("state=Pending&state=Success") == both
    assert found("created_after=2999-01-01T00:00:00Z") == found("created_before=1999-01-01T00:00:00Z") == set()


def test_logs_are_continued_after_a_line(api: APIClient, flow_run: FlowRun, child_run: FlowRun) -> None:
    logs = f"/api/v1/flow-runs/{flow_run.pk}/logs/"
    lines = api.get(logs).json()["results"]

    rest = api.get(f"{logs}?after={lines[0]['id']}&task_run={lines[0]['task_run']}").json()["results"]

    assert [line["message"] for line in lines] == ["line 1", "line 2"]
    assert rest == lines[1:]


def test_the_history_of_a_run_can_be_asked_for_without_that_of_its_task_runs(
    api: APIClient, flow_run: FlowRun, child_run: FlowRun
) -> None:
    changes = f"/api/v1/flow-runs/{flow_run.pk}/changes/"
    parent = child_run.parent_task_run
    assert parent

    def slugs(query: str) -> list[str | None]:
        return [change["slug"] for change in api.get(f"{changes}?{query}").json()["results"]]

    assert slugs("") == [parent.slug, None]
    assert slugs("flow_run_only=true") == [None]
    assert slugs(f"task_run={parent.pk}") == [parent.slug]
    assert api.get(f"{changes}?task_run=3").status_code == 422


def test_lists_come_in_pages_of_two_hundred_at_most(api: APIClient, flow: Flow) -> None:
    for _ in range(3):
        make_flow_run(flow)

    page = api.get("/api/v1/flow-runs/?page_size=2").json()
    last = api.get(page["next"]).json()

    assert (page["count"], len(page["results"]), page["previous"]) == (3, 2, None)
    assert (len(last["results"]), last["next"]) == (1, None)
    assert not {run["id"] for run in page["results"]} & {run["id"] for run in last["results"]}


def _more_flows(project: Project, editor: User) -> None:
    make_flow_run(make_flow(project))


def _more_runs(project: Project, editor: User) -> None:
    flow = Flow.objects.filter(project=project).first()
    assert flow
    flow_run = make_flow_run(flow, created_by=editor)
    child = make_flow_run(flow, parent_task_run=flow_run.task_runs.first(), root_run=flow_run)
    TaskRun.objects.filter(flow_run=flow_run).update(child_flow_run=child)
    for task_run in TaskRun.objects.filter(flow_run=flow_run):
        StateChange.objects.create(flow_run=flow_run, task_run=task_run, attempt=1, after="Running", actor=editor)


def _more_schedules(project: Project, editor: User) -> None:
    Schedule.objects.create(flow=make_flow(project), cron="0 9 * * *", next_fire_at=timezone.now(), created_by=editor)


@pytest.mark.parametrize(
    ("address", "add"),
    [
        ("/api/v1/flows/", _more_flows),
        ("/api/v1/flow-runs/", _more_runs),
        ("/api/v1/schedules/", _more_schedules),
    ],
)
def test_a_list_takes_as_many_queries_however_long_it_is(
    address: str, add: Callable[[Project, User], None], api: APIClient, project: Project, flow: Flow, editor: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(address).status_code == 200
        return len(captured)

    add(project, editor)
    few = queries()
    for _ in range(3):
        add(project, editor)

    assert queries() == few


def test_a_flow_run_takes_as_many_queries_however_many_tasks_it_has(api: APIClient, project: Project) -> None:
    def queries(flow_run: FlowRun) -> int:
        api.get(f"/api/v1/flow-runs/{flow_run.pk}/")  # the names of the version's tasks are kept after the first time
        with CaptureQueriesContext(connection) as captured:
            assert len(api.get(f"/api/v1/flow-runs/{flow_run.pk}/").json()["task_runs"]) > 0
        return len(captured)

    small, large = (make_flow(project, slugs=tuple(f"t{n}" for n in range(size))) for size in (1, 50))

    assert queries(make_flow_run(small)) == queries(make_flow_run(large))


def test_a_flow_name_may_hold_slashes_and_other_letters(api: APIClient, project: Project) -> None:
    make_flow(project, "daily/extract ü")

    flow = api.get("/api/v1/flows/?search=extract").json()["results"][0]

    assert flow["url"] == "/flows/ours/daily%2Fextract%20%C3%BC/"
    assert api.get("/api/v1/flows/ours/daily%2Fextract%20%C3%BC/").json()["name"] == "daily/extract ü"
    assert api.get("/api/v1/flows/ours/daily/extract%20%C3%BC/versions/1/").json()["number"] == 1
