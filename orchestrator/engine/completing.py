"""The ends of what a worker holds."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from django.db import DataError

from orchestrator.core.caching import CacheEntry
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.believing import leave
from orchestrator.engine.caching import store_cached
from orchestrator.engine.claiming import claim_with
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import retried
from orchestrator.engine.endings import end_task_runs, ending_move, found_move
from orchestrator.engine.holding import hold, lock
from orchestrator.engine.inputs import inputs_for_children, lists_of
from orchestrator.engine.items import items_beside
from orchestrator.engine.settling import settle
from orchestrator.engine.starting import start_here
from orchestrator.engine.steps import Claim, Ready, Run, Step, TellParent, one_step
from orchestrator.engine.telling import Waiting, mirror

Ended = tuple[Claim, Ending]
_T = TypeVar("_T")

# Child flow runs that one claim of an item starts: the flow run is locked meanwhile, and their ends have to wait.
AT_ONCE = 200


def complete(*, ended: list[Ended], worker: str = "", claims: int = 0, looks: bool = False) -> list[Step]:
    """End claimed task runs and do all that follows in their flow runs: one transaction, or one each if that fails.

    A claim that is no longer the worker's changes nothing: its row has another attempt or state by now.

    :param claims: how many of the task runs that become ready the worker goes on with itself
    :param looks: whether, if none do, it claims as many of any others in the same transaction
    """
    try:
        return [_complete(ended, worker, claims, looks)]
    except DataError as error:
        if len(ended) > 1:
            return [step for one in ended for step in complete(ended=[one], worker=worker)]
        # A result that the database refuses must not be tried again and again as if the worker had been lost.
        refused = Ending(State.FAILED, f"The result cannot be stored: {error}"[:500])
        return [_complete([(ended[0][0], refused)], worker, claims, looks)]


@retried
def _complete(ended: list[Ended], worker: str, claims: int, looks: bool) -> Step:
    endings = {held.task_run_id: ending for held, ending in ended}
    with one_step(worker=worker, claims=claims) as step:
        locked = hold([claim for claim, _ in ended])
        for run, held in locked.holding:
            moves = [ending_move(run, ready, endings[ready.id]) for ready in held]
            done = end_task_runs(step, run, moves)
            store_cached(run, list(_to_cache(run, held, endings, done)))
            settle(step, run, ended=done)
        _climb(step, locked.waiting)
        if looks:
            claim_with(step, limit=claims)
        note = leave(step, locked.by)
        point("ending")
    note()
    point("ended")
    return step


def _to_cache(
    run: Run, held: list[Ready], endings: dict[UUID, Ending], done: dict[str, Ending]
) -> Iterator[tuple[CacheEntry, Any]]:
    for ready in held:
        entry = endings[ready.id].cache
        ended = done.get(ready.slug) if ready.map_index < 0 else run.items_ended.get((ready.slug, ready.map_index))
        if entry is not None and ended is not None and ended.state is State.SUCCESS:
            yield entry, ended.result


def _climb(step: Step, waiting: dict[UUID, Waiting]) -> None:
    """Tell the parents that this transaction holds of their children's ends, as far up as flow runs end."""
    while told := [debt for debt in step.follow_ups if isinstance(debt, TellParent) and debt.child in waiting]:
        of_one: dict[UUID, Waiting] = {}
        for debt in told:
            step.follow_ups.remove(debt)
            found = waiting.pop(debt.child)
            of_one.setdefault(found.run.id, Waiting(found.run, [])).task_runs.extend(found.task_runs)
        for parent in of_one.values():
            mirror(step, parent, step.ended)


@retried
def start_held(*, held: Claim, worker: str = "", claims: int = 0) -> Step:
    """Start a claimed task run that the engine carries out itself: it may wait then, and holds no worker.

    Of an item of a mapped task, also those of others that wait only for somebody to do it.
    """
    loaded, lost = _loaded(held, inputs_for_children)
    with one_step(worker=worker, claims=claims) as step:
        for run, ready in lock([held]).holding:
            if ending := _not_started(run, lost):
                settle(step, run, ended=end_task_runs(step, run, [ending_move(run, one, ending) for one in ready]))
            else:
                if held.map_index >= 0:
                    ready += items_beside(run, held.slug, after=held.map_index, limit=AT_ONCE)
                settle(step, run, ended=start_here(step, run, ready, loaded=loaded))
    return step


@retried
def give_items_to(*, held: Claim, worker: str = "", claims: int = 0) -> Step:
    """Give a claimed mapped task its items; it then waits for them and holds no worker."""
    lists, lost = _loaded(held, lists_of)
    with one_step(worker=worker, claims=claims) as step:
        for run, ready in lock([held]).holding:
            if ending := _not_started(run, lost):
                settle(step, run, ended=end_task_runs(step, run, [ending_move(run, one, ending) for one in ready]))
            else:
                run.lists = lists or {}
                settle(step, run, ended={}, ready=ready)
    return step


@retried
def end_lost(*, held: Claim, ending: Ending) -> Step:
    """End a task run whose worker was lost. People's code around it hears of that, unless the loss came by hearing."""
    was_told = bool((held.carried or {}).get("ending"))
    with one_step() as step:
        for run, ready in lock([held]).holding:
            moves = [(ending_move if was_told else found_move)(run, one, ending) for one in ready]
            settle(step, run, ended=end_task_runs(step, run, moves))
    return step


def _not_started(run: Run, lost: Ending | None) -> Ending | None:
    return Ending(State.CANCELLED, "Cancelled before it started.") if run.state is State.CANCELLING else lost


def _loaded(held: Claim, load: Callable[[Claim], _T]) -> tuple[_T | None, Ending | None]:
    """Return the results that a claim reads, before its transaction begins; the ending if one is lost."""
    try:
        return load(held), None
    except Exception as error:  # noqa: BLE001 - whatever a storage may raise; it becomes the task run's failure
        return None, Ending(State.FAILED, f"{type(error).__name__}: {error}"[:1_000])
