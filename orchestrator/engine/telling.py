"""A child flow run's end becomes the end of the task runs that wait for it."""

from dataclasses import dataclass
from uuid import UUID

from orchestrator.core.planner import Ending
from orchestrator.core.states import ENDED, State
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import retried, rows
from orchestrator.engine.endings import end_task_runs, found_move
from orchestrator.engine.results import named
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import LOCK_WITH_ENDED_CHILDREN, LOOK_AT_FLOW_RUN, RUN_COLUMNS, WAITING_PARENTS
from orchestrator.engine.steps import Ready, Run, Step, TellParent, one_step, run_of
from orchestrator.engine.transitions import TERMINAL_STATES
from orchestrator.engine.watching import WATCHING, watched_moves


def tell_parents(*, debts: list[TellParent], worker: str = "", claims: int = 0) -> list[Step]:
    """Mirror the ends of child flow runs in the task runs that wait for them: one transaction a parent.

    Children that have not ended, or whose parents have heard already, change nothing.
    """
    by_parent: dict[UUID, list[UUID]] = {}
    for debt in debts:
        for parent in [debt.parent] if debt.parent else _waiting_for(debt.child):
            by_parent.setdefault(parent, []).append(debt.child)
    steps = []
    for parent, children in by_parent.items():
        step = _tell(parent, children, worker, claims)
        claims -= len(step.claimed)
        steps.append(step)
    return steps


def _waiting_for(child: UUID) -> list[UUID]:
    return [parent for (parent,) in rows(WAITING_PARENTS, children=[child])]


@retried
def has_ended(*, flow_run_id: UUID) -> bool:
    """Return whether a flow run has ended, having waited for a transaction that is ending it.

    Whoever began to wait for it before this, and is told that it has not ended, is heard by the one that ends it.
    """
    found = rows(LOOK_AT_FLOW_RUN, id=flow_run_id, terminal=TERMINAL_STATES)
    return bool(found and found[0][0])


@dataclass(slots=True)
class Waiting:
    """A flow run that this transaction holds, with task runs of it that wait for child flow runs."""

    run: Run
    task_runs: list[Ready]


def mirror(step: Step, waiting: Waiting, endings: dict[UUID, Ending]) -> None:
    """End the task runs that wait for children as these ended, and do all that follows in their flow run.

    :param endings: child flow run -> how it ended
    """
    moves, watching = [], []
    for ready in waiting.task_runs:
        if waiting.run.graph.tasks[ready.slug].kind in WATCHING:
            watching.append(ready)
            continue
        assert ready.child is not None
        ending = endings[ready.child]
        mirrored = Ending(ending.state, _mirrored(ending.state, ending.message), ending.result)
        moves.append(found_move(waiting.run, ready, mirrored))
    moves += watched_moves(waiting.run, watching)
    settle(step, waiting.run, ended=end_task_runs(step, waiting.run, moves))


@retried
def _tell(parent: UUID, children: list[UUID], worker: str, claims: int) -> Step:
    with one_step(worker=worker, claims=claims) as step:
        found = rows(LOCK_WITH_ENDED_CHILDREN, id=parent, children=children, terminal=TERMINAL_STATES)
        if not found:
            return step
        waiting = Waiting(run_of(found[0]), [])
        endings = {}
        for row in found:
            identity, slug, index, attempt, failures, child, state, message, result, stored = row[RUN_COLUMNS:]
            waiting.task_runs.append(Ready(identity, slug, attempt, State.RUNNING, failures, child, map_index=index))
            endings[child] = Ending(State(state), message, named(result, stored))
        mirror(step, waiting, endings)
    point("parent told")
    return step


def _mirrored(state: State, message: str) -> str:
    if state is State.SUCCESS:
        return ""
    return f"Child flow run {ENDED[state]}: {message}"
