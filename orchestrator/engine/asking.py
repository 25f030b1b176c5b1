"""Tasks that ask a person: reached, they are Paused until somebody answers; no worker has them."""

import json
from typing import Any

from orchestrator.core.approvals import ASKS, InvalidProposal, proposed
from orchestrator.core.bindings import Unresolvable, resolve
from orchestrator.core.graph import Task
from orchestrator.core.large import unread_in
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.endings import end_task_runs, mark_running
from orchestrator.engine.results import load_for_child, results_to_bind
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.transitions import Move
from orchestrator.queries.results import LostResult

MAX_PROPOSAL = 65_536


def ask_people(step: Step, run: Run, ready: list[Ready]) -> dict[str, Ending]:
    """Let approvals wait for an answer, each with what it proposes; return the endings of those that cannot ask."""
    if not ready:
        return {}
    moves = [_asked(run, task_run) for task_run in ready]
    ended = end_task_runs(step, run, moves)
    if len(ended) < len(moves):
        mark_running(step, run)
    return ended


def _asked(run: Run, ready: Ready) -> Move:
    task = run.graph.tasks[ready.slug]
    move = Move(ready.id, ready.slug, ready.attempt, ready.before, State.PAUSED, task.message or ASKS)
    try:
        move.result = _proposal(run, task)
    except (Unresolvable, InvalidProposal, LostResult) as error:
        move.after, move.message = State.FAILED, str(error)
        return move
    # Only a time limit of its own ends this pause; see `answering.end_unanswered`.
    move.delay, move.carried = task.timeout_seconds, {"asks": True}
    return move


def _proposal(run: Run, task: Task) -> dict[str, Any]:
    if "parameters" not in task.inputs:
        return {}
    results = load_for_child(results_to_bind(flow_run_id=run.id, slugs=run.graph.reads[task.slug]))
    for unread in unread_in(results):
        raise InvalidProposal(f"It reads a result that is no JSON ({unread.type_name}); only functions can.")
    found = proposed(resolve(task.inputs["parameters"], results=results, parameters=run.parameters))
    if (size := len(json.dumps(found))) > MAX_PROPOSAL:
        raise InvalidProposal(f"What is to be approved takes {size:,} bytes; {MAX_PROPOSAL:,} are the limit.")
    return found
