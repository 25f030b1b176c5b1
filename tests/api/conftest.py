"""A project of ours, one of others, and people of every role."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from orchestrator.models import Flow, FlowRun, Project, Role
from tests.clients import client_of
from tests.rows import ROWS_SCHEMA, make_flow, make_flow_run, make_project, make_user


@pytest.fixture
def project(db: None) -> Project:
    return make_project("ours")


@pytest.fixture
def flow(project: Project) -> Flow:
    return make_flow(project, "main", schema=ROWS_SCHEMA)


@pytest.fixture
def flow_run(flow: Flow) -> FlowRun:
    return make_flow_run(flow)


@pytest.fixture
def editor(project: Project) -> User:
    return make_user(project, Role.EDITOR)


@pytest.fixture
def api(editor: User) -> APIClient:
    """A client signed in as an editor of our project."""
    return client_of(editor)


@pytest.fixture
def foreign_flow(db: None) -> Flow:
    return make_flow(make_project("theirs"), "secret")


@pytest.fixture
def foreign_run(foreign_flow: Flow) -> FlowRun:
    return make_flow_run(foreign_flow)
