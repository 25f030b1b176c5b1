"""Every change of state in the product goes through here: table, compare-and-set, history."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from orchestrator.engine.database import rows
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


def move_task_runs(step: Step, run: Run, moves: Sequence[Move]) -> list[Move]:
    """Carry out those moves whose rows are as the caller knows them; return these, in the order given.

    The others were overtaken: their row has another attempt or state by now, and a hint about it is stale.
    """
    if not moves:
        return []
    for move in moves:
        if move.before is not move.after:
            check_transition(TASK_RUN_TRANSITIONS, move.before, move.after)
    done = rows(
        MOVE_TASK_RUNS,
        worker=step.worker,
        lease=settings.ANABRANCH_LEASE_SECONDS,
        terminal=TERMINAL_STATES,
        ids=[move.id for move in moves],
        attempts=[move.attempt for move in moves],
        befores=[move.before.value for move in moves],
        afters=[move.after.value for move in moves],
        messages=[move.message for move in moves],
        results=[None if move.result is None else Jsonb(move.result) for move in moves],
        attempt_steps=[move.attempt_step for move in moves],
        failure_steps=[move.failure_step for move in moves],
        children=[move.child for move in moves],
        child_attempts=[move.child_attempt for move in moves],
        leased=[move.leased for move in moves],
        delays=[move.delay for move in moves],
    )
    won = {identity for (identity,) in done}
    carried_out = [move for move in moves if move.id in won]
    for move in carried_out:
        step.note(run.id, move.id, move.attempt + move.attempt_step, move.before, move.after, move.message)
    return carried_out


def move_flow_run(step: Step, run: Run, ending: Ending, *, attempt: int | None = None) -> None:
    """Put a flow run that this transaction holds into another state.

    :raises InvalidTransition: the table does not allow it
    """
    check_transition(FLOW_RUN_TRANSITIONS, run.state, ending.state)
    before, run.state = run.state, ending.state
    run.attempt = attempt or run.attempt
    rows(
        MOVE_FLOW_RUN,
        id=run.id,
        after=run.state.value,
        message=ending.message,
        result=None if ending.result is None else Jsonb(ending.result),
        unfinished=run.unfinished,
        attempt=run.attempt,
        terminal=TERMINAL_STATES,
    )
    run.counted = run.unfinished
    step.note(run.id, None, run.attempt, before, run.state, ending.message)


def count_down(run: Run) -> None:
    """Store how many task runs of a flow run have not ended, if that changed."""
    if run.unfinished != run.counted:
        rows(COUNT_DOWN, id=run.id, unfinished=run.unfinished)
        run.counted = run.unfinished
