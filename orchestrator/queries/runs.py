"""Flow runs and their task runs, as documents: the same for the API, the live sockets and the pages."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from orchestrator.core.states import State
from orchestrator.models import FlowRun, FlowVersion, TaskRun
from orchestrator.queries.access import Person, flow_runs_visible_to
from orchestrator.queries.items import item_counts
from orchestrator.queries.moments import iso
from orchestrator.queries.results import result_document
from orchestrator.queries.workers import served_queues

_NOT_SHOWN = ("graph", "parameter_schema")


def flow_runs_for_reading(user: Person) -> QuerySet[FlowRun]:
    """Return the flow runs that `user` may see, newest first, with all that `flow_run_summary` shows."""
    return (
        flow_runs_visible_to(user)
        .select_related("flow__project", "version", "created_by", "parent_task_run__flow_run__flow__project")
        .select_related("stored_result")
        .defer(*(f"version__{field}" for field in _NOT_SHOWN), "parent_task_run__result")
        .defer("parent_task_run__flow_run__parameters", "parent_task_run__flow_run__result", "stored_result__document")
        .order_by("-created_at", "pk")
    )


def flow_run_summary(flow_run: FlowRun) -> dict[str, Any]:
    """Return a flow run from `flow_runs_for_reading` without its task runs, as lists show it."""
    parent = flow_run.parent_task_run
    return {
        "id": str(flow_run.pk),
        "name": flow_run.name,
        "flow": str(flow_run.flow),
        "version": flow_run.version.number,
        "state": flow_run.state,
        "message": flow_run.message,
        "parameters": flow_run.parameters,
        **result_document(flow_run),
        "parent_task_run": parent
        and {
            "id": str(parent.pk),
            "slug": parent.slug,
            "flow_run": str(parent.flow_run_id),
            "flow": str(parent.flow_run.flow),
        },
        "root_run": str(flow_run.root_run_id or flow_run.pk),
        "origin": flow_run.origin,
        "created_by": flow_run.created_by.get_username() if flow_run.created_by else None,
        "schedule": flow_run.schedule_id,
        "idempotency_key": flow_run.idempotency_key,
        "scheduled_start_time": iso(flow_run.scheduled_start_time),
        "scheduled_for": iso(flow_run.scheduled_for),
        "attempt": flow_run.attempt,
        "priority": flow_run.priority,
        "created_at": iso(flow_run.created_at),
        "started_at": iso(flow_run.started_at),
        "ended_at": iso(flow_run.ended_at),
    }


def flow_run_document(flow_run: FlowRun) -> dict[str, Any]:
    """Return a flow run from `flow_runs_for_reading` with all its task runs.

    The flow run was read before its task runs are: a reader may see task runs that are ahead of their flow run for a
    moment, never a finished flow run with task runs that look unfinished.
    """
    return {**flow_run_summary(flow_run), "task_runs": task_run_documents(flow_run)}


def task_run_documents(flow_run: FlowRun, *, only: Collection[UUID] | None = None) -> list[dict[str, Any]]:
    """Return the task runs of a flow run in the graph's order, or only those with the given ids.

    Items of mapped tasks are counted with their task; `item_documents` shows them.
    """
    found = TaskRun.objects.filter(flow_run=flow_run, map_index=-1)
    if only is not None:
        found = found.filter(pk__in=only)
    place = {slug: index for index, slug in enumerate(task_names(flow_run.version_id))}
    return sorted(_documents(found, flow_run), key=lambda task_run: place.get(task_run["slug"], len(place)))


def item_documents(flow_run: FlowRun, items: Collection[UUID]) -> list[dict[str, Any]]:
    """Return items of a mapped task by their ids, in their order."""
    found = TaskRun.objects.filter(flow_run=flow_run, pk__in=items)
    return sorted(_documents(found, flow_run), key=lambda item: int(item["map_index"]))


def _documents(found: QuerySet[TaskRun], flow_run: FlowRun) -> list[dict[str, Any]]:
    names = task_names(flow_run.version_id)
    of_child = ("child_flow_run__flow__name", "child_flow_run__flow__project__name")
    rows = list(found.order_by().values_list(*_COLUMNS, "items", *of_child))
    counts = item_counts(flow_run.pk, {row[1]: row[-3] for row in rows if row[-3] is not None})
    served = served_queues()
    return [_task_run_document(row, names, served, counts) for row in rows]


# Task runs come by the ten thousand: their documents are made from plain rows, not from model objects.
_COLUMNS = (
    "pk",
    "slug",
    "map_index",
    "state",
    "message",
    "attempt",
    "child_flow_run_id",
    "due_at",
    "submitted_at",
    "started_at",
    "ended_at",
    "worker",
    "queue",
)


def _task_run_document(
    row: tuple[Any, ...],
    names: Mapping[str, str],
    served: Collection[str],
    counts: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    pk, slug, map_index, state, message, attempt, child, due, submitted, started, ended, *rest = row
    worker, queue, items, flow, project = rest
    return {
        "id": str(pk),
        "slug": slug,
        "name": names.get(slug, slug),
        "map_index": map_index,
        "state": state,
        "message": message,
        "attempt": attempt,
        "child_flow_run": str(child) if child else None,
        "child_flow": f"{project}/{flow}" if child else None,
        "due_at": iso(due),
        "submitted_at": iso(submitted),
        "started_at": iso(started),
        "ended_at": iso(ended),
        "worker": worker,
        # One that waits for a limit of its tags is in a queue beside its own.
        "queue": queue.removeprefix("~"),
        "is_served": state != State.SUBMITTED or queue.startswith("~") or queue in served,
        "items": None if items is None else {"number": items, "states": counts[slug]},
    }


def task_run_detail_document(task_run: TaskRun) -> dict[str, Any]:
    """Return one task run with its result and the bindings of its inputs."""
    documents = _documents(TaskRun.objects.filter(pk=task_run.pk), task_run.flow_run)
    tasks = graph_document(task_run.flow_run)["tasks"]
    inputs: dict[str, Any] = next((task.get("inputs", {}) for task in tasks if task["slug"] == task_run.slug), {})
    return {**documents[0], **result_document(task_run), "inputs": inputs}


def task_run_versions(flow_run_id: UUID, *, changed_since: datetime | None = None) -> dict[UUID, str]:
    """Return what tells one state of a task run's row from the next, for those changed since (None: for all).

    Of a mapped task it differs whenever an item has ended; items have none of their own.

    This is PostgreSQL's own version of the row: it differs after every update, whichever clock wrote `changed_at`.
    """
    rows = TaskRun.objects.filter(flow_run=flow_run_id, map_index=-1)
    if changed_since is not None:
        rows = rows.filter(changed_at__gte=changed_since)
    return dict(rows.order_by().values_list("pk", RawSQL('"orchestrator_taskrun"."xmin"::text', ())))


def graph_document(flow_run: FlowRun) -> dict[str, Any]:
    """Return the graph of the flow version that this run executes."""
    graph: dict[str, Any] = FlowVersion.objects.values_list("graph", flat=True).get(pk=flow_run.version_id)
    return graph


@lru_cache(maxsize=256)
def task_names(version_id: int) -> Mapping[str, str]:
    """Return slug -> name of the version's tasks in the graph's order. A version never changes, so it is kept."""
    graph = FlowVersion.objects.values_list("graph", flat=True).get(pk=version_id)
    return {task["slug"]: task.get("name", task["slug"]) for task in graph["tasks"]}


def ancestors(flow_run: FlowRun, user: Person) -> list[FlowRun]:
    """Return the flow runs above this one from the root down, as far as `user` may see them."""
    above: list[FlowRun] = []
    parent = flow_run.parent_task_run
    while parent is not None:
        found = flow_runs_for_reading(user).filter(pk=parent.flow_run_id).first()
        if found is None:
            break
        above.insert(0, found)
        parent = found.parent_task_run
    return above
