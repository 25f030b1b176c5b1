"""Tasks that only direct a flow, `case` and `merge`: they end in the transaction that lets them start."""

from typing import Any

from orchestrator.core.bindings import ListOf, Upstream
from orchestrator.core.control import Known, decide
from orchestrator.core.graph import Task, TaskKind
from orchestrator.core.large import holds_stored, unread_in
from orchestrator.core.planner import Ending
from orchestrator.core.states import SUCCESSFUL, State
from orchestrator.engine.endings import end_task_runs, ending_move
from orchestrator.engine.inputs import read_inputs
from orchestrator.engine.results import load_for_child, read_results
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.transitions import Move
from orchestrator.queries.results import LostResult


def end_deciding(step: Step, run: Run, ready: list[Ready]) -> dict[str, Ending]:
    """End cases and merges by what their upstreams handed on; no worker executes them."""
    if not ready:
        return {}
    tasks = [task_run for task_run in ready if task_run.map_index < 0]
    items = [task_run for task_run in ready if task_run.map_index >= 0]
    return end_task_runs(
        step, run, (_moves(run, tasks) if tasks else []) + (_moves_of_items(run, items) if items else [])
    )


def _moves_of_items(run: Run, items: list[Ready]) -> list[Move]:
    found = read_inputs(flow_run_id=run.id, graph=run.graph, readers=[(item.slug, item.map_index) for item in items])
    moves = []
    for item in items:
        task, index = run.graph.tasks[item.slug], item.map_index
        results = found
        try:
            if found.is_stored(run.graph.reads[item.slug], index) and not _hands_on_whole(task):
                results = found.of(index).loaded(load_for_child)
            ending = decide(task, Known(results.whole, frozenset(), run.parameters, index, results.items.get(index)))
        except LostResult as error:
            ending = Ending(State.FAILED, str(error))
        moves.append(ending_move(run, item, ending))
    return moves


def _moves(run: Run, ready: list[Ready]) -> list[Move]:
    read = {slug for task_run in ready for slug in run.graph.reads[task_run.slug]}
    found = read_results(flow_run_id=run.id, slugs=read)
    known = Known(
        results={slug: result for slug, (state, result) in found.items() if state in SUCCESSFUL},
        skipped={slug for slug, (state, _) in found.items() if state is State.SKIPPED},
        parameters=run.parameters,
    )
    return [
        ending_move(run, task_run, _decided(run.graph.tasks[task_run.slug], run.graph.reads[task_run.slug], known))
        for task_run in ready
    ]


def _decided(task: Task, reads: tuple[str, ...], known: Known) -> Ending:
    """Return how a task decides. A result that is kept outside its row is read only where it is looked into."""
    results: dict[str, Any] = {slug: known.results[slug] for slug in reads if slug in known.results}
    if not holds_stored(results) or _hands_on_whole(task):
        return decide(task, known)
    try:
        results = load_for_child(results)
    except LostResult as error:
        return Ending(State.FAILED, str(error))
    for unread in unread_in(results):
        return Ending(State.FAILED, f"It reads a result that is no JSON ({unread.type_name}); only functions can.")
    return decide(task, Known(results, known.skipped, known.parameters))


def _hands_on_whole(task: Task) -> bool:
    branches = task.inputs.get("branches")
    return task.kind is TaskKind.MERGE and all(
        isinstance(branch, Upstream) and not branch.path
        for branch in (branches.items if isinstance(branches, ListOf) else ())
    )
