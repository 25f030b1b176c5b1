"""The flow runs that the ends of claims concern, held by this transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from uuid import UUID

from orchestrator.core.states import State
from orchestrator.engine.ahead import Place, places_after, read_ahead
from orchestrator.engine.believing import hold_as_left
from orchestrator.engine.database import ask, believe
from orchestrator.engine.statements import LOCK_WITH_TASK_RUNS, RUN_COLUMNS
from orchestrator.engine.steps import Claim, Ready, Run, run_of
from orchestrator.engine.telling import Waiting

# Ends that are told to their parents in the same transaction. More are told in transactions of their own: many children
# of one parent would else wait for each other's whole transactions.
FEW = 4


@dataclass(slots=True)
class Held:
    """Flow runs that this transaction holds: those with claims that are still the worker's, and those above them.

    `waiting`: child flow run -> the flow run that waits for it, with the waiting task run. `by`: gives the id of this
    transaction when it has committed.
    """

    holding: list[tuple[Run, list[Ready]]] = field(default_factory=list)
    waiting: dict[UUID, Waiting] = field(default_factory=dict)
    by: Callable[[], str] = str


def hold(claims: list[Claim]) -> Held:
    """Hold the flow runs of claims that end, and those above that may end with them: as they were left, or locked."""
    left = claims[0].left if len(claims) == 1 else None
    if left is not None and believe():
        line, by = hold_as_left(left)
        first, ended = line[0]
        waiting = {child.id: Waiting(run, [ready]) for (child, _), (run, ready) in pairwise(line)}
        return Held([(first, [ended])], waiting, by)
    climb = len(claims) <= FEW
    return lock(claims, climb=climb, ahead=(place for held in claims for place in places_after(held, climb=climb)))


def lock(claims: list[Claim], *, climb: bool = False, ahead: Iterable[Place] = ()) -> Held:
    """Lock the flow runs and the rows of claims; with `climb` also those above that may end with them.

    This is the one place that locks several flow runs that exist, but for `hold_as_left`, which does it in the same
    way: all at once and before anything else, in one order for everybody: children before parents, then by id. Whoever
    locks one alone waits for no other. So nobody can wait in a circle.

    :param ahead: what is read with them
    """
    attempts = {held.task_run_id: held.attempt for held in claims}
    locked = Held()
    held_attempts: dict[UUID, int] = {}
    aboves = {held.flow_run_id: held.above for held in claims}
    found = ask(LOCK_WITH_TASK_RUNS, task_run_ids=list(attempts), climb=climb)
    found_ahead = read_ahead(ahead)()
    for _, of_one in groupby(found(), key=lambda row: row[0]):
        group = list(of_one)
        run, ready = run_of(group[0]), []
        run.ahead, run.above = found_ahead.get(run.id, {}), aboves.get(run.id)
        held_attempts[run.id] = run.attempt
        for row in group:
            identity, slug, index, attempt, state, failures, child, child_attempt, waits, level = row[RUN_COLUMNS:-1]
            task_run = Ready(identity, slug, attempt, State.RUNNING, failures, child, child_attempt, index)
            if state != State.RUNNING:
                continue
            # What waits for a child is no worker's any more, whoever claimed it.
            if level == 0 and attempts[identity] == attempt and not waits:
                ready.append(task_run)
            elif level > 0 and waits and held_attempts.get(child, 0) >= child_attempt:
                locked.waiting[child] = Waiting(run, [task_run])
        if ready:
            locked.holding.append((run, ready))
    locked.by = lambda: str(found()[0][-1])
    return locked
