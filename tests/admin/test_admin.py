"""The admin panel: everything can be found and looked at; what the engine owns changes by its operations only."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.backfilling import create_backfill
from orchestrator.engine.flow_runs import Started, start_flow_run
from orchestrator.engine.tokens import create_token
from orchestrator.models import (
    ApiToken,
    Backfill,
    Draft,
    Flow,
    FlowRun,
    FlowVersion,
    LogLine,
    Membership,
    Origin,
    Project,
    Role,
    Schedule,
    StateChange,
    TaskRun,
    Worker,
)
from tests.rows import make_flow, make_flow_run, make_project, make_user

ENGINE_OWNED = [Backfill, Flow, FlowVersion, Draft, FlowRun, TaskRun, StateChange, LogLine, Worker]


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(row: Any, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def act(panel: Client, action: str, *rows: Any) -> str:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return panel.post(list_of(type(rows[0])), chosen, follow=True).content.decode()


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_every_list_and_every_row_can_be_looked_at(model: type[Model], panel: Client, one_of_each: None) -> None:
    listing = list_of(model)

    assert panel.get(listing).status_code == 200
    for words in ("main", "00000000-0000-0000-0000-000000000000", "%\\_'\""):
        assert panel.get(listing, {"q": words}).status_code in {200, 302}
    for row in model._default_manager.all():
        assert panel.get(page_of(row)).status_code == 200


@pytest.mark.parametrize("model", ENGINE_OWNED, ids=lambda model: model.__name__)
def test_what_the_engine_owns_is_not_edited_here(model: type[Model], panel: Client, one_of_each: None) -> None:
    row = model._default_manager.first()
    assert row is not None

    assert panel.get(reverse(f"admin:orchestrator_{model._meta.model_name}_add")).status_code == 403
    assert panel.post(page_of(row), {}).status_code == 403
    assert panel.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_schedule_is_not_edited_but_can_be_deleted_with_its_bells(panel: Client, schedule: Schedule) -> None:
    bells = [bell.pk for bell in schedule.bells.all()]
    assert bells

    assert panel.post(page_of(schedule), {}).status_code == 403
    panel.post(page_of(schedule, "delete"), {"post": "yes"})

    assert not Schedule.objects.exists()
    assert not Schedule.bells.rel.model.objects.filter(pk__in=bells).exists()


def test_several_schedules_are_deleted_with_their_bells(panel: Client, schedule: Schedule) -> None:
    bells = [bell.pk for bell in schedule.bells.all()]

    panel.post(list_of(Schedule), {"action": "delete_selected", "_selected_action": [str(schedule.pk)], "post": "yes"})

    assert not Schedule.objects.exists()
    assert not Schedule.bells.rel.model.objects.filter(pk__in=bells).exists()


def test_a_run_is_cancelled_and_restarted_as_an_action(panel: Client, flow_run: FlowRun, root: User) -> None:
    assert "1 flow runs told to stop" in act(panel, "cancel", flow_run)
    flow_run.refresh_from_db()
    assert flow_run.state == State.CANCELLED
    assert StateChange.objects.filter(flow_run=flow_run, after=State.CANCELLED, actor=root).exists()

    assert "1 flow runs restarted" in act(panel, "restart", flow_run)
    flow_run.refresh_from_db()
    assert flow_run.attempt == 2


def test_an_action_says_why_it_left_a_row_alone(panel: Client, flow_run: FlowRun) -> None:
    FlowRun.objects.filter(pk=flow_run.pk).update(state=State.RUNNING)

    page = act(panel, "restart", flow_run)

    assert "restarted" not in page.split("messagelist")[1].split("</ul>")[0].replace("cannot be restarted", "")
    flow_run.refresh_from_db()
    assert flow_run.attempt == 1


def test_a_flow_is_run_as_an_action(panel: Client, flow: Flow, root: User) -> None:
    drawn = Flow.objects.create(project=flow.project, name="drawn", source="canvas")

    page = act(panel, "run", flow, drawn)

    assert "1 flow runs started" in page
    assert "no published version" in page
    run = FlowRun.objects.get()
    assert (run.flow, run.parameters, run.origin, run.created_by) == (flow, {"rows": 5}, "person", root)


def test_a_schedule_is_paused_resumed_and_run_as_actions(panel: Client, schedule: Schedule) -> None:
    act(panel, "pause", schedule)
    schedule.refresh_from_db()
    assert not schedule.is_active
    assert "root" in schedule.pause_reason

    act(panel, "resume", schedule)
    schedule.refresh_from_db()
    assert schedule.is_active

    act(panel, "run_now", schedule)
    act(panel, "run_now", schedule)
    assert [run.parameters for run in schedule.runs.all()] == [{"rows": 2}] * 2


def test_filters_narrow_the_runs(panel: Client, flow_run: FlowRun) -> None:
    other = make_flow_run(make_flow(make_project("theirs"), "other"), State.SUCCESS)

    def found(**question: object) -> set[str]:
        page = panel.get(list_of(FlowRun), question)
        return {str(run.pk) for run in page.context["cl"].queryset}

    assert found() == {str(flow_run.pk), str(other.pk)}
    assert found(state="Success") == found(q="theirs") == found(q=str(other.pk)) == {str(other.pk)}
    assert found(flow__project__id__exact=flow_run.flow.project.pk) == found(q="main") == {str(flow_run.pk)}
    assert found(q=str(flow_run.pk).upper()) == {str(flow_run.pk)}


def test_staff_see_and_treat_only_what_their_roles_allow(client: Client, flow_run: FlowRun) -> None:
    foreign = make_flow_run(make_flow(make_project("theirs"), "secret"))
    staff = make_user(flow_run.flow.project, Role.VIEWER, is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="orchestrator"))
    client.force_login(staff)

    listing = client.get(list_of(FlowRun)).content.decode()

    assert "theirs" not in listing
    assert "secret" not in listing
    assert client.get(page_of(foreign)).status_code == 302
    assert "your role in its project does not allow that" in act(client, "cancel", flow_run)
    act(client, "cancel", foreign)
    assert set(FlowRun.objects.values_list("state", flat=True)) == {State.PENDING}
    Membership.objects.filter(user=staff).update(role=Role.OPERATOR)
    act(client, "cancel", flow_run)
    assert FlowRun.objects.get(pk=flow_run.pk).state == State.CANCELLED


def test_a_viewer_with_every_permission_cannot_delete_a_schedule(client: Client, schedule: Schedule) -> None:
    staff = make_user(schedule.flow.project, Role.VIEWER, is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="orchestrator"))
    client.force_login(staff)

    client.post(page_of(schedule, "delete"), {"post": "yes"})
    client.post(list_of(Schedule), {"action": "delete_selected", "_selected_action": [str(schedule.pk)], "post": "yes"})

    assert Schedule.objects.filter(pk=schedule.pk).exists()


def test_the_rows_of_beat_are_for_superusers_to_look_at(client: Client, panel: Client, schedule: Schedule) -> None:
    bell = schedule.bells.get()
    assert panel.get(page_of(bell)).status_code == 200
    assert panel.post(page_of(bell), {"task": "orchestrator.recover"}).status_code == 403
    assert panel.get(reverse("admin:django_celery_beat_periodictask_add")).status_code == 403

    staff = make_user(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="django_celery_beat"))
    client.force_login(staff)
    assert client.get(list_of(type(bell))).status_code == 403
    assert client.get(page_of(bell)).status_code == 403


def test_tokens_show_no_digest_and_are_taken_away_not_made(panel: Client, root: User) -> None:
    create_token(user=root, now=timezone.now())
    token = ApiToken.objects.get()

    page = panel.get(page_of(token)).content.decode()

    assert token.digest not in page
    assert panel.get(reverse("admin:orchestrator_apitoken_add")).status_code == 403
    panel.post(page_of(token, "delete"), {"post": "yes"})
    assert not ApiToken.objects.exists()


def test_a_project_with_flows_cannot_be_deleted_or_renamed(panel: Client, flow: Flow) -> None:
    project = flow.project
    inlines = {f"{name}-{kind}_FORMS": 0 for name in ("memberships", "tag_limits") for kind in ("TOTAL", "INITIAL")}

    panel.post(page_of(project, "delete"), {"post": "yes"})
    panel.post(page_of(project), {"name": "renamed", "description": "Ours.", **inlines})

    project.refresh_from_db()
    assert (project.name, project.description) == ("ours", "Ours.")


def test_what_waits_obeys_limits_as_soon_as_the_panel_has_saved_them(panel: Client, flow: Flow) -> None:
    project = flow.project
    inlines = {f"{name}-{kind}_FORMS": 0 for name in ("memberships", "tag_limits") for kind in ("TOTAL", "INITIAL")}
    Project.objects.update(max_runs=1)
    waiting = [
        start_flow_run(flow=flow, parameters={"rows": 1}, now=timezone.now(), origin=Origin.PERSON) for _ in range(3)
    ]
    assert states_of(waiting) == ["Pending", "Queued", "Queued"]

    panel.post(page_of(project), {"max_runs": 2, **inlines})
    assert states_of(waiting) == ["Pending", "Pending", "Queued"]
    panel.post(page_of(project), {"max_runs": 0, **inlines})
    assert states_of(waiting) == ["Pending", "Pending", "Queued"]
    panel.post(page_of(project), inlines)

    assert states_of(waiting) == ["Pending", "Pending", "Pending"]


def states_of(started: list[Started]) -> list[str]:
    return [FlowRun.objects.get(pk=one.flow_run_id).state for one in started]


def test_what_was_logged_is_text_not_html(panel: Client, one_of_each: None) -> None:
    page = panel.get(list_of(LogLine)).content.decode()

    assert "&lt;b&gt;hello&lt;/b&gt;" in page


def test_a_large_run_shows_its_first_task_runs_only(panel: Client, flow: Flow) -> None:
    large = make_flow_run(make_flow(flow.project, slugs=tuple(f"t{n:04}" for n in range(300))))

    with CaptureQueriesContext(connection) as captured:
        page = panel.get(page_of(large)).content.decode()

    assert "t0199" in page
    assert "t0200" not in page
    assert len(captured) < 30


def _another_run(project: Project) -> None:
    flow_run = make_flow_run(make_flow(project), created_by=make_user())
    child = make_flow_run(make_flow(project), parent_task_run=flow_run.task_runs.first(), root_run=flow_run)
    TaskRun.objects.filter(flow_run=flow_run).update(child_flow_run=child)
    for task_run in flow_run.task_runs.all():
        StateChange.objects.create(flow_run=flow_run, task_run=task_run, attempt=1, before="", after="Pending")
        LogLine.objects.create(
            flow_run=flow_run, task_run=task_run, attempt=1, number=1, at=timezone.now(), level=20, message="x"
        )
    Draft.objects.create(flow=flow_run.flow, graph={}, base_version=flow_run.version, updated_by=flow_run.created_by)


@pytest.mark.parametrize(
    "model", [Project, Flow, FlowVersion, Draft, FlowRun, TaskRun, StateChange, LogLine], ids=lambda m: m.__name__
)
def test_a_list_takes_as_many_queries_however_long_it_is(model: type[Model], panel: Client, flow: Flow) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert panel.get(list_of(model)).status_code == 200
        return len(captured)

    _another_run(flow.project)
    few = queries()
    for _ in range(3):
        _another_run(flow.project)

    assert queries() == few


def test_backfills_are_looked_at_and_cancelled_as_an_action(panel: Client, schedule: Schedule, root: User) -> None:
    backfill = create_backfill(
        schedule=schedule,
        since=datetime(2026, 11, 2, tzinfo=UTC),
        until=datetime(2026, 11, 6, tzinfo=UTC),
        max_concurrent=1,
        user=root,
        now=timezone.now(),
    )
    assert b"1 of 4" in panel.get(list_of(Backfill)).content
    assert panel.get(page_of(backfill)).status_code == 200

    act(panel, "cancel", backfill)
    act(panel, "cancel", backfill)

    backfill.refresh_from_db()
    assert (backfill.state, backfill.message) == ("cancelled", "Cancelled by root.")

    panel.post(page_of(schedule, "delete"), {"post": "yes"})
    assert not Schedule.objects.exists()
    assert not Backfill.objects.exists(), "they go with it"
