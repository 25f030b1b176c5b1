"""One flow run's restart, in one transaction."""

from collections.abc import Collection, Mapping, Set
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.restarts import not_successful
from orchestrator.core.states import SUCCESSFUL, TERMINAL, State
from orchestrator.engine.database import retried, send
from orchestrator.engine.interventions import SET_PARAMETERS
from orchestrator.engine.parameters import checked
from orchestrator.engine.reopening import go_on, run_again, states_of
from orchestrator.engine.retelling import parameters_from_above
from orchestrator.engine.settling import settle
from orchestrator.engine.steps import HealParent, Run, Step, lock_flow_run, one_step

# A flow run that has not begun has nothing to restart, and one that is being cancelled ends first.
_NOT_RESTARTABLE = frozenset({State.SCHEDULED, State.QUEUED, State.CANCELLING})


class NotFinished(ValueError):
    """What has not ended cannot be restarted."""


class UnknownTask(ValueError):
    """The flow run has no task of that slug."""


class NothingToRestart(ValueError):
    """Everything succeeded, and no task was named to begin with."""


@retried
def restart_one(
    *,
    flow_run_id: UUID,
    user: AbstractBaseUser | None = None,
    from_tasks: Collection[str] = (),
    parameters: Mapping[str, Any] | None = None,
) -> Step:
    """Restart one flow run, in one transaction; its children, and its parent, are owed.

    :raises UnknownFlowRun: there is none of that id
    """
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        states = states_of(run)
        named = set(from_tasks)
        check_restartable(run, states, named, parameters)
        seeds = named or not_successful(states)
        if not seeds and run.state in SUCCESSFUL:
            if parameters:
                raise NothingToRestart("Everything succeeded; say from which tasks to run with these parameters.")
            return step
        why = restarted(run, user, _listed([run.graph.called[slug] for slug in named]), parameters)
        anew = {slug for slug, state in states.items() if state in SUCCESSFUL} if named else set()
        _restart(step, run, states, seeds, why, anew=anew)
    return step


@retried
def restart_child(*, flow_run_id: UUID, attempt: int, worker: str = "", claims: int = 0) -> Step:
    """Restart a child flow run because its parent's task run retries, unless its attempt has come so far already.

    Where the parent was restarted, the child is told what that says for it now.
    """
    told = parameters_from_above(child=flow_run_id, attempt=attempt)
    with one_step(worker=worker, claims=claims) as step:
        run = lock_flow_run(flow_run_id)
        if run.state in TERMINAL and run.attempt < attempt:
            states = states_of(run)
            changed = _change_parameters(run, _other(run, told))
            why = f"Restarted by the retry of its parent{changed}."
            _restart(step, run, states, not_successful(states), why, attempt=attempt)
    return step


def check_restartable(
    run: Run,
    states: Mapping[str, State],
    named: Set[str],
    parameters: Mapping[str, Any] | None,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Accept a restart that can be carried out.

    :param labels: what tasks are called where only one item of them runs again
    :raises UnknownTask: a task that is named is none of the flow's
    :raises NotFinished: the flow run, the tasks named or something after them has not ended
    """
    if unknown := named - set(run.graph.tasks):
        raise UnknownTask(f"{run.version.flow} version {run.version.number} has no task {_listed(unknown)}.")
    if run.state in TERMINAL:
        return
    if not named or parameters or run.state in _NOT_RESTARTABLE:
        raise NotFinished(f"Flow run {run.id} is {run.state}; cancel it, or wait for its end, before restarting it.")
    for slug in (*named, *run.graph.descendants(named)):
        state = states[slug]
        if state not in TERMINAL and (slug in named or state is not State.PENDING):
            shown, place = (labels or {}).get(slug, slug), _listed([(labels or {}).get(one, one) for one in named])
            raise NotFinished(f"{shown} is {state}; wait for its end, or mark it, before restarting from {place}.")


def restarted(run: Run, user: AbstractBaseUser | None, place: str, parameters: Mapping[str, Any] | None) -> str:
    """Give a flow run that restarts other parameters; return the words for who restarts it, from where, with what.

    :raises InvalidParameters: with a problem for each wrong parameter
    """
    changed = _change_parameters(run, parameters)
    who = f"Restarted by {user.get_username()}" if user else "Restarted"
    return "".join([who, f" from {place}" if place else "", changed, "."])


def _other(run: Run, told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in run.parameters or run.parameters[name] != value}


def _change_parameters(run: Run, parameters: Mapping[str, Any] | None) -> str:
    if not parameters:
        return ""
    run.parameters = checked(run.version, {**run.parameters, **parameters})
    send(SET_PARAMETERS, id=run.id, parameters=run.parameters)
    return f" with other parameters ({_listed(parameters)})"


def _restart(
    step: Step,
    run: Run,
    states: Mapping[str, State],
    seeds: Set[str],
    why: str,
    *,
    attempt: int | None = None,
    anew: Set[str] = frozenset(),
) -> None:
    """Run tasks again. Where everything had succeeded (a cancel came too late), the flow run ends anew."""
    was_over = run.state in TERMINAL
    free = run_again(step, run, seeds=seeds, states=states, why=why, anew=anew)
    if not was_over or go_on(step, run, why=why, attempt=attempt):
        settle(step, run, ended={}, free=free)
    if was_over and attempt is None and run.parent_task_run_id is not None:
        step.follow_ups.append(HealParent(run.id))


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
