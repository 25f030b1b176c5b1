"""One flow run's pause and its resume, each in one transaction; those of its children are owed.

A flow run that holds its children says so in its row, `holds_children_since`. A child notes which hold it has heard of,
`held_since`: so one that a person lets go by itself is not held again by the same pause, and one that a person paused
by itself, which has heard of none, stays so when its parent is resumed.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import retried, rows, send
from orchestrator.engine.items import free_items
from orchestrator.engine.pause_statements import CHILDREN_WAITED_FOR, HOLD_OF_PARENT, SET_HOLD
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import HOLD_UNFINISHED, READ_TASK_RUNS
from orchestrator.engine.steps import PauseChild, Ready, ResumeChild, Run, Step, lock_flow_run, one_step
from orchestrator.engine.transitions import TERMINAL_STATES, Move, move_flow_run, move_task_runs

PAUSABLE = frozenset({State.PENDING, State.RUNNING})


class NotPausable(ValueError):
    """Only a flow run that is Pending or Running can be paused."""


class NotPaused(ValueError):
    """Only a flow run that is Paused can be resumed."""


@retried
def pause_one(
    *, flow_run_id: UUID, user: AbstractBaseUser | None = None, reason: str = "", leave_children: bool = False
) -> Step:
    """Pause one flow run as a person asks.

    :raises UnknownFlowRun: there is none of that id
    :raises NotPausable: it has not begun, is being cancelled, or has ended
    """
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        if run.state is State.PAUSED:
            return step
        if run.state not in PAUSABLE:
            raise NotPausable(f"Flow run {run.id} is {run.state}; only one that is Pending or Running can be paused.")
        by = f" by {user.get_username()}" if user else ""
        hold(step, run, f"Paused{by}: {reason}" if reason else f"Paused{by}.", children=not leave_children)
    return step


@retried
def pause_child(*, flow_run_id: UUID) -> Step:
    """Pause a child flow run whose parent holds its children, unless it has heard of that already."""
    with one_step() as step:
        run = lock_flow_run(flow_run_id)
        if run.state in PAUSABLE:
            hold_with_parent(step, run)
    return step


@retried
def resume_one(*, flow_run_id: UUID, user: AbstractBaseUser | None = None) -> Step:
    """Resume one flow run as a person asks; it stays so, whatever holds its parent.

    :raises UnknownFlowRun: there is none of that id
    :raises NotPaused: it is not Paused
    """
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        if run.state is not State.PAUSED:
            raise NotPaused(f"Flow run {run.id} is {run.state}, not Paused.")
        _let_go(step, run, f"Resumed by {user.get_username()}." if user else "Resumed.")
    return step


@retried
def resume_child(*, flow_run_id: UUID) -> Step:
    """Resume a child flow run that was paused with its parent, which no longer is, or no longer waits for it."""
    with one_step() as step:
        run = lock_flow_run(flow_run_id)
        ((held_since, since),) = rows(HOLD_OF_PARENT, id=run.id)
        if run.state is State.PAUSED and held_since is not None and since is None:
            _let_go(step, run, "Resumed with its parent.")
    return step


def hold_with_parent(step: Step, run: Run) -> None:
    """Pause a flow run that this transaction holds, if its parent holds its children and it has not heard of that."""
    ((held_since, since),) = rows(HOLD_OF_PARENT, id=run.id)
    if since is not None and since != held_since:
        hold(step, run, "Paused with its parent.", children=True, held_since=since)


def hold(step: Step, run: Run, why: str, *, children: bool, held_since: datetime | None = None) -> None:
    """Let nothing new of a flow run start; with `children`, owe them the same."""
    unfinished = rows(HOLD_UNFINISHED, flow_run_id=run.id, terminal=TERMINAL_STATES)
    back = [
        Move(identity, slug, attempt, State.SUBMITTED, State.PENDING)
        for identity, slug, attempt, state, *_ in unfinished
        if state == State.SUBMITTED
    ]
    move_task_runs(step, run, back)
    move_flow_run(step, run, Ending(State.PAUSED, why))
    send(SET_HOLD, id=run.id, children=children, held_since=held_since)
    if children:
        step.follow_ups += [PauseChild(child) for (child,) in rows(CHILDREN_WAITED_FOR, flow_run_id=run.id)]


def _let_go(step: Step, run: Run, why: str) -> None:
    """Start what could have started meanwhile; the children that were paused with it are owed the same."""
    found = rows(READ_TASK_RUNS, flow_run_id=run.id, slugs=list(run.graph.tasks))
    # Their triggers were judged when their upstreams ended.
    ready = [
        Ready(identity, slug, attempt, State.PENDING, failures, child, child_attempt)
        for identity, slug, attempt, state, waiting_on, failures, child, child_attempt in found
        if state == State.PENDING and waiting_on == 0
    ]
    ready += free_items(run)
    has_begun = any(row[3] != State.PENDING for row in found)
    ((_, since),) = rows(HOLD_OF_PARENT, id=run.id)
    children = rows(CHILDREN_WAITED_FOR, flow_run_id=run.id)
    move_flow_run(step, run, Ending(State.RUNNING if has_begun else State.PENDING, why))
    send(SET_HOLD, id=run.id, children=False, held_since=since)
    step.follow_ups += [ResumeChild(child) for (child,) in children]
    # Retries that fell due meanwhile.
    step.due_in = 0.0
    settle(step, run, ended={}, ready=ready)
