"""Schedules of the tests: made as people make them, on a Sunday, and the fire times that got their runs."""

from datetime import UTC, datetime, timedelta

from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import FlowRun, Schedule
from orchestrator.models.schedules import CatchUp

SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY_0930 = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)
REQUIRED_SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string"}},
    "required": ["day"],
    "additionalProperties": False,
}


def scheduled(flow, *, now=SUNDAY, **fields) -> Schedule:
    asked = {
        "cron": "30 9 * * 1-5",
        "timezone": "US/Eastern",
        "day_or": True,
        "parameters": {},
        "catch_up": CatchUp.LATEST,
        "start_at": None,
        "end_at": None,
        "user": None,
        **fields,
    }
    return create_schedule(flow=flow, now=now, **asked)


def fire_times_of(flow) -> list[datetime]:
    return list(FlowRun.objects.filter(flow=flow).order_by("scheduled_for").values_list("scheduled_for", flat=True))
