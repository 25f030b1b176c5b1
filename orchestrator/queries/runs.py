"""Flow runs and their task runs, as documents: the same for the API, the live sockets and the pages."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from orchestrator.core.states import TERMINAL, State
from orchestrator.core.tags import HELD
from orchestrator.models import FlowRun, FlowVersion, TaskRun
from orchestrator.queries.access import Person, flow_runs_visible_to
from orchestrator.queries.items import ItemCounts, item_counts
from orchestrator.queries.moments import iso
from orchestrator.queries.results import result_document
from orchestrator.queries.standstills import standing_below
from orchestrator.queries.tags import TagRooms, tag_rooms
from orchestrator.queries.waits import flow_run_message, with_under_way
from orchestrator.queries.workers import served_queues

_NOT_SHOWN = ("graph", "parameter_schema")


def flow_runs_for_reading(user: Person) -> QuerySet[FlowRun]:
    """Return the flow runs that `user` may see, newest first, with all that `flow_run_summary` shows."""
    return (
        with_under_way(flow_runs_visible_to(user))
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
        "message": flow_run_message(flow_run),
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
    below = standing_below(flow_run)
    return {**flow_run_summary(flow_run), "below": below, "task_runs": task_run_documents(flow_run)}


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
    rows = [_Row(*row) for row in found.order_by().values_list(*_COLUMNS)]
    counts = item_counts(flow_run.pk, {row.slug: row.items for row in rows if row.items is not None})
    served = served_queues()
    held = [row.tags or [] for row in rows if row.is_held or (row.items is not None and counts[row.slug].held)]
    rooms = tag_rooms(flow_run.flow.project_id, held) if held else TagRooms()
    return [_task_run_document(row, names, served, counts, rooms) for row in rows]


# Task runs come by the ten thousand: their documents are made from plain rows, not from model objects.
class _Row(NamedTuple):
    pk: UUID
    slug: str
    map_index: int
    state: str
    message: str
    attempt: int
    child_flow_run_id: UUID | None
    due_at: datetime | None
    submitted_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    worker: str
    queue: str
    tags: list[str] | None
    items: int | None
    child_flow_run__state: str | None
    child_flow_run__flow__name: str | None
    child_flow_run__flow__project__name: str | None

    @property
    def is_held(self) -> bool:
        """Whether it waits for the limits of its tags, in the queue beside its own."""
        return self.state == State.SUBMITTED and self.queue.startswith(HELD)


_COLUMNS = _Row._fields


def _task_run_document(
    row: _Row,
    names: Mapping[str, str],
    served: Collection[str],
    counts: Mapping[str, ItemCounts],
    rooms: TagRooms,
) -> dict[str, Any]:
    child = row.child_flow_run_id
    items = None if row.items is None else counts[row.slug]
    return {
        "id": str(row.pk),
        "slug": row.slug,
        "name": names.get(row.slug, row.slug),
        "map_index": row.map_index,
        "state": row.state,
        "message": rooms.held_message(row.message, row.tags or [])
        if row.is_held or (items and items.held)
        else row.message,
        "attempt": row.attempt,
        "child_flow_run": str(child) if child else None,
        "child_flow": f"{row.child_flow_run__flow__project__name}/{row.child_flow_run__flow__name}" if child else None,
        "child_state": row.child_flow_run__state,
        "due_at": iso(row.due_at),
        "submitted_at": iso(row.submitted_at),
        "started_at": iso(row.started_at),
        "ended_at": iso(row.ended_at),
        "worker": row.worker,
        "queue": row.queue.removeprefix(HELD),
        "is_served": row.state != State.SUBMITTED or row.is_held or row.queue in served,
        "is_held": row.is_held,
        "items": items and {"number": row.items, "states": items.states, "held": items.held},
    }


def task_run_detail_document(task_run: TaskRun) -> dict[str, Any]:
    """Return one task run with its result and the bindings of its inputs."""
    documents = _documents(TaskRun.objects.filter(pk=task_run.pk), task_run.flow_run)
    tasks = graph_document(task_run.flow_run)["tasks"]
    inputs: dict[str, Any] = next((task.get("inputs", {}) for task in tasks if task["slug"] == task_run.slug), {})
    return {**documents[0], **result_document(task_run), "inputs": inputs}


def task_run_versions(flow_run_id: UUID, *, changed_since: datetime | None = None) -> dict[UUID, str]:
    """Return what tells one state of a task run's document from the next, for those changed since (None: for all).

    Of a mapped task it differs whenever an item has ended; items have none of their own.

    This is PostgreSQL's own version of the row, which differs after every update, whichever clock wrote `changed_at`,
    with what its document says of others: the state of its child flow run, and what it waits for.
    """
    found = TaskRun.objects.filter(flow_run=flow_run_id, map_index=-1)
    if changed_since is not None:
        found = found.filter(changed_at__gte=changed_since)
    xmin = RawSQL('"orchestrator_taskrun"."xmin"::text', ())
    rows = [_Version(*row) for row in found.order_by().values_list("pk", xmin, *_VERSION_COLUMNS)]
    waits = _waits(flow_run_id, [row for row in rows if row.state not in TERMINAL])
    return {row.pk: f"{row.version} {row.child_state} {waits.get(row.pk, '')}" for row in rows}


class _Version(NamedTuple):
    pk: UUID
    version: str
    child_state: str | None
    state: str
    queue: str
    tags: list[str] | None
    items: int | None


_VERSION_COLUMNS = ("child_flow_run__state", "state", "queue", "tags", "items")


def _waits(flow_run_id: UUID, unfinished: list[_Version]) -> dict[UUID, str]:
    """Return what may change while a row does not: whether its queue is served, which of its tags leaves no room."""
    submitted = [row for row in unfinished if row.state == State.SUBMITTED]
    served = served_queues() if submitted else frozenset()
    waits = {row.pk: str(row.queue in served) for row in submitted}
    held = [row for row in unfinished if row.tags and (row.items is not None or row.queue.startswith(HELD))]
    if held:
        project_id = FlowRun.objects.values_list("flow__project_id", flat=True).get(pk=flow_run_id)
        rooms = tag_rooms(project_id, [row.tags or [] for row in held])
        waits |= {row.pk: rooms.held_message("", row.tags or []) for row in held}
    return waits


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
