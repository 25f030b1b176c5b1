"""The ends of what a worker holds."""

from collections.abc import Iterator
from itertools import groupby

from django.db import DataError

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.children import start_children
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import retried, rows
from orchestrator.engine.endings import end_task_runs, ending_move
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import LOCK_WITH_TASK_RUNS, RUN_COLUMNS
from orchestrator.engine.steps import Claim, Ready, Run, Step, one_step, run_of

Ended = tuple[Claim, Ending]


def complete(*, ended: list[Ended], worker: str = "", claims: int = 0) -> list[Step]:
    """End claimed task runs and do all that follows in their flow runs: one transaction, or one each if that fails.

    A claim that is no longer the worker's changes nothing: its row has another attempt or state by now.

    :param claims: how many of the task runs that become ready the worker goes on with itself
    """
    try:
        return [_complete(ended, worker, claims)]
    except DataError as error:
        if len(ended) > 1:
            return [step for one in ended for step in complete(ended=[one], worker=worker)]
        # A result that the database refuses must not be tried again and again as if the worker had been lost.
        refused = Ending(State.FAILED, f"The result cannot be stored: {error}"[:500])
        return [_complete([(ended[0][0], refused)], worker, claims)]


@retried
def _complete(ended: list[Ended], worker: str, claims: int) -> Step:
    endings = {held.task_run_id: ending for held, ending in ended}
    with one_step(worker=worker, claims=claims) as step:
        for run, held in _lock([claim for claim, _ in ended]):
            moves = [ending_move(run, ready, endings[ready.id]) for ready in held]
            settle(step, run, ended=end_task_runs(step, run, moves))
        point("ending")
    point("ended")
    return step


@retried
def start_child_of(*, held: Claim, worker: str = "", claims: int = 0) -> Step:
    """Start the child flow run of a claimed task run, which then waits for it and holds no worker."""
    with one_step(worker=worker, claims=claims) as step:
        for run, ready in _lock([held]):
            if run.state is State.CANCELLING:
                stopped = [
                    ending_move(run, one, Ending(State.CANCELLED, "Cancelled before it started.")) for one in ready
                ]
                settle(step, run, ended=end_task_runs(step, run, stopped))
            else:
                settle(step, run, ended=start_children(step, run, ready))
    point("child started")
    return step


def _lock(claims: list[Claim]) -> Iterator[tuple[Run, list[Ready]]]:
    """Lock the flow runs and the rows of claims; yield each flow run with those that are still the worker's.

    This is the one place that locks several flow runs that exist. It does so in the order of their ids, all at once
    and before anything else, and whoever locks one alone waits for no other: nobody can wait in a circle.
    """
    attempts = {held.task_run_id: held.attempt for held in claims}
    found = rows(LOCK_WITH_TASK_RUNS, task_run_ids=list(attempts))
    for _, of_one in groupby(found, key=lambda row: row[0]):
        group = list(of_one)
        ready = [
            Ready(identity, slug, attempt, State.RUNNING, failures, child, child_attempt)
            for identity, slug, attempt, state, failures, child, child_attempt in (row[RUN_COLUMNS:] for row in group)
            if attempts[identity] == attempt and state == State.RUNNING
        ]
        if ready:
            yield run_of(group[0]), ready
