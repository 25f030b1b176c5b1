"""Tasks that ask a person: reached, they are Paused until somebody answers; no worker has them."""

import json
from typing import Any

from orchestrator.core.approvals import ASKS, InvalidProposal, proposed
from orchestrator.core.bindings import Unresolvable
from orchestrator.core.graph import Task
from orchestrator.core.large import unread_in
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.endings import end_task_runs, mark_running, submit
from orchestrator.engine.inputs import Results, read_inputs
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.transitions import Move

MAX_PROPOSAL = 65_536


def ask_people(step: Step, run: Run, ready: list[Ready], *, loaded: Results | None = None) -> dict[str, Ending]:
    """Let approvals wait for an answer, each with what it proposes; return the endings of those that cannot ask.

    Those that propose parts of results outside the database are left Submitted, for a worker to load these first.
    """
    if not ready:
        return {}
    readers = [(task_run.slug, task_run.map_index) for task_run in ready]
    results = loaded or read_inputs(flow_run_id=run.id, graph=run.graph, readers=readers)
    later = [one for one in ready if results.is_stored(run.graph.reads[one.slug], one.map_index)]
    moves = [_asked(run, task_run, results) for task_run in ready if task_run not in later]
    submit(step, run, later)
    ended = end_task_runs(step, run, moves)
    if len(ended) < len(moves):
        mark_running(step, run)
    return ended


def _asked(run: Run, ready: Ready, results: Results) -> Move:
    task = run.graph.tasks[ready.slug]
    move = Move(ready.id, ready.slug, ready.attempt, ready.before, State.PAUSED, task.message or ASKS)
    try:
        move.result = _proposal(run, task, ready, results)
    except (Unresolvable, InvalidProposal) as error:
        move.after, move.message = State.FAILED, str(error)
        return move
    # Only a time limit of its own ends this pause; see `answering.end_unanswered`.
    move.delay, move.carried = task.timeout_seconds, {"asks": True}
    return move


def _proposal(run: Run, task: Task, ready: Ready, results: Results) -> dict[str, Any]:
    if "parameters" not in task.inputs:
        return {}
    read = [results.whole[slug] for slug in run.graph.reads[task.slug] if slug in results.whole]
    for unread in unread_in(read):
        raise InvalidProposal(f"It reads a result that is no JSON ({unread.type_name}); only functions can.")
    found = proposed(results.inputs(task, ready.map_index, run.parameters)["parameters"])
    if (size := len(json.dumps(found))) > MAX_PROPOSAL:
        raise InvalidProposal(f"What is to be approved takes {size:,} bytes; {MAX_PROPOSAL:,} are the limit.")
    return found
