"""Hold a flow run, so that nothing new of it starts, and let it go on."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import retried, rows
from orchestrator.engine.following import carry_out
from orchestrator.engine.items import free_items
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import HOLD_UNFINISHED, READ_TASK_RUNS
from orchestrator.engine.steps import Ready, Step, lock_flow_run, one_step
from orchestrator.engine.transitions import TERMINAL_STATES, Move, move_flow_run, move_task_runs


class NotPausable(ValueError):
    """Only a flow run that is Pending or Running can be paused."""


class NotPaused(ValueError):
    """Only a flow run that is Paused can be resumed."""


def pause_flow_run(*, flow_run_id: UUID, user: AbstractBaseUser | None = None, reason: str = "") -> None:
    """Let nothing new of a flow run start; what runs goes on, and ends. One that is Paused stays so.

    A task run that a worker loses, or gives back unstarted, was running: it goes on elsewhere. Child flow runs that
    have been started go on; they are paused each by itself.

    :raises UnknownFlowRun: there is none of that id
    :raises NotPausable: it has not begun, is being cancelled, or has ended
    """
    carry_out([_pause(flow_run_id, user, reason)])


def resume_flow_run(*, flow_run_id: UUID, user: AbstractBaseUser | None = None) -> None:
    """Start what could have started in a flow run while it was paused.

    :raises UnknownFlowRun: there is none of that id
    :raises NotPaused: it is not Paused
    """
    carry_out([_resume(flow_run_id, user)])


@retried
def _pause(flow_run_id: UUID, user: AbstractBaseUser | None, reason: str) -> Step:
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        if run.state is State.PAUSED:
            return step
        if run.state not in (State.PENDING, State.RUNNING):
            raise NotPausable(f"Flow run {run.id} is {run.state}; only one that is Pending or Running can be paused.")
        unfinished = rows(HOLD_UNFINISHED, flow_run_id=run.id, terminal=TERMINAL_STATES)
        back = [
            Move(identity, slug, attempt, State.SUBMITTED, State.PENDING)
            for identity, slug, attempt, state, *_ in unfinished
            if state == State.SUBMITTED
        ]
        move_task_runs(step, run, back)
        by = f" by {user.get_username()}" if user else ""
        move_flow_run(step, run, Ending(State.PAUSED, f"Paused{by}: {reason}" if reason else f"Paused{by}."))
    return step


@retried
def _resume(flow_run_id: UUID, user: AbstractBaseUser | None) -> Step:
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        if run.state is not State.PAUSED:
            raise NotPaused(f"Flow run {run.id} is {run.state}, not Paused.")
        found = rows(READ_TASK_RUNS, flow_run_id=run.id, slugs=list(run.graph.tasks))
        # Their triggers were judged when their upstreams ended.
        ready = [
            Ready(identity, slug, attempt, State.PENDING, failures, child, child_attempt)
            for identity, slug, attempt, state, waiting_on, failures, child, child_attempt in found
            if state == State.PENDING and waiting_on == 0
        ]
        ready += free_items(run)
        has_begun = any(row[3] != State.PENDING for row in found)
        why = f"Resumed by {user.get_username()}." if user else "Resumed."
        move_flow_run(step, run, Ending(State.RUNNING if has_begun else State.PENDING, why))
        # Retries that fell due meanwhile.
        step.due_in = 0.0
        settle(step, run, ended={}, ready=ready)
    return step
