"""Projects, flows, their versions and drafts."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from orchestrator.admin.acting import OperatorsAct
from orchestrator.admin.looking import (
    AnyModelAdmin,
    LookingOnly,
    LookingOnlyInline,
    Scoped,
    VisibleProjects,
    link_to,
    pretty,
)
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.limiting import heed_limits
from orchestrator.models import Draft, Flow, FlowVersion, Membership, Origin, Project, TagLimit
from orchestrator.queries.flows import flow_url


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg] # see looking.py
    model = Membership
    autocomplete_fields = ["user"]
    extra = 0


class TagLimitInline(admin.TabularInline):  # type: ignore[type-arg] # see looking.py
    model = TagLimit
    extra = 0
    verbose_name_plural = "limits of tags: how many task runs with a tag are executed, or wait for a flow run, at once"


@admin.register(Project)
class ProjectAdmin(AnyModelAdmin):
    """A project's name is written in graphs and schedules, so it stays; one that holds flows cannot be deleted."""

    list_display = ["name", "description", "flow_count"]
    search_fields = ["name", "description"]
    inlines = [MembershipInline, TagLimitInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(flow_count=Count("flows"))
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> list[str]:
        return ["name"] if obj else []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save a project with its limits, and let what waits obey them at once."""
        super().save_related(request, form, formsets, change)
        heed_limits(project=form.instance)

    @admin.display(description="flows", ordering="flow_count")
    def flow_count(self, project: Any) -> int:
        return int(project.flow_count)


class VersionInline(LookingOnlyInline):
    model = FlowVersion
    fields = ("number", "source", "author", "message", "created_at")
    readonly_fields = ("created_at",)
    ordering = ["-number"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super().get_queryset(request).select_related("author", "flow__project").defer("graph", "parameter_schema")
        )


@admin.register(Flow)
class FlowAdmin(OperatorsAct, LookingOnly, Scoped):
    list_display = ["name", "project", "source", "version", "created_at"]
    list_filter = ["source", ("project", VisibleProjects)]
    list_select_related = ["project", "latest_version"]
    search_fields = ["name", "description", "project__name"]
    fields = ["name", "project", "description", "source", "latest_version", "max_runs", "overlap", "created_at"]
    inlines = [VersionInline]
    actions = ["run"]
    ordering = ["project__name", "name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("latest_version__graph", "latest_version__parameter_schema")

    def view_on_site(self, flow: Flow) -> str:
        return flow_url(flow)

    @admin.display(description="version", ordering="latest_version__number")
    def version(self, flow: Flow) -> int | None:
        return flow.latest_version.number if flow.latest_version else None

    @admin.action(description="Run with the parameters' defaults", permissions=["operate"])
    def run(self, request: HttpRequest, flows: QuerySet[Flow]) -> None:
        """Start a run of each flow. One that needs parameters is started from its page."""

        def start(flow: Flow, user: User) -> None:
            start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.PERSON, user=user)

        chosen = flows.select_related("project")
        self.act(request, chosen, start, project_of=lambda flow: flow.project, done="flow runs started")


@admin.register(FlowVersion)
class FlowVersionAdmin(LookingOnly, Scoped):
    project = "flow__project"
    list_display = ["flow", "number", "source", "author", "message", "created_at"]
    list_filter = ["source", ("flow__project", VisibleProjects)]
    list_select_related = ["flow__project", "author"]
    search_fields = ["flow__name", "message"]
    fields = ["of_flow", "number", "source", "author", "message", "fingerprint", "created_at", "parameters", "drawn"]
    readonly_fields = ["of_flow", "parameters", "drawn"]
    ordering = ["-created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # The graph is read when one version is shown, not for a list of them.
        return super().get_queryset(request).defer("graph", "parameter_schema")

    @admin.display(description="flow")
    def of_flow(self, version: FlowVersion) -> SafeString:
        return link_to(version.flow)

    @admin.display(description="parameter schema")
    def parameters(self, version: FlowVersion) -> SafeString:
        return pretty(version.parameter_schema)

    @admin.display(description="graph")
    def drawn(self, version: FlowVersion) -> SafeString:
        return pretty(version.graph)


@admin.register(Draft)
class DraftAdmin(LookingOnly, Scoped):
    project = "flow__project"
    list_display = ["flow", "revision", "base_version", "updated_by", "updated_at"]
    list_filter = [("flow__project", VisibleProjects)]
    list_select_related = ["flow__project", "base_version__flow__project", "updated_by"]
    search_fields = ["flow__name"]
    fields = ["of_flow", "revision", "base_version", "updated_by", "updated_at", "parameters", "drawn"]
    readonly_fields = ["of_flow", "parameters", "drawn"]
    ordering = ["-updated_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("graph", "base_version__graph", "base_version__parameter_schema")

    @admin.display(description="flow")
    def of_flow(self, draft: Draft) -> SafeString:
        return link_to(draft.flow)

    @admin.display(description="parameter schema")
    def parameters(self, draft: Draft) -> SafeString:
        return pretty(draft.parameter_schema)

    @admin.display(description="graph")
    def drawn(self, draft: Draft) -> SafeString:
        return pretty(draft.graph)
