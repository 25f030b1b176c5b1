"""The end of what a worker holds."""

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.children import start_children
from orchestrator.engine.database import retried, rows
from orchestrator.engine.endings import end_task_runs, ending_move
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import HOLD_TASK_RUN
from orchestrator.engine.steps import Claim, Ready, Step, lock_flow_run, one_step


@retried
def complete_task_run(*, held: Claim, ending: Ending, worker: str = "", claims: int = 0) -> Step:
    """End a claimed task run and do all that follows in its flow run, in one transaction.

    A claim that is no longer the worker's changes nothing: the row has another attempt or state by now.

    :param claims: how many of the task runs that become ready the worker goes on with itself
    """
    with one_step(worker=worker, claims=claims) as step:
        run = lock_flow_run(held.flow_run_id)
        ready: Ready | None = Ready(held.task_run_id, held.slug, held.attempt, State.RUNNING)
        if ending.state is State.FAILED:
            ready = _held_row(held)
        if ready is not None:
            ended = end_task_runs(step, run, [ending_move(run, ready, ending)])
            settle(step, run, ended=ended)
    return step


@retried
def start_child_of(*, held: Claim, worker: str = "", claims: int = 0) -> Step:
    """Start the child flow run of a claimed task run, which then waits for it and holds no worker."""
    with one_step(worker=worker, claims=claims) as step:
        run = lock_flow_run(held.flow_run_id)
        ready = _held_row(held)
        if ready is not None:
            settle(step, run, ended=start_children(step, run, [ready]))
    return step


def _held_row(held: Claim) -> Ready | None:
    found = rows(HOLD_TASK_RUN, id=held.task_run_id, flow_run_id=held.flow_run_id)
    for identity, slug, attempt, state, failures, child, child_attempt in found:
        if attempt == held.attempt and state == State.RUNNING:
            return Ready(identity, slug, attempt, State.RUNNING, failures, child, child_attempt)
    return None
