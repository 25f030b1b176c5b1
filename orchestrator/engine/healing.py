"""A child flow run that a person restarted is waited for again, on every level above it."""

from uuid import UUID

from orchestrator.core.states import TERMINAL, UNSUCCESSFUL, State
from orchestrator.engine.database import retried, rows, send
from orchestrator.engine.endings import mark_running
from orchestrator.engine.interventions import HEALS, HEAR_OF_CHILDREN, LOCK_PARENT_TO_HEAL
from orchestrator.engine.item_reopening import Reopened, end_unchanged, reopen_item
from orchestrator.engine.reopening import go_on, run_again, states_of
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import RUN_COLUMNS
from orchestrator.engine.steps import HealParent, Run, Step, TellParent, one_step, run_of
from orchestrator.engine.tagged import those_held
from orchestrator.engine.transitions import Move, count_down, move_task_runs

UNSUCCESSFUL_ENDS = sorted(state.value for state in UNSUCCESSFUL | {State.CANCELLED})
WHY = "Its child flow run was restarted."


@retried
def heal_parent(*, child: UUID) -> Step:
    """Let the task run that ended by this child's failure wait for it again, and what came after run again.

    A flow run that had ended by it goes on, and owes the same to its own parent. Nothing happens where the task run
    does not wait for its child, was successful, or has been restarted itself.
    """
    with one_step() as step:
        found = rows(LOCK_PARENT_TO_HEAL, child=child, unsuccessful=UNSUCCESSFUL_ENDS)
        if not found:
            return step
        run = run_of(found[0])
        identity, slug, index, attempt = found[0][RUN_COLUMNS:]
        if not run.graph.tasks[slug].wait:
            send(HEAR_OF_CHILDREN, ids=[identity])
            return step
        was_over = run.state in TERMINAL
        reopened = _reopen(step, run, slug, index)
        if was_over:
            go_on(step, run, why=WHY)
        if run.state is State.QUEUED:
            # It finds its child again when there is room for it to begin.
            send(HEALS, id=identity)
            count_down(step, run)
        else:
            _wait_again(step, run, reopened, child, attempt)
        if was_over and run.parent_task_run_id is not None:
            step.follow_ups.append(HealParent(run.id))
    return step


def _reopen(step: Step, run: Run, slug: str, index: int) -> Reopened:
    """Put the task run back, an item with its task; return what waits again for the child as the items."""
    states = states_of(run)
    if index >= 0:
        return reopen_item(step, run, slug, index, seeds={slug}, states=states, why=WHY)
    return Reopened(items=run_again(step, run, seeds={slug}, states=states, why=WHY))


def _wait_again(step: Step, run: Run, reopened: Reopened, child: UUID, attempt: int) -> None:
    if held := those_held(run, reopened.items):
        # It finds its child again when there is a place of its tags for it to wait.
        for one in held:
            send(HEALS, id=one.id)
        settle(step, run, ended=end_unchanged(step, run, reopened), ready=held)
        return
    waits = [Move(one.id, one.slug, one.attempt, State.PENDING, State.RUNNING) for one in reopened.items]
    for move in waits:
        move.child, move.child_attempt, move.delay = child, attempt, run.graph.tasks[move.slug].timeout_seconds
    move_task_runs(step, run, waits)
    if waits:
        mark_running(step, run)
    settle(step, run, ended=end_unchanged(step, run, reopened))
    step.follow_ups.append(TellParent(child, run.id))
