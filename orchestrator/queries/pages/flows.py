"""The pages of a project, of one flow, and of the canvas."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q

from orchestrator.models import Flow, Role
from orchestrator.models.flows import OVERLAPS
from orchestrator.queries.access import Person, drafts_visible_to, flows_visible_to, projects_visible_to
from orchestrator.queries.drafts import draft_problems
from orchestrator.queries.flows import (
    draft_document,
    flow_detail_document,
    flow_documents,
    flow_url,
    flows_for_reading,
    version_document,
    versions_for_reading,
)
from orchestrator.queries.pages.flow_runs import summaries
from orchestrator.queries.pages.parameters import parameter_fields, schema_of
from orchestrator.queries.pages.rights import rights
from orchestrator.queries.projects import project_documents
from orchestrator.queries.runs import flow_runs_for_reading
from orchestrator.queries.schedules import schedule_documents, schedules_for_reading

FLOWS_A_PAGE = 50
RECENT_RUNS = 10
NEWEST_VERSIONS = 10


def project_page(user: Person, name: str, *, search: str, number: str) -> dict[str, Any] | None:
    """Return one project with a page of its flows."""
    project = projects_visible_to(user).filter(name=name).first()
    if project is None:
        return None
    flows = flows_for_reading(user).filter(project=project).order_by("name")
    if search:
        flows = flows.filter(Q(name__icontains=search) | Q(description__icontains=search))
    page = Paginator(flows, FLOWS_A_PAGE).get_page(number)
    return {
        "project": project_documents([project], user)[0],
        "flows": flow_documents(page.object_list),
        "page": page,
        **rights(user, project),
    }


def find_flow(user: Person, project: str, name: str) -> Flow | None:
    """Return the flow of that name, if the person may see it."""
    return flows_for_reading(user).filter(project__name=project, name=name).first()


def flow_page(user: Person, project: str, name: str, *, now: datetime) -> dict[str, Any] | None:
    """Return one flow with its latest graph, its versions, its latest runs and its schedules."""
    flow = find_flow(user, project, name)
    if flow is None:
        return None
    versions = versions_for_reading(flow)[:NEWEST_VERSIONS]
    return {
        "flow": flow_detail_document(flow),
        "parameter_fields": parameter_fields(schema_of(flow)),
        "overlaps": OVERLAPS,
        "versions": [version_document(version) for version in versions],
        "runs": summaries(flow_runs_for_reading(user).filter(flow=flow)[:RECENT_RUNS]),
        "schedules": schedule_documents(schedules_for_reading(user).filter(flow=flow), now=now),
        **rights(user, flow.project),
    }


def editor_page(user: Person, project: str, name: str) -> dict[str, Any] | None:
    """Return a flow's draft and the flows that may be put on the canvas; None where there is no draft."""
    draft = (
        drafts_visible_to(user)
        .select_related("flow__project", "flow__latest_version", "base_version", "updated_by")
        .filter(flow__project__name=project, flow__name=name)
        .first()
    )
    if draft is None:
        return None
    runnable = flows_for_reading(user).filter(
        pk__in=flows_visible_to(user, Role.OPERATOR).values("pk"), latest_version__isnull=False
    )
    url, latest = flow_url(draft.flow), draft.flow.latest_version
    return {
        "flow": {"project": project, "name": name, "description": draft.flow.description},
        "draft": draft_document(draft, draft_problems(draft, draft.updated_by)),
        "flows": flow_documents(runnable),
        "latest_version": latest.number if latest else None,
        "urls": {"run": "/flow-runs/", "flow": url, "schedule": f"{url}schedules/new/"},
        **rights(user, draft.flow.project),
    }
