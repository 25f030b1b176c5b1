"""Every change of state in the product goes through here: table, compare-and-set, history."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from django.conf import settings
from psycopg.types.json import Jsonb

from orchestrator.core.planner import Ending
from orchestrator.core.states import (
    FLOW_RUN_TRANSITIONS,
    TASK_RUN_TRANSITIONS,
    TERMINAL,
    State,
    check_transition,
)
from orchestrator.engine.database import records, send
from orchestrator.engine.statements import COUNT_DOWN, MOVE_FLOW_RUN, MOVE_TASK_RUNS
from orchestrator.engine.steps import Run, Step

TERMINAL_STATES = sorted(state.value for state in TERMINAL)


@dataclass(slots=True)
class Move:
    """A change of state of one task run, from the (attempt, state) the caller knows."""

    id: UUID
    slug: str
    attempt: int
    before: State
    after: State
    message: str = ""
    result: Any = None
    attempt_step: int = 0
    failure_step: int = 0
    child: UUID | None = None
    child_attempt: int | None = None
    leased: bool = False
    delay: float = 0.0


_FIELDS = [part.name for part in fields(Move) if part.name != "slug"]


def move_task_runs(step: Step, run: Run, moves: Sequence[Move]) -> None:
    """Carry out moves of task runs whose rows this transaction holds, so that they are as the caller knows them.

    :raises InvalidTransition: the table does not allow one
    """
    if not moves:
        return
    for move in moves:
        if move.before is not move.after:
            check_transition(TASK_RUN_TRANSITIONS, move.before, move.after)
    send(
        MOVE_TASK_RUNS,
        worker=step.worker,
        lease=settings.ANABRANCH_LEASE_SECONDS,
        terminal=TERMINAL_STATES,
        ids=[move.id for move in moves],
        moves=records(map(_record, moves)),
        count=len(moves),
        actor=step.user_id,
    )
    step.changed.add(run.id)


def _record(move: Move) -> dict[str, Any]:
    return {name: getattr(move, name) for name in _FIELDS}


def move_flow_run(step: Step, run: Run, ending: Ending, *, attempt: int | None = None) -> None:
    """Put a flow run that this transaction holds into another state.

    :raises InvalidTransition: the table does not allow it
    """
    check_transition(FLOW_RUN_TRANSITIONS, run.state, ending.state)
    before, run.state = run.state, ending.state
    run.attempt = attempt or run.attempt
    send(
        MOVE_FLOW_RUN,
        id=run.id,
        before=before.value,
        after=run.state.value,
        message=ending.message,
        result=None if ending.result is None else Jsonb(ending.result),
        unfinished=run.unfinished,
        attempt=run.attempt,
        terminal=TERMINAL_STATES,
        actor=step.user_id,
    )
    run.counted = run.unfinished
    step.changed.add(run.id)


def count_down(run: Run) -> None:
    """Store how many task runs of a flow run have not ended, if that changed."""
    if run.unfinished != run.counted:
        send(COUNT_DOWN, id=run.id, unfinished=run.unfinished)
        run.counted = run.unfinished
