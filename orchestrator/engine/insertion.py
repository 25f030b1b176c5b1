"""New flow runs with all their task runs: one statement, or two where some may be there already, whatever the size."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings

from orchestrator import dispatch
from orchestrator.core.admission import WAITS
from orchestrator.core.states import State
from orchestrator.engine.database import records, rows, send
from orchestrator.engine.statements import INSERT_FLOW_RUNS_ONCE, INSERT_TASK_RUNS
from orchestrator.engine.steps import Above, Admit, Claim, Ready, Run, Step
from orchestrator.engine.tagged import note_submitted, place_of
from orchestrator.engine.transitions import be_born
from orchestrator.engine.versions import Version


@dataclass(slots=True)
class NewRun:
    """A flow run to be inserted."""

    version: Version
    parameters: dict[str, Any]
    origin: str
    key: str | None = None
    name: str = ""
    parent: Run | None = None
    parent_task_run_id: UUID | None = None
    parent_slug: str = ""
    waited_by: Ready | None = None
    user_id: int | None = None
    schedule_id: int | None = None
    scheduled_for: datetime | None = None
    start_time: datetime | None = None
    later: bool = False
    own_priority: int | None = None
    is_limited: bool = False
    key_is_fresh: bool = False  # nothing can have taken it before
    id: UUID = field(default_factory=uuid4)

    @property
    def depth(self) -> int:
        return self.parent.depth + 1 if self.parent else 0

    @property
    def priority(self) -> int:
        """What was asked for, or that of the flow run above, or the flow's own."""
        if self.own_priority is not None:
            return self.own_priority
        return self.parent.priority if self.parent else self.version.graph.priority

    @property
    def is_nested(self) -> bool:
        """Whether a flow run of its own project started it."""
        return self.parent is not None and self.parent.version.project_id == self.version.project_id

    @property
    def above(self) -> Above | None:
        return Above(self.parent.id, self.parent_slug, self.parent.version.id) if self.parent else None

    @property
    def root_id(self) -> UUID | None:
        return self.parent.root_id if self.parent else None


def insert_flow_runs(step: Step, new: list[NewRun]) -> set[UUID]:
    """Insert flow runs and their task runs; return the ids of those inserted, and leave them to `settle`.

    The others found their (flow, idempotency key) or (schedule, fire time) taken.
    """
    states = _first_states(step, new)
    flow_runs = [_record(run, states[run.id]) for run in new]
    if all(run.key_is_fresh for run in new):
        be_born(step, flow_runs, _task_runs(step, [(run, states[run.id]) for run in new]))
        return {run.id for run in new}
    # Whoever takes some of the same keys takes them in the same order: nobody waits for who waits for them.
    flow_runs.sort(key=lambda one: (one["flow_id"], one["idempotency_key"] or ""))
    inserted = {identity for (identity,) in rows(INSERT_FLOW_RUNS_ONCE, flow_runs=records(flow_runs))}
    if inserted:
        task_runs = _task_runs(step, [(run, states[run.id]) for run in new if run.id in inserted])
        lease = settings.ANABRANCH_LEASE_SECONDS
        send(INSERT_TASK_RUNS, task_runs=records(task_runs), worker=step.worker, lease=lease)
    return inserted


def _record(run: NewRun, state: State) -> dict[str, Any]:
    return {
        "id": run.id,
        "flow_id": run.version.flow_id,
        "version_id": run.version.id,
        "name": run.name,
        "state": state,
        "parameters": run.parameters,
        "unfinished": len(run.version.graph.tasks),
        "depth": run.depth,
        "parent_task_run_id": run.parent_task_run_id,
        "root_run_id": run.root_id,
        "idempotency_key": run.key,
        "origin": run.origin,
        "created_by_id": run.user_id,
        "schedule_id": run.schedule_id,
        "scheduled_for": run.scheduled_for and run.scheduled_for.isoformat(),
        "priority": run.priority,
        "is_limited": run.is_limited,
        "is_nested": run.is_nested,
        "message": WAITS if state is State.QUEUED else "",
        "scheduled_start_time": run.start_time and run.start_time.isoformat(),
    }


def _first_states(step: Step, new: list[NewRun]) -> dict[UUID, State]:
    """Return the state each flow run is born in: Running if a task run of it starts in this very transaction."""
    states = {}
    claims = step.claims_left
    for run in new:
        version = run.version
        starts_children = len(version.first_functions) < len(version.graph.roots)
        takes = (
            bool(claims)
            and not (run.later or run.is_limited)
            and any(place_of(version, slug)[0] in dispatch.served_queues() for slug in version.first_functions)
        )
        claims -= takes
        states[run.id] = State.RUNNING if takes or starts_children else State.PENDING
        if run.later or run.is_limited:
            states[run.id] = State.SCHEDULED if run.later else State.QUEUED
    return states


def _task_runs(step: Step, born: list[tuple[NewRun, State]]) -> list[dict[str, Any]]:
    """Return the records of the task runs to insert; leave the flow runs to `settle`."""
    task_runs = []
    for new, state in born:
        held = _held(new, state)
        step.written[held.id] = held
        first: list[Ready] = []
        for slug, waits in new.version.waiting_on.items():
            identity = uuid4()
            first_state = State.PENDING
            if waits == 0 and state not in (State.SCHEDULED, State.QUEUED):
                if slug in new.version.first_functions:
                    first_state = _take(step, held, identity, slug)
                else:
                    first.append(Ready(identity, slug, 1, State.PENDING))
            queue, tags = place_of(new.version, slug)
            task_runs.append(
                {
                    "id": identity,
                    "flow_run_id": new.id,
                    "slug": slug,
                    "state": first_state,
                    "waiting_on": waits,
                    "queue": queue,
                    "tags": tags,
                    "priority": held.priority,
                }
            )
        step.inserted.append((held, first))
        debt = Admit(new.version.project_id, may_share=new.parent is not None)
        if state is State.QUEUED and debt not in step.follow_ups:
            step.follow_ups.append(debt)
    return task_runs


def _take(step: Step, run: Run, identity: UUID, slug: str) -> State:
    """Return Running if this worker takes a first task run itself, else Submitted."""
    if step.claims_left > 0 and place_of(run.version, slug)[0] in dispatch.served_queues():
        step.claims_left -= 1
        step.claimed.append(
            Claim(
                identity,
                run.id,
                slug,
                1,
                run.version.id,
                run.parameters,
                scheduled_for=run.scheduled_for,
                above=run.above,
            )
        )
        return State.RUNNING
    note_submitted(step, run, slug)
    return State.SUBMITTED


def _held(new: NewRun, state: State) -> Run:
    unfinished = len(new.version.graph.tasks)
    return Run(
        id=new.id,
        version=new.version,
        state=state,
        attempt=1,
        unfinished=unfinished,
        depth=new.depth,
        parameters=new.parameters,
        parent_task_run_id=new.parent_task_run_id,
        root_id=new.root_id or new.id,
        user_id=new.user_id,
        counted=unfinished,
        scheduled_for=new.scheduled_for,
        priority=new.priority,
        is_limited=new.is_limited,
        above=new.above,
        waited_by=(new.parent, new.waited_by) if new.parent and new.waited_by else None,
    )
