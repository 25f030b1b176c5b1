"""A flow run that had ended goes on: its task runs back to Pending, itself under way again or in wait for room."""

from collections.abc import Mapping, Set

from orchestrator.core.admission import WAITS
from orchestrator.core.planner import Ending
from orchestrator.core.restarts import what_runs_again
from orchestrator.core.states import State
from orchestrator.engine.admission_statements import READ_LIMITS_ANEW
from orchestrator.engine.database import rows, send
from orchestrator.engine.items import expansions
from orchestrator.engine.statements import READ_ALL_STATES, RESTART_TASK_RUNS, SET_WAITING_ON
from orchestrator.engine.steps import Admit, Ready, Run, Step
from orchestrator.engine.tagged import limited_tags
from orchestrator.engine.transitions import move_flow_run


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
        limited=limited_tags(run.version),
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


def is_limited_now(run: Run) -> bool:
    """Return whether a limit says how many flow runs are under way with this one, and note it in its row."""
    ((run.is_limited,),) = rows(READ_LIMITS_ANEW, id=run.id)
    return run.is_limited


def go_on(step: Step, run: Run, *, why: str, attempt: int | None = None) -> bool:
    """Bring a flow run that had ended back under way; return whether what may start in it is to be settled now.

    Where its flow or project is full, it waits for room as a new one does, and begins with it. Where nothing of it is
    to run again, it ends anew and needs no room.
    """
    attempt = attempt or run.attempt + 1
    if run.unfinished and is_limited_now(run):
        move_flow_run(step, run, Ending(State.QUEUED, f"{why} {WAITS}"), attempt=attempt)
        step.follow_ups.append(Admit(run.version.project_id, may_share=True))
        return False
    move_flow_run(step, run, Ending(State.PENDING, why), attempt=attempt)
    return True
