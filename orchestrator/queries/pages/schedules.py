"""The list of schedules, and the page of one."""

import json
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Q

from orchestrator.core.wall_clock import zone_names
from orchestrator.models import Role
from orchestrator.models.schedules import BackfillState, CatchUp, ClockKind
from orchestrator.queries.access import Person
from orchestrator.queries.backfills import backfill_documents
from orchestrator.queries.flows import flow_url
from orchestrator.queries.pages.flows import find_flow
from orchestrator.queries.pages.parameters import parameter_fields, schema_of
from orchestrator.queries.pages.rights import project_names, rights
from orchestrator.queries.schedules import schedule_document, schedules_for_reading

SCHEDULES_A_PAGE = 50
SHOWN_BACKFILLS = 5


def schedules_page(user: Person, *, search: str, number: str, now: datetime) -> dict[str, Any]:
    """Return a page of schedules: those that fire next first, paused and ended ones last."""
    found = schedules_for_reading(user).order_by(F("next_fire_at").asc(nulls_last=True), "flow__name", "pk")
    if search:
        found = found.filter(Q(flow__name__icontains=search) | Q(flow__project__name__icontains=search))
    page = Paginator(found, SCHEDULES_A_PAGE).get_page(number)
    operated = set(project_names(user, Role.OPERATOR))
    return {
        "schedules": [
            {
                **schedule_document(schedule, now=now),
                "flow_url": flow_url(schedule.flow),
                "can_run": schedule.flow.project.name in operated,
            }
            for schedule in page.object_list
        ],
        "page": page,
    }


def schedule_page(user: Person, schedule_id: int, *, now: datetime) -> dict[str, Any] | None:
    """Return one schedule with the form for its parameters."""
    found = schedules_for_reading(user).filter(pk=schedule_id).first()
    if found is None:
        return None
    schedule, backfills = schedule_document(found, now=now), backfill_documents(found, most=SHOWN_BACKFILLS)
    return {
        "schedule": schedule,
        "rules_json": json.dumps(schedule["rules"]),
        "dates_json": json.dumps(schedule["dates"]),
        "backfills": backfills,
        "active_backfill": next((each["id"] for each in backfills if each["state"] == BackfillState.ACTIVE), None),
        "project": found.flow.project.name,
        "flow_name": found.flow.name,
        "flow_url": flow_url(found.flow),
        "has_version": found.flow.latest_version is not None,
        "parameter_fields": parameter_fields(schema_of(found.flow), given=found.parameters),
        **_choices(),
        **rights(user, found.flow.project),
    }


def new_schedule_page(user: Person, project: str, name: str) -> dict[str, Any] | None:
    """Return what the form for a new schedule of a flow needs."""
    flow = find_flow(user, project, name)
    if flow is None:
        return None
    return {
        "schedule": None,
        "project": project,
        "flow_name": name,
        "flow_url": flow_url(flow),
        "has_version": flow.latest_version is not None,
        "parameter_fields": parameter_fields(schema_of(flow)),
        **_choices(),
        **rights(user, flow.project),
    }


def _choices() -> dict[str, Any]:
    return {"zones": sorted(zone_names()), "catch_up_choices": CatchUp.choices, "kind_choices": ClockKind.choices}
