"""The first page: the projects, what ran last, and what starts next."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import Count, Window
from django.db.models.functions import RowNumber

from orchestrator.models import Role
from orchestrator.queries.access import Person, flows_visible_to, projects_visible_to
from orchestrator.queries.approvals import waiting_for
from orchestrator.queries.flows import flow_documents, flows_for_reading
from orchestrator.queries.pages.flow_runs import summaries
from orchestrator.queries.projects import project_documents
from orchestrator.queries.runs import flow_runs_for_reading
from orchestrator.queries.schedules import schedule_documents, schedules_for_reading

RECENT_RUNS = 10
NEXT_FIRES = 5
FLOWS_ON_A_CARD = 6
MOST_WAITING = 10


def home_page(user: Person, *, now: datetime) -> dict[str, Any]:
    """Return the projects with their first flows, what waits for this person, the latest runs, what starts next."""
    cards = _project_cards(user)
    soonest = schedules_for_reading(user).filter(is_active=True, next_fire_at__isnull=False).order_by("next_fire_at")
    return {
        "projects": cards,
        "runs": summaries(flow_runs_for_reading(user).filter(parent_task_run=None)[:RECENT_RUNS]),
        "waiting": waiting_for(user, MOST_WAITING),
        "schedules": schedule_documents(soonest[:NEXT_FIRES], now=now),
        "can_edit": any(card["role"] == Role.EDITOR for card in cards),
    }


def _project_cards(user: Person) -> list[dict[str, Any]]:
    projects = list(projects_visible_to(user).annotate(flow_count=Count("flows")))
    first = (
        flows_visible_to(user)
        .annotate(place=Window(RowNumber(), partition_by="project", order_by="name"))
        .filter(place__lte=FLOWS_ON_A_CARD)
    )
    flows = flows_for_reading(user).filter(pk__in=[flow.pk for flow in first.only("pk")]).order_by("name")
    by_project = defaultdict(list)
    for document in flow_documents(flows):
        by_project[document["project"]].append(document)
    return [
        {
            **document,
            "flows": by_project[document["name"]],
            "flow_count": project.flow_count,
            "more": project.flow_count - len(by_project[document["name"]]),
        }
        for project, document in zip(projects, project_documents(projects, user), strict=True)
    ]
