"""Limits of how many flow runs are under way at once: of a flow, and of a project.

A flow run that is limited is born Queued. Whoever inserted it, or ends one, looks in a transaction of its own which may
begin: the project is locked first, then the one flow run that begins. `recover` looks where nobody did.
"""

from uuid import UUID

from orchestrator.core.admission import Overlap, Queued, Verdict, next_verdict
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.admission_statements import FIRST_QUEUED, LOCK_PROJECT, OLDEST
from orchestrator.engine.beginning import begin
from orchestrator.engine.cancels import cancel_one
from orchestrator.engine.database import retried, rows
from orchestrator.engine.statements import HOLD_UNFINISHED
from orchestrator.engine.steps import Run, Step, TellParent, lock_flow_run, one_step
from orchestrator.engine.transitions import TERMINAL_STATES, Move, move_flow_run, move_task_runs
from orchestrator.engine.wire import Rows

# What more could begin at once is found by `recover`.
AT_ONCE = 1_000


def admit(*, project_id: int, may_share: bool = False) -> list[Step]:
    """Let flow runs of a project that wait for room begin, as far as there is some; skip or cancel as flows ask.

    :param may_share: whether it is worth looking who of those that wait on shares the place of another
    """
    steps: list[Step] = []
    for _ in range(AT_ONCE):
        verdict, step, oldest = _admit_one(project_id, may_share)
        steps.append(step)
        if verdict is None:
            break
        # The place is free when what was cancelled has ended: now, or later, which asks again.
        steps += [cancel_one(flow_run_id=one, why="Cancelled for a newer run of the flow.") for one in oldest]
    return steps


@retried
def _admit_one(project_id: int, may_share: bool) -> tuple[Verdict | None, Step, list[UUID]]:
    """Return what was judged and done; and of a flow run that cancels older ones, which these are: cancelled after the
    COMMIT, and named before it, as whoever judges the same meanwhile may let it begin."""
    oldest: list[UUID] = []
    with one_step() as step:
        ((limit,),) = rows(LOCK_PROJECT, project_id=project_id)
        found = rows(FIRST_QUEUED, project_id=project_id, sharing=False)
        verdict = _judge(found, limit)
        if found and (may_share if verdict is None else verdict.action is not None):
            # Before one is skipped, cancels others or waits on: is it waited for by the one whose place it wants?
            verdict = _judge(rows(FIRST_QUEUED, project_id=project_id, sharing=True), limit)
        if verdict is not None and verdict.action is Overlap.CANCEL_OLDER:
            oldest = _oldest(verdict.queued)
        elif verdict is not None:
            run = lock_flow_run(verdict.queued.flow_run_id)
            if run.state is State.QUEUED and verdict.action is None:
                begin(step, run)
            elif run.state is State.QUEUED:
                _skip(step, run, verdict.queued)
    return verdict, step, oldest


def _judge(found: Rows, limit: int | None) -> Verdict | None:
    queued = [Queued(row[0], row[1], row[2], row[3], row[4], row[5], row[6], Overlap(row[7]), row[8]) for row in found]
    return next_verdict(queued, limit=limit, under_way=found[0][9] if found else 0)


def _skip(step: Step, run: Run, queued: Queued) -> None:
    """End a flow run that would be one too many, and all its task runs, without starting them."""
    runs = "1 run" if queued.limit == 1 else f"{queued.limit} runs"
    why = f"Skipped: {run.version.flow} may have {runs} under way at once, and has."
    rows_of = rows(HOLD_UNFINISHED, flow_run_id=run.id, terminal=TERMINAL_STATES)
    moves = [Move(row[0], row[1], row[2], State(row[3]), State.SKIPPED, why, map_index=row[8]) for row in rows_of]
    move_task_runs(step, run, moves)
    run.unfinished = 0
    move_flow_run(step, run, Ending(State.SKIPPED, why))
    if run.parent_task_run_id is not None:
        step.follow_ups.append(TellParent(run.id))


def _oldest(queued: Queued) -> list[UUID]:
    """Return the oldest runs of a flow, as many as are too many with the one that waits, which may be among them."""
    assert queued.limit is not None
    too_many = queued.under_way - queued.ending - queued.limit + 1
    found = rows(OLDEST, flow_id=queued.flow_id, queued=queued.flow_run_id, limit=too_many)
    return [identity for (identity,) in found]
