"""A flow run that was there already begins: its start time has come, or a limit leaves room."""

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import rows
from orchestrator.engine.items import free_items, judge_items
from orchestrator.engine.pauses import hold_with_parent
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import READ_TASK_RUNS
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.transitions import move_flow_run


def begin(step: Step, run: Run) -> None:
    """Let the first task runs of a flow run that this transaction holds start; of a restarted one, those it goes on by.

    Where its parent is paused, they are judged now and start when it is resumed. Nobody else changes a task run that is
    Pending.
    """
    move_flow_run(step, run, Ending(State.PENDING))
    if run.parent_task_run_id is not None:
        hold_with_parent(step, run)
    free = [
        Ready(identity, slug, attempt, State.PENDING, failures, child, child_attempt)
        for identity, slug, attempt, state, waiting_on, failures, child, child_attempt in rows(
            READ_TASK_RUNS, flow_run_id=run.id, slugs=list(run.graph.tasks)
        )
        if state == State.PENDING and waiting_on == 0
    ]
    # Single items that a person restarted waited with their flow run.
    items = judge_items(step, run, free_items(run), {}) if run.attempt > 1 else []
    settle(step, run, ended={}, free=free, ready=items)
