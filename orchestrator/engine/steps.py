"""One transaction of the engine: what it may claim, what it has done, and what must follow in others."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator import dispatch
from orchestrator.core.graph import FlowGraph, FlowName
from orchestrator.core.states import State
from orchestrator.engine.database import one_transaction, rows
from orchestrator.engine.interventions import LOCK_TASK_RUN
from orchestrator.engine.statements import LOCK_FLOW_RUN, RUN_COLUMNS
from orchestrator.engine.versions import Latest, Version, load_version

if TYPE_CHECKING:
    from orchestrator.core.planner import Ending
    from orchestrator.engine.transitions import FlowMove, Move

# Child flow runs that one transaction may create; what is more is left to workers.
MOST_RUNS = 1_000


class UnknownFlowRun(LookupError):
    """There is no flow run of that id."""


class UnknownTaskRun(LookupError):
    """There is no task run of that id."""


@dataclass(slots=True)
class Run:
    """A flow run that this transaction holds: locked by it, or inserted by it."""

    id: UUID
    version: Version
    state: State
    attempt: int
    unfinished: int
    depth: int
    parameters: dict[str, Any]
    parent_task_run_id: UUID | None
    root_id: UUID
    user_id: int | None
    counted: int = 0
    parent_flow_run_id: UUID | None = None
    scheduled_for: datetime | None = None
    priority: int = 0
    is_limited: bool = False
    items_ended: "dict[tuple[str, int], Ending]" = field(default_factory=dict)  # of mapped tasks, not counted yet
    lists: dict[str, Any] = field(default_factory=dict)  # what a worker has loaded for a mapped task
    ahead: "dict[str, Counted]" = field(default_factory=dict)  # what was read together with its lock, by slug
    above: "Above | None" = None
    waited_by: "tuple[Run, Ready] | None" = None  # its parent with the task run that waits, where this process has them

    @property
    def graph(self) -> FlowGraph:
        return self.version.graph


@dataclass(frozen=True, slots=True)
class Ready:
    """A task run whose trigger let it start, as its row is."""

    id: UUID
    slug: str
    attempt: int
    before: State
    failures: int = 0
    child: UUID | None = None
    child_attempt: int = 1
    map_index: int = -1


@dataclass(frozen=True, slots=True)
class Counted:
    """A task run as its row is, with the number of upstreams that it waits for."""

    task_run: Ready
    waiting_on: int


@dataclass(frozen=True, slots=True)
class Above:
    """Where the task run is that started a flow run: in which flow run, of which version, under which slug."""

    flow_run_id: UUID
    slug: str
    version_id: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A task run that a worker holds. Valid as long as the row still has this attempt and is Running.

    `carried`: what earlier executions left for this one; a task run that never ran before has nothing.
    `above`: what started its flow run, as far as is known. `left`: how the transaction that took it has left all that
    its end will change, where that is known.
    """

    task_run_id: UUID
    flow_run_id: UUID
    slug: str
    attempt: int
    version_id: int
    parameters: dict[str, Any]
    carried: dict[str, Any] | None = None
    scheduled_for: datetime | None = None
    failures: int = 0
    map_index: int = -1
    above: Above | None = None
    left: "Left | None" = None


@dataclass(frozen=True, slots=True)
class Left:
    """Flow runs that the end of a claim will change, each with the task run of it that ends, from the child upwards.

    `by`: the transaction that wrote the rows of all these flow runs last, as far as this process knows.
    """

    by: str
    line: list[tuple[Run, Ready]]


def claim_of(row: tuple[Any, ...]) -> Claim:
    """Return the claim that a row of the claiming statement describes."""
    above = Above(*row[-3:]) if row[-3] else None
    return Claim(*(*row[:-3], above))


@dataclass(frozen=True, slots=True)
class TellParent:
    """A child flow run ended: the task runs that wait for it must hear of it.

    `parent`: the flow run that started it; None if it is to be found, with any other that waits for it.
    """

    child: UUID
    parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class RestartChild:
    """A retry wants its child flow run to run again, as its attempt number `attempt`."""

    child: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelChild:
    """A cancelled flow run waits for this child, which must be cancelled too."""

    child: UUID


@dataclass(frozen=True, slots=True)
class PauseChild:
    """A flow run was paused with its children, and waits for this one."""

    child: UUID


@dataclass(frozen=True, slots=True)
class ResumeChild:
    """A flow run that waits for this child is no longer paused; the child is resumed if it was paused with it."""

    child: UUID


@dataclass(frozen=True, slots=True)
class HealParent:
    """A person restarted this child: its parent's task run, if it ended by the child's failure, waits for it again."""

    child: UUID


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A task run of `parent` has begun to wait for a flow run that was there: its end may have come in between."""

    child: UUID
    parent: UUID


@dataclass(frozen=True, slots=True)
class Admit:
    """A flow run of this project waits for room, or one that was limited has ended and left some.

    `may_share`: another one waits, or may wait, for one that waits for room.
    """

    project_id: int
    may_share: bool = False


@dataclass(frozen=True, slots=True)
class AdmitTagged:
    """A task run of this project with a limited tag was submitted, or one is no longer executed."""

    project_id: int


FollowUp = (
    TellParent | RestartChild | CancelChild | PauseChild | ResumeChild | HealParent | LookAgain | Admit | AdmitTagged
)


@dataclass(slots=True)
class Step:
    """What one transaction does besides its rows. Nothing of it leaves before the commit."""

    worker: str = ""
    claims_left: int = 0
    user_id: int | None = None
    runs_left: int = field(default_factory=lambda: MOST_RUNS)
    claimed: list[Claim] = field(default_factory=list)
    inserted: list[tuple[Run, list[Ready]]] = field(default_factory=list)
    submitted: Counter[str] = field(default_factory=Counter)  # a queue -> task runs that its workers may claim
    due_in: float | None = None
    changed: set[UUID] = field(default_factory=set)
    ended: dict[UUID, "Ending"] = field(default_factory=dict)  # the flow runs that this has ended
    born_flow_runs: list[dict[str, Any]] = field(default_factory=list)  # records, not written yet
    born_task_runs: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    moves: dict[UUID, "Move"] = field(default_factory=dict)  # of task runs, not written yet
    waiting_on: dict[UUID, int] = field(default_factory=dict)  # counters of task runs, not written yet
    flow_moves: dict[UUID, "FlowMove"] = field(default_factory=dict)  # of flow runs, not written yet
    asked: dict[FlowName, Callable[[], list[tuple[Any, ...]]]] = field(default_factory=dict)
    latest: dict[FlowName, Latest] = field(default_factory=dict)
    ended_for_others: list[Callable[[], list[tuple[Any, ...]]]] = field(default_factory=list)
    claiming: list[Callable[[], list[tuple[Any, ...]]]] = field(default_factory=list)
    written: dict[UUID, Run] = field(default_factory=dict)  # the flow runs whose rows this inserts or changes
    made_room: bool = False
    follow_ups: list[FollowUp] = field(default_factory=list)

    @property
    def is_written(self) -> bool:
        """Whether statements may be sent that read or write counters, or rows that this transaction inserts."""
        return not (self.born_task_runs or self.waiting_on)

    def note_due(self, delays: Iterable[float | None]) -> None:
        """Note that something is to be done when the first of these delays is over."""
        known = [delay for delay in (*delays, self.due_in) if delay is not None]
        self.due_in = min(known, default=None)


@contextmanager
def one_step(*, worker: str = "", claims: int = 0, user_id: int | None = None) -> Iterator[Step]:
    """Run the block as one transaction; send its hints when it has committed."""
    step = Step(worker=worker, claims_left=claims, user_id=user_id)
    with one_transaction():
        yield step
        if step.submitted:
            dispatch.wake_workers(step.submitted, here=bool(worker and not step.claimed))
        if step.due_in is not None:
            dispatch.start_due(in_seconds=step.due_in)
        if step.changed:
            dispatch.flow_runs_changed(step.changed)
        if step.made_room:
            dispatch.advance_backfills_soon()
    # Known since the COMMIT: what was claimed, and of the flow runs that ended those that others than parents wait for.
    found = [claim_of(row) for answer in step.claiming for row in answer()]
    if found:
        step.claimed += found
        dispatch.flow_runs_changed({held.flow_run_id for held in found})
    step.follow_ups += [TellParent(child) for answer in step.ended_for_others for (child,) in answer()]


def run_of(row: tuple[Any, ...]) -> Run:
    """Return the flow run that the first columns of a locking statement's row describe."""
    identity, version_id, state, attempt, unfinished, *rest = row[:RUN_COLUMNS]
    depth, parameters, parent, root, user, parent_run, scheduled_for, priority, is_limited = rest
    return Run(
        identity,
        load_version(version_id),
        State(state),
        attempt,
        unfinished,
        depth,
        parameters,
        parent,
        root,
        user,
        unfinished,
        parent_run,
        scheduled_for,
        priority,
        is_limited,
    )


def lock_flow_run(flow_run_id: UUID) -> Run:
    """Lock a flow run: the first thing a transaction on it does, and the only flow run that it locks.

    :raises UnknownFlowRun: there is none
    """
    found = rows(LOCK_FLOW_RUN, id=flow_run_id)
    if not found:
        raise UnknownFlowRun(f"There is no flow run {flow_run_id}.")
    return run_of(found[0])


def lock_task_run(task_run_id: UUID) -> tuple[Run, Ready]:
    """Lock the flow run of a task run, as `lock_flow_run` does, and the task run's row; return both as they are.

    :raises UnknownTaskRun: there is none
    """
    found = rows(LOCK_TASK_RUN, task_run_id=task_run_id)
    if not found:
        raise UnknownTaskRun(f"There is no task run {task_run_id}.")
    identity, slug, attempt, state, *rest = found[0][RUN_COLUMNS:]
    return run_of(found[0]), Ready(identity, slug, attempt, State(state), *rest)
