"""What unfinished flow runs stand still for, in themselves or at any depth below them, read for a list at once."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, F, Min, Q, When

from orchestrator.core.states import State
from orchestrator.core.tags import HELD
from orchestrator.models import TaskRun
from orchestrator.queries.workers import served_queues


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
        return "Waits for room: a limit of its tags." if self.is_held and not self.tries_at else ""


def standstills(flow_runs: Collection[UUID]) -> dict[UUID, Standstill]:
    """Return flow run -> what it stands still for, for those that do: of a root run, whatever runs below it do too."""
    if not flow_runs:
        return {}
    found: dict[UUID, Standstill] = defaultdict(lambda: Standstill([]))
    is_held = Q(queue__startswith=HELD)
    unserved = Q(state=State.SUBMITTED) & ~Q(queue__in=served_queues()) & ~is_held
    held = is_held & Q(state=State.SUBMITTED, flow_run__state=State.PENDING)
    rows = (
        TaskRun.objects.filter(unserved | held | Q(state=State.PAUSED) | Q(state=State.RETRYING, due_at__isnull=False))
        .filter(Q(flow_run__in=flow_runs) | Q(flow_run__root_run__in=flow_runs))
        .order_by("state", "queue")
        .values_list("state", "queue", "flow_run__root_run")
        .annotate(own=Case(When(flow_run__in=flow_runs, then=F("flow_run"))), tries_at=Min("due_at"))
    )
    for state, queue, root, own, tries_at in rows:
        for concerned in {root, own} & set(flow_runs):
            _add(found[concerned], state, queue, tries_at)
    return dict(found)


def _add(standstill: Standstill, state: str, queue: str, tries_at: datetime | None) -> None:
    if state == State.PAUSED:
        standstill.asks = True
    elif state == State.RETRYING:
        standstill.tries_at = min(filter(None, (standstill.tries_at, tries_at)), default=None)
    elif queue.startswith(HELD):
        standstill.is_held = True
    elif queue not in standstill.queues:
        standstill.queues.append(queue)
