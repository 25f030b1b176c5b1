"""A project with a flow of each kind, a run and a schedule; one of others; and people of every role."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page

from orchestrator.core.documents import write_graph
from orchestrator.core.graph import FlowGraph
from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import Draft, Flow, FlowRun, Project, Role, Schedule
from tests.rows import ROWS_SCHEMA, make_flow, make_flow_run, make_project, make_user

SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def schedule_of(flow: Flow, cron: str = "30 9 * * 1-5", **fields) -> Schedule:
    asked = {
        "timezone": "US/Eastern",
        "day_or": True,
        "parameters": {},
        "catch_up": "latest",
        "start_at": None,
        "end_at": None,
        "user": None,
        "now": SUNDAY,
        **fields,
    }
    return create_schedule(flow=flow, cron=cron, **asked)


@pytest.fixture
def project(db: None) -> Project:
    return make_project("ours")


@pytest.fixture
def flow(project: Project) -> Flow:
    return make_flow(project, "weekly-figures", schema=ROWS_SCHEMA)


@pytest.fixture
def drawn_flow(project: Project) -> Flow:
    flow = Flow.objects.create(project=project, name="drawn", source="canvas")
    Draft.objects.create(flow=flow, graph=write_graph(FlowGraph({})))
    return flow


@pytest.fixture
def flow_run(flow: Flow) -> FlowRun:
    return make_flow_run(flow)


@pytest.fixture
def schedule(flow: Flow) -> Schedule:
    return schedule_of(flow)


@pytest.fixture
def viewer(project: Project) -> Client:
    return client_of(make_user(project, Role.VIEWER))


@pytest.fixture
def operator(project: Project) -> Client:
    return client_of(make_user(project, Role.OPERATOR))


@pytest.fixture
def editor(project: Project) -> Client:
    return client_of(make_user(project, Role.EDITOR))


@pytest.fixture
def stranger(db: None) -> Client:
    """Somebody who is signed in and has a role in another project only."""
    return client_of(make_user(make_project("theirs"), Role.EDITOR))


@pytest.fixture
def open_page(start_web, page: Page, flow: Flow):
    """Open an address in a browser as an editor of the project."""
    web = start_web()
    client = client_of(make_user(flow.project, Role.EDITOR))
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": web.url}])

    def open_(address: str) -> Page:
        page.goto(web.url + address)
        return page

    return open_
