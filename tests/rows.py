"""Rows for tests of what reads them: written directly, so that such a test does not depend on the engine."""

from itertools import count, pairwise
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.parameters import empty_schema
from orchestrator.core.states import TERMINAL, State
from orchestrator.models import Flow, FlowRun, FlowVersion, Membership, Origin, Project, Role, TaskRun

_numbers = count(1)

ROWS_SCHEMA = {
    "type": "object",
    "properties": {"rows": {"type": "integer", "default": 5}},
    "required": [],
    "additionalProperties": False,
}


def make_project(name: str = "") -> Project:
    return Project.objects.create(name=name or f"project-{next(_numbers)}")


def make_user(project: Project | None = None, role: Role | None = None, **fields: Any) -> User:
    user = User.objects.create_user(f"person-{next(_numbers)}", **fields)
    if project and role:
        Membership.objects.create(project=project, user=user, role=role)
    return user


def make_flow(project: Project, name: str = "", *, slugs: tuple[str, ...] = ("one", "two"), schema: Any = None) -> Flow:
    """Return a flow whose first version has function tasks of these slugs in a row."""
    flow = Flow.objects.create(project=project, name=name or f"flow-{next(_numbers)}")
    graph = {
        "schema": 1,
        "tasks": [{"slug": slug, "name": slug.title(), "kind": "function"} for slug in slugs],
        "edges": [{"upstream": upstream, "downstream": downstream} for upstream, downstream in pairwise(slugs)],
    }
    flow.latest_version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        graph=graph,
        parameter_schema=schema or empty_schema(),
        fingerprint=f"{next(_numbers):064}",
        source="code",
    )
    flow.save()
    return flow


def make_flow_run(flow: Flow, state: State = State.PENDING, **fields: Any) -> FlowRun:
    """Return a run of the flow's latest version with a pending task run for each of its tasks."""
    version = flow.latest_version
    assert version is not None
    tasks = version.graph["tasks"]
    flow_run = FlowRun.objects.create(
        flow=flow,
        version=version,
        state=state,
        origin=fields.pop("origin", Origin.API),
        unfinished=len(tasks),
        ended_at=timezone.now() if state in TERMINAL else None,
        **fields,
    )
    TaskRun.objects.bulk_create(
        TaskRun(flow_run=flow_run, slug=task["slug"], waiting_on=min(1, number)) for number, task in enumerate(tasks)
    )
    return FlowRun.objects.get(pk=flow_run.pk)
