"""A superuser's panel, and one row of each kind to look at."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orchestrator.engine.scheduling import create_schedule
from orchestrator.engine.tokens import create_token
from orchestrator.models import Backfill, Draft, Flow, FlowRun, LogLine, Membership, Role, Schedule, StateChange, Worker
from tests.rows import ROWS_SCHEMA, make_flow, make_flow_run, make_project


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def panel(root: User, client: Client) -> Client:
    client.force_login(root)
    return client


@pytest.fixture
def flow(db: None) -> Flow:
    return make_flow(make_project("ours"), "main", schema=ROWS_SCHEMA)


@pytest.fixture
def flow_run(flow: Flow) -> FlowRun:
    return make_flow_run(flow)


@pytest.fixture
def schedule(flow: Flow, root: User) -> Schedule:
    return create_schedule(
        flow=flow,
        cron="30 9 * * 1-5",
        timezone="US/Eastern",
        day_or=True,
        parameters={"rows": 2},
        catch_up="latest",
        start_at=None,
        end_at=None,
        user=root,
        now=timezone.now(),
    )


@pytest.fixture
def one_of_each(flow_run: FlowRun, schedule: Schedule, root: User) -> None:
    task_run = flow_run.task_runs.first()
    Draft.objects.create(flow=flow_run.flow, graph={"tasks": [], "edges": []}, updated_by=root)
    StateChange.objects.create(flow_run=flow_run, task_run=task_run, attempt=1, before="", after="Pending")
    LogLine.objects.create(
        flow_run=flow_run, task_run=task_run, attempt=1, number=1, at=timezone.now(), level=20, message="<b>hello</b>"
    )
    Backfill.objects.create(schedule=schedule, since=timezone.now(), until=timezone.now(), fire_times=[timezone.now()])
    Worker.objects.create(name="w@host", slots=2, started_at=timezone.now(), lease_until=timezone.now())
    Membership.objects.create(user=root, project=flow_run.flow.project, role=Role.EDITOR)
    create_token(user=root, now=timezone.now())
