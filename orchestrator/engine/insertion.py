"""New flow runs with all their task runs: two statements, however many and however large."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from psycopg.types.json import Jsonb

from orchestrator.core.states import State
from orchestrator.engine.database import rows
from orchestrator.engine.statements import INSERT_FLOW_RUNS, INSERT_TASK_RUNS
from orchestrator.engine.steps import Claim, Ready, Run, Step
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
    user_id: int | None = None
    schedule_id: int | None = None
    scheduled_for: datetime | None = None
    start_time: datetime | None = None
    later: bool = False
    id: UUID = field(default_factory=uuid4)

    @property
    def depth(self) -> int:
        return self.parent.depth + 1 if self.parent else 0

    @property
    def root_id(self) -> UUID | None:
        return self.parent.root_id if self.parent else None


def insert_flow_runs(step: Step, new: list[NewRun]) -> set[UUID]:
    """Insert flow runs and their task runs; return the ids of those inserted, and leave them to `settle`.

    The others found their (flow, idempotency key) or (schedule, fire time) taken.
    """
    states = {run.id: _first_state(step, run) for run in new}
    columns = {
        "ids": [run.id for run in new],
        "flow_ids": [run.version.flow_id for run in new],
        "version_ids": [run.version.id for run in new],
        "names": [run.name for run in new],
        "states": [states[run.id].value for run in new],
        "parameters": [Jsonb(run.parameters) for run in new],
        "unfinished": [len(run.version.graph.tasks) for run in new],
        "depths": [run.depth for run in new],
        "parents": [run.parent_task_run_id for run in new],
        "roots": [run.root_id for run in new],
        "keys": [run.key for run in new],
        "origins": [run.origin for run in new],
        "users": [run.user_id for run in new],
        "schedules": [run.schedule_id for run in new],
        "scheduled_fors": [run.scheduled_for for run in new],
        "start_times": [run.start_time for run in new],
    }
    inserted = {identity for (identity,) in rows(INSERT_FLOW_RUNS, **columns)}
    _insert_task_runs(step, [(run, states[run.id]) for run in new if run.id in inserted])
    return inserted


def _first_state(step: Step, run: NewRun) -> State:
    """Return the state a flow run is born in: Running if a task run of it starts in this very transaction."""
    if run.later:
        return State.SCHEDULED
    starts_children = len(run.version.first_functions) < len(run.version.graph.roots)
    return State.RUNNING if step.claims_left or starts_children else State.PENDING


def _insert_task_runs(step: Step, born: list[tuple[NewRun, State]]) -> None:
    ids: list[UUID] = []
    flow_run_ids: list[UUID] = []
    slugs: list[str] = []
    states: list[str] = []
    waiting_on: list[int] = []
    for new, state in born:
        held = _held(new, state)
        first: list[Ready] = []
        for slug, waits in new.version.waiting_on.items():
            identity = uuid4()
            first_state = State.PENDING
            if waits == 0 and state is not State.SCHEDULED:
                if slug in new.version.first_functions:
                    first_state = _take(step, held, identity, slug)
                else:
                    first.append(Ready(identity, slug, 1, State.PENDING))
            ids.append(identity)
            flow_run_ids.append(new.id)
            slugs.append(slug)
            states.append(first_state.value)
            waiting_on.append(waits)
        step.inserted.append((held, first))
    if ids:
        rows(
            INSERT_TASK_RUNS,
            ids=ids,
            flow_run_ids=flow_run_ids,
            slugs=slugs,
            states=states,
            waiting_on=waiting_on,
            worker=step.worker,
            lease=settings.ANABRANCH_LEASE_SECONDS,
        )


def _take(step: Step, run: Run, identity: UUID, slug: str) -> State:
    """Return Running if this worker takes a first task run itself, else Submitted."""
    if step.claims_left > 0:
        step.claims_left -= 1
        step.claimed.append(Claim(identity, run.id, slug, 1, run.version.id, run.parameters))
        return State.RUNNING
    step.submitted += 1
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
    )
