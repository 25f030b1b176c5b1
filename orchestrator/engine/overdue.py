"""Task runs that have waited longer than their time limit for a child flow run. The child itself goes on."""

from uuid import UUID

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import retried, rows, send
from orchestrator.engine.endings import end_task_runs, found_move
from orchestrator.engine.following import carry_out
from orchestrator.engine.interventions import HEAR_OF_CHILDREN
from orchestrator.engine.recovery_statements import OVERDUE_FLOW_RUNS
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import HOLD_OVERDUE
from orchestrator.engine.steps import Ready, Step, UnknownFlowRun, lock_flow_run, one_step


def end_overdue() -> int:
    """End, as TimedOut, what has waited too long; return in how many flow runs."""
    found = rows(OVERDUE_FLOW_RUNS)
    for (flow_run_id,) in found:
        try:
            carry_out([_end_overdue(flow_run_id)])
        except UnknownFlowRun:
            continue
    return len(found)


@retried
def _end_overdue(flow_run_id: UUID) -> Step:
    with one_step() as step:
        run = lock_flow_run(flow_run_id)
        moves = []
        for identity, slug, index, attempt, failures, child in rows(HOLD_OVERDUE, flow_run_id=run.id):
            limit = run.graph.tasks[slug].timeout_seconds
            message = f"Waited longer than {limit:g} s for child flow run {child}, which goes on."
            ready = Ready(identity, slug, attempt, State.RUNNING, failures, child, map_index=index)
            moves.append(found_move(run, ready, Ending(State.TIMED_OUT, message)))
        ended = end_task_runs(step, run, moves)
        send(HEAR_OF_CHILDREN, ids=[move.id for move in moves])
        settle(step, run, ended=ended)
    return step
