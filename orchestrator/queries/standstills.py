"""What unfinished flow runs stand still for, in themselves or at any depth below them, read for a list at once."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Min, Q, QuerySet, When

from orchestrator.core.states import TERMINAL, State
from orchestrator.core.tags import HELD
from orchestrator.models import FlowRun, TaskRun
from orchestrator.queries.moments import iso
from orchestrator.queries.workers import served_queues

# Of so many that stand still below a flow run, some are told.
MOST_BELOW = 200


@dataclass
class Standstill:
    """All that a flow run stands still for."""

    # That no worker serves.
    queues: list[str]
    # A person.
    asks: bool = False
    # Nothing has begun because limits of tags hold it.
    is_held: bool = False
    tries_at: datetime | None = None
    # What went wrong before the next try.
    failure: str = ""
    # What flow runs that nothing goes on in say of themselves.
    said: str = ""

    @property
    def is_unserved(self) -> bool:
        """Whether it goes on only when somebody starts a worker."""
        return bool(self.queues)

    @property
    def words(self) -> str:
        """What it waits for; empty where only the time of the next try is to be said."""
        if self.queues:
            named = "queue" if len(self.queues) == 1 else "queues"
            return f"No worker serves the {named} {', '.join(self.queues)}."
        if self.asks:
            return "Waits for a person's answer."
        if self.said:
            return self.said
        return "Waits for room: a limit of its tags." if self.is_held and not self.tries_at else ""


def standstills(flow_runs: Collection[UUID]) -> dict[UUID, Standstill]:
    """Return flow run -> what it stands still for, for those that do: of a root run, whatever runs below it do too."""
    if not flow_runs:
        return {}
    found: dict[UUID, Standstill] = defaultdict(lambda: Standstill([]))
    rows = (
        _still()
        .filter(Q(flow_run__in=flow_runs) | Q(flow_run__root_run__in=flow_runs))
        .values_list("state", "queue", "flow_run__root_run")
        .annotate(own=Case(When(flow_run__in=flow_runs, then=F("flow_run"))), tries_at=Min("due_at"))
    )
    for state, queue, root, own, tries_at in rows:
        for concerned in {root, own} & set(flow_runs):
            _add(found[concerned], state, queue, tries_at)
    waiting = _waiting().filter(root_run__in=flow_runs).values_list("root_run", "state").distinct()
    for root, state in waiting:
        if root is not None:
            found[root].said = f"Waits for a flow run that is {state}."
    return dict(found)


def standing_below(flow_run: FlowRun) -> list[dict[str, Any]]:
    """Return the flow runs of the same project that stand still at any depth below one, and what for."""
    if flow_run.state in TERMINAL:
        return []
    root = flow_run.root_run_id or flow_run.pk
    rows = (
        _still()
        .filter(flow_run__root_run=root, flow_run__flow__project=flow_run.flow.project_id)
        .exclude(flow_run=flow_run)
        .values_list("flow_run", "flow_run__flow__name", "state", "queue")
        .annotate(tries_at=Min("due_at"), failure=Min(Case(When(state=State.RETRYING, then=F("message")))))
    )
    found: dict[tuple[UUID, str], Standstill] = defaultdict(lambda: Standstill([]))
    for identity, name, state, queue, tries_at, failure in rows[:MOST_BELOW]:
        standstill = found[identity, name]
        _add(standstill, state, queue, tries_at)
        standstill.failure = standstill.failure or (failure or "").partition("\n")[0]
    waiting = _waiting().filter(root_run=root, flow__project=flow_run.flow.project_id).exclude(pk=flow_run.pk)
    for identity, name, state, message in waiting.values_list("pk", "flow__name", "state", "message")[:MOST_BELOW]:
        found[identity, name].said = message or f"It is {state}."
    below = _below(flow_run, {identity for identity, _ in found})
    return [
        {
            "flow_run": str(identity),
            "flow": f"{flow_run.flow.project}/{name}",
            "message": standstill.words,
            "is_served": not standstill.is_unserved,
            "tries_at": iso(standstill.tries_at),
            "failure": standstill.failure,
        }
        for (identity, name), standstill in found.items()
        if identity in below
    ]


def _below(flow_run: FlowRun, found: set[UUID]) -> set[UUID]:
    """Return those of the found flow runs of the same root that are below one."""
    if flow_run.root_run_id is None:
        return found
    ways = {identity: identity for identity in found}
    below: set[UUID] = set()
    while ways:
        parents = dict(
            FlowRun.objects.filter(pk__in=ways.values(), parent_task_run__isnull=False).values_list(
                "pk", "parent_task_run__flow_run"
            )
        )
        ways = {start: parents[at] for start, at in ways.items() if at in parents}
        below |= {start for start, at in ways.items() if at == flow_run.pk}
        ways = {start: at for start, at in ways.items() if start not in below}
    return below


def _still() -> QuerySet[TaskRun]:
    """Return the task runs that nobody executes for a reason of their own."""
    is_held = Q(queue__startswith=HELD)
    unserved = Q(state=State.SUBMITTED) & ~Q(queue__in=served_queues()) & ~is_held
    held = is_held & Q(state=State.SUBMITTED, flow_run__state=State.PENDING)
    tries = Q(state=State.RETRYING, due_at__isnull=False)
    return TaskRun.objects.filter(unserved | held | Q(state=State.PAUSED) | tries).order_by("state", "queue")


def _waiting() -> QuerySet[FlowRun]:
    """Return the flow runs that nothing starts in, below others in which something does.

    Those that were paused with the one above them say nothing that it does not say.
    """
    return FlowRun.objects.filter(Q(state=State.PAUSED, held_since=None) | Q(state=State.QUEUED)).order_by()


def _add(standstill: Standstill, state: str, queue: str, tries_at: datetime | None) -> None:
    if state == State.PAUSED:
        standstill.asks = True
    elif state == State.RETRYING:
        standstill.tries_at = min(filter(None, (standstill.tries_at, tries_at)), default=None)
    elif queue.startswith(HELD):
        standstill.is_held = True
    elif queue not in standstill.queues:
        standstill.queues.append(queue)
