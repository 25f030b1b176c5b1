"""The list of flow runs, and the page of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Max, Q, QuerySet

from orchestrator.core.states import FLOW_RUN_TRANSITIONS, TERMINAL
from orchestrator.models import FlowRun, FlowVersion, Source
from orchestrator.queries.access import Person
from orchestrator.queries.flows import flow_url
from orchestrator.queries.pages.rights import project_names, rights
from orchestrator.queries.runs import (
    ancestors,
    flow_run_document,
    flow_run_summary,
    flow_runs_for_reading,
    graph_document,
)
from orchestrator.queries.standstills import standstills

RUNS_A_PAGE = 50


@dataclass(frozen=True)
class RunFilters:
    """What the list of flow runs is narrowed to; empty text: everything. Child runs are left out unless asked for."""

    project: str = ""
    flow: str = ""
    state: str = ""
    search: str = ""
    children: bool = False

    @property
    def are_set(self) -> bool:
        """Whether the list is narrowed at all."""
        return any((self.project, self.flow, self.state, self.search))


def flow_runs_page(user: Person, filters: RunFilters, *, number: str) -> dict[str, Any]:
    """Return a page of flow runs, newest first, and what they can be narrowed to."""
    page: Page[FlowRun] = Paginator(_filtered(user, filters), RUNS_A_PAGE).get_page(number)
    runs = summaries(page.object_list)
    return {
        "runs": runs,
        "page": page,
        "filters": filters,
        "states": [state.value for state in FLOW_RUN_TRANSITIONS],
        "projects": project_names(user),
        "unfinished": any_unfinished(runs),
    }


def flow_run_page(user: Person, flow_run_id: UUID) -> dict[str, Any] | None:
    """Return one flow run with its task runs, its graph, and the way down to it from its root run."""
    flow_run = flow_runs_for_reading(user).filter(pk=flow_run_id).first()
    if flow_run is None:
        return None
    way = [*ancestors(flow_run, user), flow_run]
    may = rights(user, flow_run.flow.project)
    is_drawn = flow_run.flow.source == Source.CANVAS
    return {
        "flow_run": flow_run_document(flow_run),
        "graph": graph_document(flow_run),
        **{key: may[key] for key in ("can_run", "role")},
        "latest_version": FlowVersion.objects.filter(flow=flow_run.flow).aggregate(number=Max("number"))["number"],
        "edit_url": f"{flow_url(flow_run.flow)}edit/" if may["can_edit"] and is_drawn else None,
        "breadcrumbs": [{"label": str(run.flow), "url": f"/flow-runs/{run.pk}/"} for run in way],
    }


def summaries(flow_runs: Iterable[FlowRun]) -> list[dict[str, Any]]:
    """Return the rows of a table of flow runs."""
    runs = list(flow_runs)
    still = standstills([run.pk for run in runs if run.state not in TERMINAL])
    return [{**flow_run_summary(run), "flow_url": flow_url(run.flow), "standstill": still.get(run.pk)} for run in runs]


def any_unfinished(runs: list[dict[str, Any]]) -> bool:
    """Return whether some of these rows will change by themselves."""
    return any(run["state"] not in TERMINAL for run in runs)


def _filtered(user: Person, filters: RunFilters) -> QuerySet[FlowRun]:
    found = flow_runs_for_reading(user)
    if filters.project:
        found = found.filter(flow__project__name=filters.project)
    if filters.flow:
        found = found.filter(flow__name=filters.flow)
    if filters.state:
        found = found.filter(state=filters.state)
    if not filters.children:
        found = found.filter(parent_task_run=None)
    return found.filter(_matches(filters.search)) if filters.search else found


def _matches(search: str) -> Q:
    try:
        return Q(pk=UUID(search))
    except ValueError:
        return Q(name__icontains=search) | Q(flow__name__icontains=search) | Q(message__icontains=search)
