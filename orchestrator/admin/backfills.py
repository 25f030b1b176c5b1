"""Backfills: see how they go, cancel them."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from orchestrator.admin.acting import OperatorsAct
from orchestrator.admin.looking import LookingOnly, Scoped, VisibleProjects, pretty
from orchestrator.engine.backfilling import cancel_backfill
from orchestrator.models import Backfill, Project
from orchestrator.queries.backfills import backfill_document


@admin.register(Backfill)
class BackfillAdmin(OperatorsAct, LookingOnly, Scoped):
    """Backfills are made on the page of their schedule, where their fire times are seen first."""

    project = "schedule__flow__project"
    list_display = ["schedule", "since", "until", "state", "dealt_with", "max_concurrent", "created_by", "created_at"]
    list_filter = ["state", ("schedule__flow__project", VisibleProjects)]
    list_select_related = ["schedule__flow__project", "created_by"]
    search_fields = ["schedule__flow__name", "schedule__flow__project__name"]
    fields = [
        "schedule",
        "since",
        "until",
        "state",
        "message",
        "progress",
        "given",
        "max_concurrent",
        "created_by",
        "created_at",
        "ended_at",
    ]
    readonly_fields = ["progress", "given"]
    actions = ["cancel"]

    def view_on_site(self, backfill: Backfill) -> str:
        return f"/schedules/{backfill.schedule_id}/"

    @admin.display(description="dealt with")
    def dealt_with(self, backfill: Backfill) -> str:
        return f"{backfill.position} of {len(backfill.fire_times)}"

    @admin.display(description="progress")
    def progress(self, backfill: Backfill) -> SafeString:
        shown = backfill_document(backfill)
        return pretty({name: shown[name] for name in ("total", "ended_runs", "runs", "already_run")})

    @admin.display(description="parameters")
    def given(self, backfill: Backfill) -> SafeString:
        return pretty(backfill.parameters)

    @admin.action(description="Cancel, its running flow runs go on", permissions=["operate"])
    def cancel(self, request: HttpRequest, backfills: QuerySet[Backfill]) -> None:
        def stop(backfill: Backfill, user: User) -> None:
            cancel_backfill(backfill=backfill, user=user, now=timezone.now())

        def project_of(backfill: Backfill) -> Project:
            return backfill.schedule.flow.project

        rows = backfills.select_related("schedule__flow__project")
        self.act(request, rows, stop, project_of=project_of, done="backfills cancelled")
