"""What belongs to a project of others cannot be told from what does not exist."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.models import Flow, FlowRun, Membership, Project, Role, Schedule
from tests.clients import client_of
from tests.rows import make_flow_run, make_user


@pytest.fixture
def foreign_schedule(foreign_flow: Flow) -> Schedule:
    return Schedule.objects.create(flow=foreign_flow, cron="0 9 * * *", next_fire_at=timezone.now())


def test_lists_hold_only_what_one_may_see(
    api: APIClient, flow_run: FlowRun, foreign_run: FlowRun, foreign_schedule: Schedule
) -> None:
    assert [project["name"] for project in api.get("/api/v1/projects/").json()["results"]] == ["ours"]
    assert [flow["name"] for flow in api.get("/api/v1/flows/").json()["results"]] == ["main"]
    assert [run["id"] for run in api.get("/api/v1/flow-runs/").json()["results"]] == [str(flow_run.pk)]
    assert api.get("/api/v1/schedules/").json()["count"] == 0


def test_filters_do_not_reach_into_projects_of_others(api: APIClient, foreign_run: FlowRun) -> None:
    for question in (f"search={foreign_run.pk}", "flow=theirs/secret", "project=theirs", f"parent={foreign_run.pk}"):
        assert api.get(f"/api/v1/flow-runs/?{question}").json()["count"] == 0


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "flows/theirs/secret/"),
        ("get", "flows/theirs/secret/versions/"),
        ("get", "flows/theirs/secret/versions/1/"),
        ("get", "flows/theirs/secret/draft/"),
        ("put", "flows/theirs/secret/draft/"),
        ("post", "flows/theirs/secret/publish/"),
        ("get", "flow-runs/{run}/"),
        ("get", "flow-runs/{run}/graph/"),
        ("get", "flow-runs/{run}/changes/"),
        ("get", "flow-runs/{run}/logs/"),
        ("get", "flow-runs/{run}/task-runs/{task_run}/"),
        ("post", "flow-runs/{run}/cancel/"),
        ("post", "flow-runs/{run}/restart/"),
        ("get", "schedules/{schedule}/"),
        ("patch", "schedules/{schedule}/"),
        ("delete", "schedules/{schedule}/"),
        ("post", "schedules/{schedule}/pause/"),
        ("post", "schedules/{schedule}/resume/"),
        ("get", "schedules/{schedule}/backfills/"),
        ("post", "schedules/{schedule}/backfills/"),
        ("post", "schedules/{schedule}/backfills/preview/"),
        ("get", "schedules/{schedule}/backfills/1/"),
        ("post", "schedules/{schedule}/backfills/1/cancel/"),
    ],
)
def test_a_foreign_id_answers_as_one_that_does_not_exist(
    method: str, address: str, api: APIClient, foreign_run: FlowRun, foreign_schedule: Schedule
) -> None:
    task_run = foreign_run.task_runs.first()
    assert task_run
    foreign = address.format(run=foreign_run.pk, task_run=task_run.pk, schedule=foreign_schedule.pk)
    missing = address.format(run=uuid.uuid4(), task_run=uuid.uuid4(), schedule=2**40).replace("theirs", "nowhere")

    answer, other = getattr(api, method)(f"/api/v1/{foreign}"), getattr(api, method)(f"/api/v1/{missing}")

    assert (answer.status_code, answer.json()) == (other.status_code, other.json())
    assert answer.status_code == 404


@pytest.mark.parametrize("flow", ["theirs/secret", "nowhere/secret"])
def test_ids_in_bodies_are_resolved_in_the_same_way(flow: str, api: APIClient, foreign_flow: Flow) -> None:
    project, _, _ = flow.partition("/")
    for answer, what in (
        (api.post("/api/v1/flow-runs/", {"flow": flow}), f"flow {flow}"),
        (api.post("/api/v1/schedules/", {"flow": flow, "cron": "0 9 * * *"}), f"flow {flow}"),
        (api.post("/api/v1/flows/", {"project": project, "name": "x"}), f"project {project}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json()["message"] == f"There is no {what}, or you may not see it."


def test_a_task_run_of_another_flow_run_is_not_found_below_this_one(
    api: APIClient, flow: Flow, flow_run: FlowRun
) -> None:
    other = make_flow_run(flow).task_runs.first()
    assert other

    assert api.get(f"/api/v1/flow-runs/{flow_run.pk}/task-runs/{other.pk}/").status_code == 404


def test_a_superuser_sees_everything(flow_run: FlowRun, foreign_run: FlowRun) -> None:
    root = client_of(User.objects.create_superuser("root"))

    assert root.get("/api/v1/flow-runs/").json()["count"] == 2
    assert root.get(f"/api/v1/flow-runs/{foreign_run.pk}/").status_code == 200
    assert {project["role"] for project in root.get("/api/v1/projects/").json()["results"]} == {"editor"}


def test_a_role_in_another_project_helps_nothing(flow_run: FlowRun, foreign_flow: Flow) -> None:
    user = make_user(flow_run.flow.project, Role.VIEWER)
    Membership.objects.create(user=user, project=foreign_flow.project, role=Role.EDITOR)

    answer = client_of(user).post(f"/api/v1/flow-runs/{flow_run.pk}/cancel/", {})

    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"


def test_a_deactivated_account_is_nobody(api: APIClient, editor: User, project: Project) -> None:
    editor.is_active = False
    editor.save()

    assert api.get("/api/v1/projects/").status_code == 401
