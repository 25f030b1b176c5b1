"""What happened: changes of state, and log lines."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from orchestrator.admin.looking import FoundById, LookingOnly, Scoped, VisibleProjects, link_to
from orchestrator.models import LogLine, StateChange


class _OfARun(LookingOnly, FoundById, Scoped):
    project = "flow_run__flow__project"
    list_select_related = ["flow_run__flow__project", "task_run"]
    ids = ("flow_run", "task_run")
    search_fields = ["message"]
    search_help_text = "The whole id of a flow run or a task run, or a part of the message."
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("flow_run__flow__project", "task_run")
        return rows.defer("flow_run__parameters", "flow_run__result", "task_run__result")

    @admin.display(description="flow run")
    def of_flow_run(self, row: Any) -> SafeString:
        return link_to(row.flow_run)

    @admin.display(description="task run")
    def of_task_run(self, row: Any) -> SafeString:
        return link_to(row.task_run)


@admin.register(StateChange)
class StateChangeAdmin(_OfARun):
    list_display = ["at", "of_flow_run", "of_task_run", "attempt", "before", "after", "message", "actor"]
    list_filter = ["after", "at", ("flow_run__flow__project", VisibleProjects)]
    list_select_related = ["flow_run__flow__project", "task_run", "actor"]
    fields = ["at", "of_flow_run", "of_task_run", "attempt", "before", "after", "message", "actor"]
    readonly_fields = ["of_flow_run", "of_task_run"]


@admin.register(LogLine)
class LogLineAdmin(_OfARun):
    list_display = ["at", "of_flow_run", "of_task_run", "attempt", "number", "level", "message"]
    list_filter = ["level", "at", ("flow_run__flow__project", VisibleProjects)]
    fields = ["at", "of_flow_run", "of_task_run", "attempt", "number", "level", "message"]
    readonly_fields = ["of_flow_run", "of_task_run"]
