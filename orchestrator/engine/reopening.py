"""Ended task runs of one flow run put back to Pending, within the transaction that holds the flow run."""

from collections.abc import Mapping, Set

from orchestrator.core.restarts import what_runs_again
from orchestrator.core.states import State
from orchestrator.engine.database import rows, send
from orchestrator.engine.items import expansions
from orchestrator.engine.statements import READ_ALL_STATES, RESTART_TASK_RUNS, SET_WAITING_ON
from orchestrator.engine.steps import Ready, Run, Step


def states_of(run: Run) -> dict[str, State]:
    """Return slug -> state of all task runs of a flow run."""
    return {slug: State(state) for slug, state in rows(READ_ALL_STATES, flow_run_id=run.id)}


def run_again(
    step: Step, run: Run, *, seeds: Set[str], states: Mapping[str, State], why: str, anew: Set[str] = frozenset()
) -> list[Ready]:
    """Put ended task runs, and everything ended after them, back to Pending; return those that wait for nothing.

    Of mapped tasks, where nothing changes of what they are mapped over, only the items that did not succeed.

    :param states: of all task runs
    :param anew: tasks that shall start a new child flow run, not find again the one that they had
    """
    given = {slug for slug, (_, items) in expansions(run, run.graph.mapped).items() if items is not None}
    found = what_runs_again(run.graph, seeds, states, given - anew)
    if found.others:
        send(
            SET_WAITING_ON,
            flow_run_id=run.id,
            slugs=list(found.others),
            waiting_on=found.others,
        )
    if not found.again:
        return []
    restarted = rows(
        RESTART_TASK_RUNS,
        flow_run_id=run.id,
        slugs=list(found.again),
        waiting_on=found.again,
        befores={slug: states[slug] for slug in found.again},
        anew=list(anew),
        with_items=found.kept,
        message=why,
        actor=step.user_id,
    )
    run.unfinished += len(restarted)
    step.changed.add(run.id)
    return [
        Ready(identity, slug, attempt, State.PENDING, 0, child, child_attempt)
        for identity, slug, attempt, child, child_attempt, waiting_on in restarted
        if waiting_on == 0
    ]
