"""The first page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from orchestrator.queries.pages.home import home_page


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the projects, what ran last, and what starts next."""
    return render(request, "flows_ui/home.html", home_page(request.user, now=timezone.now()))
