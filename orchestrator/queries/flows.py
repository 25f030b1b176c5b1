"""Flows, their versions and drafts, as documents."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from orchestrator.core.parameters import empty_schema
from orchestrator.core.problems import Problem
from orchestrator.models import Draft, Flow, FlowRun, FlowVersion, Schedule
from orchestrator.queries.access import Person, flows_visible_to
from orchestrator.queries.moments import iso


def flows_for_reading(user: Person) -> QuerySet[Flow]:
    """Return the flows that `user` may see, with all that `flow_documents` shows but without any graph."""
    newest_run = FlowRun.objects.filter(flow=OuterRef("pk")).order_by("-created_at").values("pk")[:1]
    schedules = Schedule.objects.filter(flow=OuterRef("pk")).order_by().values("flow").annotate(n=Count("pk"))
    return (
        flows_visible_to(user)
        .select_related("project", "latest_version")
        .defer("latest_version__graph")
        .annotate(
            has_draft=Exists(Draft.objects.filter(flow=OuterRef("pk"))),
            schedule_count=Coalesce(Subquery(schedules.values("n"), output_field=IntegerField()), 0),
            newest_run_id=Subquery(newest_run),
        )
    )


def flow_documents(flows: Iterable[Flow]) -> list[dict[str, Any]]:
    """Return the documents of flows from `flows_for_reading`, with one more query however many they are."""
    flows = list(flows)
    newest = {getattr(flow, "newest_run_id") for flow in flows} - {None}  # noqa: B009 - an annotation
    runs = {run.pk: run for run in FlowRun.objects.filter(pk__in=newest).only("pk", "state", "created_at")}
    return [_flow_document(flow, runs.get(getattr(flow, "newest_run_id"))) for flow in flows]  # noqa: B009


def _flow_document(flow: Flow, newest_run: FlowRun | None) -> dict[str, Any]:
    latest = flow.latest_version
    return {
        "project": flow.project.name,
        "name": flow.name,
        "description": flow.description,
        "source": flow.source,
        "latest_version": latest.number if latest else None,
        "parameter_schema": latest.parameter_schema if latest else empty_schema(),
        "has_draft": getattr(flow, "has_draft"),  # noqa: B009 - an annotation
        "max_runs": flow.max_runs,
        "overlap": flow.overlap,
        "schedules": getattr(flow, "schedule_count"),  # noqa: B009 - an annotation
        "last_run": newest_run
        and {"id": str(newest_run.pk), "state": newest_run.state, "created_at": iso(newest_run.created_at)},
        "url": flow_url(flow),
    }


def flow_url(flow: Flow) -> str:
    """Return the address of the flow's page."""
    return f"/flows/{quote(flow.project.name, safe='')}/{quote(flow.name, safe='')}/"


def flow_detail_document(flow: Flow) -> dict[str, Any]:
    """Return the document of one flow from `flows_for_reading`, with the graph of its latest version."""
    draft = Draft.objects.filter(flow=flow).only("revision").first()
    return {
        **flow_documents([flow])[0],
        "graph": flow.latest_version.graph if flow.latest_version else None,
        "draft_revision": draft.revision if draft else None,
    }


def versions_for_reading(flow: Flow) -> QuerySet[FlowVersion]:
    """Return the versions of a flow, newest first, without their graphs."""
    return FlowVersion.objects.filter(flow=flow).select_related("author").defer("graph").order_by("-number")


def version_document(version: FlowVersion) -> dict[str, Any]:
    """Return one version without its graph."""
    return {
        "number": version.number,
        "fingerprint": version.fingerprint,
        "source": version.source,
        "author": version.author.get_username() if version.author else None,
        "message": version.message,
        "created_at": iso(version.created_at),
        "parameter_schema": version.parameter_schema,
    }


def version_detail_document(version: FlowVersion) -> dict[str, Any]:
    """Return one version with its graph."""
    return {**version_document(version), "graph": version.graph}


def draft_document(draft: Draft, problems: Iterable[Problem]) -> dict[str, Any]:
    """Return a draft and what keeps it from being published."""
    return {
        "graph": draft.graph,
        "parameter_schema": draft.parameter_schema,
        "revision": draft.revision,
        "base_version": draft.base_version.number if draft.base_version else None,
        "updated_at": iso(draft.updated_at),
        "updated_by": draft.updated_by.get_username() if draft.updated_by else None,
        "problems": [problem.document() for problem in problems],
    }
