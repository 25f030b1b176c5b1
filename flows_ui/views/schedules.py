"""The pages of schedules."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from flows_ui.asked import text
from flows_ui.missing import found
from orchestrator.queries.pages.schedules import new_schedule_page, schedule_page, schedules_page


@login_required
def schedules(request: HttpRequest) -> HttpResponse:
    """Show the schedules, what fires next first."""
    search = text(request, "search")
    page = schedules_page(request.user, search=search, number=request.GET.get("page", "1"), now=timezone.now())
    return render(request, "flows_ui/schedules.html", {**page, "search": search})


@login_required
def schedule(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Show one schedule, in the form that changes it."""
    page = found(schedule_page(request.user, schedule_id, now=timezone.now()), f"schedule {schedule_id}")
    return render(request, "flows_ui/schedule.html", page)


@login_required
def new_schedule(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Show the form that gives a flow a schedule."""
    page = found(new_schedule_page(request.user, project, name), f"flow {project}/{name}")
    return render(request, "flows_ui/schedule.html", page)
