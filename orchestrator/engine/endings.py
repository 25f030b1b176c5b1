"""How a task run ends, or tries again: the moves that an outcome means for its row."""

from orchestrator.core.planner import Ending, retry_delay, retry_message
from orchestrator.core.states import State
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.transitions import Move, move_flow_run, move_task_runs


def ending_move(run: Run, ready: Ready, ending: Ending) -> Move:
    """Return the move that `ending` means for a task run: its end, or, where retries are left, its next attempt.

    Nothing is tried again in a flow run that is being cancelled.
    """
    task = run.graph.tasks[ready.slug]
    failed = ending.state is State.FAILED
    delay = retry_delay(task, ready.failures + 1) if failed and run.state is not State.CANCELLING else None
    move = Move(ready.id, ready.slug, ready.attempt, ready.before, ending.state, ending.message, ending.result)
    move.failure_step = int(failed)
    if delay is not None:
        move.after, move.delay, move.result = State.RETRYING, delay, None
        move.message = retry_message(task, ready.failures + 1, ending.message)
    return move


def end_task_runs(step: Step, run: Run, moves: list[Move]) -> dict[str, Ending]:
    """Carry out ending moves; return slug -> ending of those that did end; the others are tried again."""
    move_task_runs(step, run, moves)
    ended = {}
    for move in moves:
        if move.after is State.RETRYING:
            step.due_in = move.delay if step.due_in is None else min(step.due_in, move.delay)
        else:
            ended[move.slug] = Ending(move.after, move.message, move.result)
    return ended


def mark_running(step: Step, run: Run) -> None:
    """Note that a flow run's first task run has started."""
    if run.state is State.PENDING:
        move_flow_run(step, run, Ending(State.RUNNING))
