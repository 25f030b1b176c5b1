"""Schedules: pause, resume, run now, delete."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from orchestrator.admin.acting import OperatorsAct
from orchestrator.admin.looking import AnyModelAdmin, LookingOnly, Scoped, VisibleProjects, pretty
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.scheduling import delete_schedule, pause_schedule, resume_schedule
from orchestrator.models import Backfill, Origin, Project, Schedule
from orchestrator.queries.access import Role, can


@admin.register(Schedule)
class ScheduleAdmin(OperatorsAct, LookingOnly, Scoped):
    """Schedules are written on their pages, where they are checked; here they are found and stopped."""

    project = "flow__project"
    list_display = ["flow", "in_words", "is_active", "next_fire_at", "last_fire_at", "source", "created_by"]
    list_filter = ["is_active", "kind", "source", "catch_up", ("flow__project", VisibleProjects)]
    list_select_related = ["flow__project", "created_by"]
    search_fields = ["flow__name", "flow__project__name", "cron", "timezone"]
    fields = [
        "flow",
        "in_words",
        "kind",
        "cron",
        "timezone",
        "day_or",
        "interval_seconds",
        "dates",
        "ruled",
        "is_active",
        "pause_reason",
        "start_at",
        "end_at",
        "catch_up",
        "next_fire_at",
        "last_fire_at",
        "given",
        "source",
        "created_by",
        "created_at",
        "rung_by",
    ]
    readonly_fields = ["in_words", "ruled", "given", "rung_by"]
    actions = ["pause", "resume", "run_now"]
    ordering = ["flow__project__name", "flow__name", "pk"]

    def view_on_site(self, schedule: Schedule) -> str:
        return f"/schedules/{schedule.pk}/"

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        may_delete_some = AnyModelAdmin.has_delete_permission(self, request, obj)
        return may_delete_some and (obj is None or can(request.user, obj.flow.project, Role.OPERATOR))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Backfills go with their schedule, though nobody deletes one by itself."""
        objects, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return objects, counts, lacking - {str(Backfill._meta.verbose_name)}, protected

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        delete_schedule(schedule=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        for schedule in queryset:
            delete_schedule(schedule=schedule)

    @admin.display(description="in words")
    def in_words(self, schedule: Schedule) -> str:
        return schedule.words

    @admin.display(description="rules")
    def ruled(self, schedule: Schedule) -> SafeString:
        return pretty(schedule.rules)

    @admin.display(description="parameters")
    def given(self, schedule: Schedule) -> SafeString:
        return pretty(schedule.parameters)

    @admin.display(description="rung by")
    def rung_by(self, schedule: Schedule) -> str:
        return ", ".join(str(bell) for bell in schedule.bells.all()) or "-"

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, schedules: QuerySet[Schedule]) -> None:
        def stop(schedule: Schedule, user: User) -> None:
            pause_schedule(schedule=schedule, reason=f"Paused by {user} in the admin panel.", now=timezone.now())

        self._each(request, schedules, stop, done="schedules paused")

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, schedules: QuerySet[Schedule]) -> None:
        def go_on(schedule: Schedule, user: User) -> None:
            resume_schedule(schedule=schedule, now=timezone.now())

        self._each(request, schedules, go_on, done="schedules resumed")

    @admin.action(description="Run now, with the schedule's parameters", permissions=["operate"])
    def run_now(self, request: HttpRequest, schedules: QuerySet[Schedule]) -> None:
        def start(schedule: Schedule, user: User) -> None:
            start_flow_run(
                flow=schedule.flow,
                parameters=schedule.parameters,
                now=timezone.now(),
                origin=Origin.PERSON,
                user=user,
                schedule=schedule,
            )

        self._each(request, schedules, start, done="flow runs started")

    def _each(self, request: HttpRequest, schedules: QuerySet[Schedule], operation: Any, *, done: str) -> None:
        def project_of(schedule: Schedule) -> Project:
            return schedule.flow.project

        self.act(request, schedules.select_related("flow__project"), operation, project_of=project_of, done=done)
