"""What happened to a flow run: its changes of state and what its task runs logged, as documents."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from orchestrator.models import LogLine, StateChange
from orchestrator.queries.moments import iso


def changes_of(flow_run_id: UUID) -> QuerySet[StateChange]:
    """Return the state changes of a flow run and its task runs in the order in which they happened."""
    found = StateChange.objects.filter(flow_run=flow_run_id)
    return found.select_related("task_run", "actor").defer("task_run__result").order_by("id")


def change_document(change: StateChange) -> dict[str, Any]:
    """Return one state change; `slug` is null where the flow run itself changed."""
    return {
        "at": iso(change.at),
        "slug": change.task_run.slug if change.task_run else None,
        "map_index": change.task_run.map_index if change.task_run else None,
        "attempt": change.attempt,
        "before": change.before,
        "after": change.after,
        "message": change.message,
        "actor": change.actor.get_username() if change.actor else None,
    }


def log_lines_of(flow_run_id: UUID) -> QuerySet[LogLine]:
    """Return what the task runs of a flow run logged, in the order in which it arrived."""
    found = LogLine.objects.filter(flow_run=flow_run_id)
    return found.select_related("task_run").defer("task_run__result").order_by("id")


def log_line_document(line: LogLine) -> dict[str, Any]:
    """Return one log line."""
    return {
        "id": line.pk,
        "task_run": str(line.task_run_id),
        "slug": line.task_run.slug,
        "attempt": line.attempt,
        "number": line.number,
        "at": iso(line.at),
        "level": line.level,
        "message": line.message,
    }
