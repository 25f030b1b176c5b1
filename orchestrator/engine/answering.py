"""A person's answer to a task run that is Paused, or its time limit instead of one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.approvals import NOBODY, approved
from orchestrator.core.graph import OnTimeLimit, TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.access import has_role
from orchestrator.engine.database import retried, rows
from orchestrator.engine.following import carry_out
from orchestrator.engine.interventions import READ_PROPOSAL, UNANSWERED
from orchestrator.engine.items import ends_with
from orchestrator.engine.settling import settle
from orchestrator.engine.steps import Ready, Run, Step, UnknownTaskRun, lock_task_run, one_step
from orchestrator.engine.transitions import Move, move_task_runs
from orchestrator.models import Role


class NotWaiting(ValueError):
    """The task run does not wait for a person."""


class NotTheirs(PermissionError):
    """The person's role in the project is too low to answer."""


class NothingToEdit(ValueError):
    """Parameters were given for a task that proposes none."""


def approve_task_run(
    *,
    task_run_id: UUID,
    user: AbstractBaseUser | None = None,
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> None:
    """Let a Paused task run go on. An approval ends with what it proposed, as edited, as its result; others start.

    :raises UnknownTaskRun: there is none of that id
    :raises NotWaiting: it is not Paused
    :raises NotTheirs: the user has not the role that it asks for
    :raises NothingToEdit: parameters for a task that is no approval
    :raises UnknownParameters: parameters that the approval did not propose
    """
    carry_out([_approve(task_run_id, user, reason, parameters or {})])


def reject_task_run(*, task_run_id: UUID, reason: str, user: AbstractBaseUser | None = None) -> None:
    """End a Paused task run as Failed; it is not tried again.

    :raises UnknownTaskRun: there is none of that id
    :raises NotWaiting: it is not Paused
    :raises NotTheirs: the user has not the role that it asks for
    """
    carry_out([_reject(task_run_id, user, reason)])


def end_unanswered() -> int:
    """End the approvals whose time limit is over, as each of them says; return how many."""
    found = rows(UNANSWERED)
    for (task_run_id,) in found:
        try:
            carry_out([_time_out(task_run_id)])
        except (UnknownTaskRun, NotWaiting):
            continue
    return len(found)


@retried
def _approve(task_run_id: UUID, user: AbstractBaseUser | None, reason: str, parameters: Mapping[str, Any]) -> Step:
    with one_step(user_id=user.pk if user else None) as step:
        run, ready = _lock_waiting(task_run_id)
        check_role(run, ready, user)
        why = _words("Approved", user, reason)
        if run.graph.tasks[ready.slug].kind is TaskKind.APPROVAL:
            _end_approved(step, run, ready, why, parameters, by=user.get_username() if user else None, reason=reason)
            return step
        if parameters:
            raise NothingToEdit(f"{ready.slug} is no approval, so it has no parameters to edit.")
        # It is told that it was paused, and its trigger is not asked again.
        move = Move(ready.id, ready.slug, ready.attempt, State.PAUSED, State.PENDING, why, carried={"resumed": True})
        move_task_runs(step, run, [move])
        settle(step, run, ended={}, ready=[replace(ready, before=State.PENDING)])
    return step


@retried
def _reject(task_run_id: UUID, user: AbstractBaseUser | None, reason: str) -> Step:
    with one_step(user_id=user.pk if user else None) as step:
        run, ready = _lock_waiting(task_run_id)
        check_role(run, ready, user)
        _end(step, run, ready, Ending(State.FAILED, _words("Rejected", user, reason)))
    return step


@retried
def _time_out(task_run_id: UUID) -> Step:
    with one_step() as step:
        run, ready = _lock_waiting(task_run_id)
        if run.graph.tasks[ready.slug].on_time_limit is OnTimeLimit.APPROVE:
            why = "Approved by its time limit."
            _end_approved(step, run, ready, why, {}, by=None, reason="The time limit was over.")
        else:
            _end(step, run, ready, Ending(State.TIMED_OUT, NOBODY))
    return step


def _lock_waiting(task_run_id: UUID) -> tuple[Run, Ready]:
    run, ready = lock_task_run(task_run_id)
    if ready.before is not State.PAUSED:
        raise NotWaiting(f"{ready.slug} is {ready.before}; only what is Paused waits to be approved.")
    return run, ready


def check_role(run: Run, ready: Ready, user: AbstractBaseUser | None) -> None:
    """Refuse whoever has not the role that a task run asks for.

    :raises NotTheirs: the user has not the role that it asks for
    """
    role = Role(run.graph.tasks[ready.slug].role.value)
    if not has_role(user.pk if user else None, run.version.project_id, role):
        raise NotTheirs(f"{ready.slug} asks for an answer of at least the role {role.value}.")


def _end_approved(
    step: Step, run: Run, ready: Ready, why: str, given: Mapping[str, Any], *, by: str | None, reason: str
) -> None:
    ((proposal,),) = rows(READ_PROPOSAL, task_run_id=ready.id)
    _end(step, run, ready, Ending(State.SUCCESS, why, approved(proposal or {}, given, by=by, reason=reason)))


def _end(step: Step, run: Run, ready: Ready, ending: Ending) -> None:
    move = Move(ready.id, ready.slug, ready.attempt, State.PAUSED, ending.state, ending.message, ending.result)
    move_task_runs(step, run, [move])
    settle(step, run, ended=ends_with(run, ready, ending))


def _words(what: str, user: AbstractBaseUser | None, reason: str) -> str:
    told = f"{what} by {user.get_username()}" if user else what
    return f"{told}: {reason}" if reason else f"{told}."
