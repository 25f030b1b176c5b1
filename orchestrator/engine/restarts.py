"""One flow run's restart from what did not succeed, in one transaction."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.planner import Ending, restart_counts, restart_set
from orchestrator.core.states import SUCCESSFUL, TERMINAL, State
from orchestrator.engine.database import retried, rows
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import READ_ALL_STATES, RESTART_TASK_RUNS
from orchestrator.engine.steps import Ready, Run, Step, lock_flow_run, one_step
from orchestrator.engine.transitions import move_flow_run


class NotFinished(ValueError):
    """Only a flow run that has ended can be restarted."""


@retried
def restart_one(*, flow_run_id: UUID, user: AbstractBaseUser | None = None) -> Step:
    """Restart one flow run that has ended, in one transaction; its children are owed.

    :raises UnknownFlowRun: there is none of that id
    :raises NotFinished: it has not ended
    """
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        if run.state not in TERMINAL:
            raise NotFinished(
                f"Flow run {run.id} is {run.state}; cancel it, or wait for its end, before restarting it."
            )
        if run.state in SUCCESSFUL:
            return step
        why = f"Restarted by {user.get_username()}." if user else "Restarted."
        _restart(step, run, run.attempt + 1, why)
    return step


@retried
def restart_child(*, flow_run_id: UUID, attempt: int, worker: str = "", claims: int = 0) -> Step:
    """Restart a child flow run because its parent's task run retries, unless its attempt has come so far already."""
    with one_step(worker=worker, claims=claims) as step:
        run = lock_flow_run(flow_run_id)
        if run.state in TERMINAL and run.attempt < attempt:
            _restart(step, run, attempt, "Restarted by the retry of its parent.")
    return step


def _restart(step: Step, run: Run, attempt: int, why: str) -> None:
    """Run what did not succeed again. Where everything did (a cancel came too late), the flow run ends anew."""
    states = {slug: State(state) for slug, state in rows(READ_ALL_STATES, flow_run_id=run.id)}
    again = restart_set(run.graph, states)
    counts = restart_counts(run.graph, again)
    restarted = rows(
        RESTART_TASK_RUNS,
        flow_run_id=run.id,
        slugs=list(counts),
        waiting_on=counts,
        befores={slug: states[slug] for slug in counts},
        message=why,
        actor=step.user_id,
    )
    run.unfinished = len(restarted)
    move_flow_run(step, run, Ending(State.PENDING, why), attempt=attempt)
    free = []
    for identity, slug, its_attempt, child, child_attempt, waiting_on in restarted:
        if waiting_on == 0:
            free.append(Ready(identity, slug, its_attempt, State.PENDING, 0, child, child_attempt))
    settle(step, run, ended={}, free=free)
