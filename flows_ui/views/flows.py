"""The pages of projects and flows."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from flows_ui.asked import text
from flows_ui.missing import found
from orchestrator.queries.access import Role
from orchestrator.queries.pages.flows import editor_page, flow_page, project_page
from orchestrator.queries.pages.rights import project_names


@login_required
def project(request: HttpRequest, project: str) -> HttpResponse:
    """Show the flows of a project."""
    search = text(request, "search")
    page = project_page(request.user, project, search=search, number=request.GET.get("page", "1"))
    return render(request, "flows_ui/project.html", {**found(page, f"project {project}"), "search": search})


@login_required
def flow(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Show a flow: its graph, runs, schedules, versions and parameters."""
    page = found(flow_page(request.user, project, name, now=timezone.now()), f"flow {project}/{name}")
    return render(request, "flows_ui/flow.html", {**page, "island_data": {"graph": page["flow"]["graph"]}})


@login_required
def new_flow(request: HttpRequest) -> HttpResponse:
    """Show the form that makes an empty flow of flows."""
    chosen, projects = text(request, "project"), project_names(request.user, Role.EDITOR)
    return render(request, "flows_ui/new_flow.html", {"projects": projects, "chosen": chosen})


@login_required
def edit_flow(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Show a flow's draft on the canvas."""
    page = found(editor_page(request.user, project, name), f"draft of the flow {project}/{name}")
    return render(request, "flows_ui/editor.html", {"data": page, "flow": page["flow"]})
