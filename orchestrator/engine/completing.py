"""The end of what a worker holds."""

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.children import start_children
from orchestrator.engine.database import retried, rows
from orchestrator.engine.endings import end_task_runs, ending_move
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import LOCK_WITH_TASK_RUN, RUN_COLUMNS
from orchestrator.engine.steps import Claim, Ready, Run, Step, one_step, run_of


@retried
def complete_task_run(*, held: Claim, ending: Ending, worker: str = "", claims: int = 0) -> Step:
    """End a claimed task run and do all that follows in its flow run, in one transaction.

    A claim that is no longer the worker's changes nothing: the row has another attempt or state by now.

    :param claims: how many of the task runs that become ready the worker goes on with itself
    """
    with one_step(worker=worker, claims=claims) as step:
        if found := _lock(held):
            run, ready = found
            settle(step, run, ended=end_task_runs(step, run, [ending_move(run, ready, ending)]))
    return step


@retried
def start_child_of(*, held: Claim, worker: str = "", claims: int = 0) -> Step:
    """Start the child flow run of a claimed task run, which then waits for it and holds no worker."""
    with one_step(worker=worker, claims=claims) as step:
        if found := _lock(held):
            run, ready = found
            if run.state is State.CANCELLING:
                stopped = ending_move(run, ready, Ending(State.CANCELLED, "Cancelled before it started."))
                settle(step, run, ended=end_task_runs(step, run, [stopped]))
            else:
                settle(step, run, ended=start_children(step, run, [ready]))
    return step


def _lock(held: Claim) -> tuple[Run, Ready] | None:
    """Lock a claim's flow run and row; None if the row is no longer the worker's."""
    for row in rows(LOCK_WITH_TASK_RUN, id=held.flow_run_id, task_run_id=held.task_run_id):
        identity, slug, attempt, state, failures, child, child_attempt = row[RUN_COLUMNS:]
        if attempt == held.attempt and state == State.RUNNING:
            return run_of(row), Ready(identity, slug, attempt, State.RUNNING, failures, child, child_attempt)
    return None
