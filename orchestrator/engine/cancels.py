"""One flow run's cancel, in one transaction."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
from orchestrator.engine.database import retried, rows, send
from orchestrator.engine.interventions import HEAR_OF_CHILDREN
from orchestrator.engine.items import tasks_stopped
from orchestrator.engine.recovery_statements import IS_CANCEL_OWED
from orchestrator.engine.statements import HOLD_UNFINISHED
from orchestrator.engine.steps import CancelChild, Run, Step, TellParent, lock_flow_run, one_step
from orchestrator.engine.transitions import TERMINAL_STATES, Move, count_down, move_flow_run, move_task_runs
from orchestrator.engine.watching import WATCHING
from orchestrator.models import FlowRun


@retried
def cancel_one(
    *, flow_run_id: UUID, user: AbstractBaseUser | None = None, leave_children: bool = False, why: str = "Cancelled."
) -> Step:
    """Cancel one flow run in one transaction; its children are owed, also by the second cancel of one run.

    :param why: said where nobody did it
    :raises UnknownFlowRun: there is none of that id
    """
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        _cancel(step, run, f"Cancelled by {user.get_username()}." if user else why, leave_children)
    return step


@retried
def cancel_child(*, flow_run_id: UUID) -> Step:
    """Cancel a child flow run that a cancelled one waits for; one that nobody cancelled waits for stays.

    Whoever owed it may come late: then it was cancelled long ago, and may have been restarted since.
    """
    with one_step() as step:
        run = lock_flow_run(flow_run_id)
        if rows(IS_CANCEL_OWED, child=flow_run_id):
            _cancel(step, run, "Cancelled with its parent.", leave_children=False)
    return step


def _cancel(step: Step, run: Run, why: str, leave_children: bool) -> None:
    if run.state in TERMINAL:
        return
    stopped = _stop_task_runs(step, run, why, leave_children)
    run.unfinished -= stopped
    if run.unfinished == 0:
        move_flow_run(step, run, Ending(State.CANCELLED, why))
        if run.parent_task_run_id is not None:
            step.follow_ups.append(TellParent(run.id))
    elif run.state is not State.CANCELLING:
        move_flow_run(step, run, Ending(State.CANCELLING, why))
    else:
        count_down(step, run)


def _stop_task_runs(step: Step, run: Run, why: str, leave_children: bool) -> int:
    """Cancel the task runs that can be at once; return how many. The others end by their worker or their child.

    A mapped task ends with the last of its items; these are not counted.
    """
    moves, left = [], []
    unfinished = rows(HOLD_UNFINISHED, flow_run_id=run.id, terminal=TERMINAL_STATES)
    watched = {row[5] for row in unfinished if run.graph.tasks[row[1]].kind in WATCHING}
    others = watched - set(_own_children(run, watched)) if watched else set()
    for identity, slug, attempt, state, _failures, child, _child_attempt, is_free, index, items in unfinished:
        waits = state == State.RUNNING and is_free
        if waits and items is not None:
            continue
        if waits and not leave_children and child not in others:
            step.follow_ups.append(CancelChild(child))
        elif waits or state != State.RUNNING:
            left += [identity] if waits and child is not None else []
            moves.append(Move(identity, slug, attempt, State(state), State.CANCELLED, why, map_index=index))
    move_task_runs(step, run, moves)
    if left:
        send(HEAR_OF_CHILDREN, ids=left)
    return tasks_stopped(step, run, moves)


def _own_children(run: Run, watched: set[UUID]) -> QuerySet[FlowRun, UUID]:
    """Return those that this flow run has started itself; a flow run of others is not cancelled with who watches it."""
    own = FlowRun.objects.filter(pk__in=watched, parent_task_run__flow_run=run.id)
    return own.values_list("pk", flat=True)
