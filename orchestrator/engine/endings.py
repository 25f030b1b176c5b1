"""How a task run ends, or tries again: the moves that an outcome means for its row."""

import random
from typing import Any

from orchestrator.core.attempts import RETRIED, after_attempt
from orchestrator.core.large import Stored
from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.tagged import note_submitted
from orchestrator.engine.transitions import Move, move_flow_run, move_task_runs


def ending_move(run: Run, ready: Ready, ending: Ending) -> Move:
    """Return the move that `ending` means for a task run: its end, or the wait for its next attempt.

    Nothing is executed again in a flow run that is being cancelled.
    """
    task = run.graph.tasks[ready.slug]
    cancelling = run.state is State.CANCELLING
    after = after_attempt(task, ending, failures=ready.failures, chance=random.random(), cancelling=cancelling)
    move = Move(ready.id, ready.slug, ready.attempt, ready.before, after.state, after.message, after.result)
    move.delay, move.carried, move.map_index = after.delay, after.carried, ready.map_index
    move.failure_step = int(ending.state in RETRIED)
    if task.judged_by_worker:
        move.carried = {**(move.carried or {}), "ending": None}  # it was heard of
    if after.state in (State.PAUSED, State.SUBMITTED):
        # A new attempt already, so that nobody who held the last one can end it, and its log is one of its own.
        move.attempt_step = 1
    if after.state is State.SUBMITTED:
        # Each turn of a loop has all its retries.
        move.failure_step = -ready.failures
    return move


def found_move(run: Run, ready: Ready, ending: Ending) -> Move:
    """Return the move of a task run whose ending the engine found: as `ending_move`, or by way of people's code.

    Where people's code is to hear of it, a worker claims the task run once more and tells the ending.
    """
    task = run.graph.tasks[ready.slug]
    if not task.judged_by_worker or run.state is State.CANCELLING:
        return ending_move(run, ready, ending)
    move = Move(ready.id, ready.slug, ready.attempt, ready.before, State.SUBMITTED, attempt_step=1)
    move.carried, move.map_index = _told(ending), ready.map_index
    return move


def _told(ending: Ending) -> dict[str, Any]:
    """Return what a task run carries to a worker that is to hear of an ending: see `judging`."""
    is_stored = isinstance(ending.result, Stored)
    return {
        "ending": {
            "state": ending.state.value,
            "message": ending.message,
            "result": None if is_stored else ending.result,
            "stored": str(ending.result.id) if is_stored else None,
        }
    }


def end_task_runs(step: Step, run: Run, moves: list[Move]) -> dict[str, Ending]:
    """Carry out ending moves; return slug -> ending of the tasks that did end; the others are executed again.

    Items of mapped tasks that ended are noted in `run.items_ended`, which `settle` looks into.
    """
    move_task_runs(step, run, moves)
    for move in moves:
        if move.after is State.SUBMITTED:
            note_submitted(step, run, move.slug)
    ended = {}
    for move in moves:
        if move.after in TERMINAL:
            ending = Ending(move.after, move.message, move.result)
            if move.map_index < 0:
                ended[move.slug] = ending
            else:
                run.items_ended[move.slug, move.map_index] = ending
    return ended


def submit(step: Step, run: Run, ready: list[Ready]) -> None:
    """Leave tasks that may start to any worker."""
    moves = [
        Move(task.id, task.slug, task.attempt, task.before, State.SUBMITTED, map_index=task.map_index) for task in ready
    ]
    move_task_runs(step, run, moves)
    for task in ready:
        note_submitted(step, run, task.slug)


def mark_running(step: Step, run: Run) -> None:
    """Note that a flow run's first task run has started."""
    if run.state is State.PENDING:
        move_flow_run(step, run, Ending(State.RUNNING))
