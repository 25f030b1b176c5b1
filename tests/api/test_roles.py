"""Every address of the API with every method and every role: nobody may do what the table does not say."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern
from django.utils import timezone

from orchestrator.api.urls import Nowhere, urlpatterns
from orchestrator.models import Backfill, Draft, Flow, FlowRun, Membership, Project, Role, Schedule
from tests.clients import client_of
from tests.rows import make_user

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
ROLES = ["nobody", "stranger", *Role.values]
SEEN_BY_ALL = {"projects/", "flows/", "flow-runs/", "schedules/", "schedules/preview/", "schema/", "docs/"}


def addresses() -> Iterator[URLPattern]:
    yield from (pattern for pattern in urlpatterns if pattern.callback.view_class is not Nowhere)


def cases() -> Iterator[tuple[str, str, str]]:
    for pattern in addresses():
        for method in METHODS:
            for role in ROLES:
                yield str(pattern.pattern), method, role


@pytest.fixture
def ids(flow: Flow, flow_run: FlowRun, editor: User) -> dict[str, str]:
    draft = Draft(flow=flow, graph={"tasks": [], "edges": []})
    draft.save()
    schedule = Schedule.objects.create(
        flow=flow, cron="0 9 * * *", next_fire_at=timezone.now(), created_by=editor, parameters={}
    )
    backfill = Backfill.objects.create(
        schedule=schedule, since=timezone.now(), until=timezone.now(), fire_times=[timezone.now()]
    )
    task_run = flow_run.task_runs.first()
    assert task_run
    return {
        "<project:project>": flow.project.name,
        "<flow:name>": flow.name,
        "<int:number>": "1",
        "<uuid:flow_run_id>": str(flow_run.pk),
        "<uuid:task_run_id>": str(task_run.pk),
        "<int:schedule_id>": str(schedule.pk),
        "<int:backfill_id>": str(backfill.pk),
    }


def expected(address: str, method: str, role: str) -> set[int]:
    view = next(p.callback.view_class for p in addresses() if str(p.pattern) == address)
    if role == "nobody":
        return {401}
    if not hasattr(view, method.lower()):
        return {405}
    needed = view.roles[method]
    if role == "stranger" and address not in SEEN_BY_ALL:
        return {404}
    if needed is None:
        return {200}
    if role != "stranger" and Role.values.index(role) < Role.values.index(needed):
        return {403, 422} if address in SEEN_BY_ALL else {403}
    # Allowed: what it answers then is for other tests.
    return {200, 201, 204, 400, 404, 409, 422}


@pytest.mark.parametrize(("address", "method", "role"), list(cases()))
def test_an_address_answers_each_role_as_the_table_says(
    address: str, method: str, role: str, ids: dict[str, str], project: Project
) -> None:
    user = None if role == "nobody" else make_user()
    if role in Role.values:
        Membership.objects.create(project=project, user=user, role=role)
    path = address
    for placeholder, value in ids.items():
        path = path.replace(placeholder, value)
    body = {"cron": "0 9 * * *"} if path == "schedules/preview/" else {}

    response = client_of(user).generic(method, f"/api/v1/{path}", _json(body), content_type="application/json")

    assert response.status_code in expected(address, method, role), response.content


def _json(body: dict[str, str]) -> str:
    return str(body).replace("'", '"')


def test_every_view_names_a_role_for_every_method_it_has() -> None:
    for pattern in addresses():
        view = pattern.callback.view_class
        handled = {method for method in METHODS if hasattr(view, method.lower())}
        assert handled == set(view.roles), view
