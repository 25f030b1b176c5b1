"""Flow runs and task runs, with cancel and restart."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from orchestrator.admin.acting import OperatorsAct
from orchestrator.admin.looking import (
    MOST_INLINE,
    FoundById,
    LookingOnly,
    LookingOnlyInline,
    Scoped,
    VisibleProjects,
    badge,
    link_to,
    pretty,
)
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun, TaskRun


class TaskRunInline(LookingOnlyInline):
    model = TaskRun
    fk_name = "flow_run"
    verbose_name_plural = f"task runs (the first {MOST_INLINE})"
    fields = ["slug", "map_index", "in_state", "message", "attempt", "child", "worker", "started_at", "ended_at"]
    readonly_fields = ["in_state", "child"]
    ordering = ["slug", "map_index"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("child_flow_run__flow__project")
        return rows.defer("result", "child_flow_run__result", "child_flow_run__parameters")

    @admin.display(description="state")
    def in_state(self, task_run: TaskRun) -> SafeString:
        return badge(task_run.state)

    @admin.display(description="child flow run")
    def child(self, task_run: TaskRun) -> SafeString:
        return link_to(task_run.child_flow_run, task_run.child_flow_run and task_run.child_flow_run.flow)


@admin.register(FlowRun)
class FlowRunAdmin(OperatorsAct, LookingOnly, FoundById, Scoped):
    project = "flow__project"
    list_display = ["flow", "in_state", "short_id", "name", "origin", "created_by", "created_at", "ended_at"]
    list_filter = ["state", "origin", "created_at", ("flow__project", VisibleProjects)]
    list_select_related = ["flow__project", "created_by"]
    search_fields = ["name", "flow__name", "flow__project__name", "=idempotency_key"]
    search_help_text = "A whole id or idempotency key, or a part of the run's, the flow's or the project's name."
    fields = [
        "flow",
        "of_version",
        "name",
        "in_state",
        "message",
        "parent",
        "root",
        "origin",
        "created_by",
        "schedule",
        "idempotency_key",
        "attempt",
        "scheduled_for",
        "scheduled_start_time",
        "created_at",
        "started_at",
        "ended_at",
        "given",
        "given_back",
    ]
    readonly_fields = ["in_state", "of_version", "parent", "root", "given", "given_back"]
    inlines = [TaskRunInline]
    actions = ["cancel", "restart"]
    ordering = ["-created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # What can be large is read when one run is shown, not for a list of them.
        return super().get_queryset(request).defer("parameters", "result")

    def view_on_site(self, flow_run: FlowRun) -> str:
        return f"/flow-runs/{flow_run.pk}/"

    @admin.display(description="id", ordering="pk")
    def short_id(self, flow_run: FlowRun) -> str:
        return str(flow_run.pk)[:8]

    @admin.display(description="state", ordering="state")
    def in_state(self, flow_run: FlowRun) -> SafeString:
        return badge(flow_run.state)

    @admin.display(description="version")
    def of_version(self, flow_run: FlowRun) -> SafeString:
        return link_to(flow_run.version, flow_run.version.number)

    @admin.display(description="parent task run")
    def parent(self, flow_run: FlowRun) -> SafeString:
        return link_to(flow_run.parent_task_run)

    @admin.display(description="root flow run")
    def root(self, flow_run: FlowRun) -> SafeString:
        return link_to(flow_run.root_run)

    @admin.display(description="parameters")
    def given(self, flow_run: FlowRun) -> SafeString:
        return pretty(flow_run.parameters)

    @admin.display(description="result")
    def given_back(self, flow_run: FlowRun) -> SafeString:
        return pretty(flow_run.result if flow_run.stored_result is None else str(flow_run.stored_result))

    @admin.action(description="Cancel, with the child flow runs", permissions=["operate"])
    def cancel(self, request: HttpRequest, flow_runs: QuerySet[FlowRun]) -> None:
        self._each(request, flow_runs, cancel_flow_run, done="flow runs told to stop")

    @admin.action(description="Restart from what failed", permissions=["operate"])
    def restart(self, request: HttpRequest, flow_runs: QuerySet[FlowRun]) -> None:
        self._each(request, flow_runs, restart_flow_run, done="flow runs restarted")

    def _each(self, request: HttpRequest, flow_runs: QuerySet[FlowRun], operation: Any, *, done: str) -> None:
        def on(flow_run: FlowRun, user: User) -> None:
            operation(flow_run_id=flow_run.pk, user=user)

        chosen = flow_runs.select_related("flow__project")
        self.act(request, chosen, on, project_of=lambda flow_run: flow_run.flow.project, done=done)


@admin.register(TaskRun)
class TaskRunAdmin(LookingOnly, FoundById, Scoped):
    project = "flow_run__flow__project"
    list_display = ["slug", "map_index", "in_state", "of_flow_run", "attempt", "worker", "started_at", "ended_at"]
    list_filter = ["state", ("flow_run__flow__project", VisibleProjects)]
    list_select_related = ["flow_run__flow__project"]
    ids = ("pk", "flow_run")
    search_fields = ["slug", "flow_run__flow__name"]
    search_help_text = "A whole id of a task run or its flow run, or a part of the task's slug or the flow's name."
    fields = [
        "slug",
        "map_index",
        "of_flow_run",
        "in_state",
        "message",
        "attempt",
        "failures",
        "lost",
        "waiting_on",
        "child",
        "worker",
        "lease_until",
        "due_at",
        "submitted_at",
        "started_at",
        "ended_at",
        "given_back",
    ]
    readonly_fields = ["in_state", "of_flow_run", "child", "given_back"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("flow_run__flow__project")
        return rows.defer("result", "flow_run__parameters", "flow_run__result")

    @admin.display(description="state", ordering="state")
    def in_state(self, task_run: TaskRun) -> SafeString:
        return badge(task_run.state)

    @admin.display(description="flow run")
    def of_flow_run(self, task_run: TaskRun) -> SafeString:
        return link_to(task_run.flow_run)

    @admin.display(description="child flow run")
    def child(self, task_run: TaskRun) -> SafeString:
        return link_to(task_run.child_flow_run)

    @admin.display(description="result")
    def given_back(self, task_run: TaskRun) -> SafeString:
        return pretty(task_run.result if task_run.stored_result is None else str(task_run.stored_result))
