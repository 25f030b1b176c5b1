"""The pages of flow runs."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from flows_ui.asked import text
from flows_ui.missing import found
from orchestrator.queries.pages.flow_runs import RunFilters, flow_run_page, flow_runs_page


@login_required
def flow_runs(request: HttpRequest) -> HttpResponse:
    """Show the flow runs, narrowed to what was asked for."""
    filters = RunFilters(
        **{name: text(request, name) for name in ("project", "flow", "state", "search")},
        children=request.GET.get("children") == "1",
    )
    page = flow_runs_page(request.user, filters, number=request.GET.get("page", "1"))
    return render(request, "flows_ui/flow_runs.html", page)


@login_required
def flow_run(request: HttpRequest, flow_run_id: UUID) -> HttpResponse:
    """Show one flow run, live."""
    data = found(flow_run_page(request.user, flow_run_id), f"flow run {flow_run_id}")
    return render(request, "flows_ui/flow_run.html", {"data": data, **data})
