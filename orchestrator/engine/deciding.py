"""Tasks that only direct a flow, `case` and `merge`: they end in the transaction that lets them start."""

from orchestrator.core.control import Known, decide, hands_on_whole
from orchestrator.core.graph import TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import rows
from orchestrator.engine.endings import end_task_runs, found_move, submit
from orchestrator.engine.inputs import Results, read_inputs
from orchestrator.engine.statements import READ_STATES
from orchestrator.engine.steps import Ready, Run, Step


def end_deciding(step: Step, run: Run, ready: list[Ready], *, loaded: Results | None = None) -> dict[str, Ending]:
    """End cases and merges by what their upstreams handed on; no worker executes them.

    Those that look into results outside the database are left Submitted, for a worker to load these first.
    """
    readers = [(task_run.slug, task_run.map_index) for task_run in ready]
    results = loaded or read_inputs(flow_run_id=run.id, graph=run.graph, readers=readers)
    skipped = _skipped(run, ready)
    moves, later = [], []
    for task_run in ready:
        task, index = run.graph.tasks[task_run.slug], task_run.map_index
        if results.is_stored(run.graph.reads[task_run.slug], index) and not hands_on_whole(task):
            later.append(task_run)
        else:
            known = Known(results.whole, skipped, run.parameters, index, results.items.get(index))
            moves.append(found_move(run, task_run, decide(task, known)))
    submit(step, run, later)
    return end_task_runs(step, run, moves)


def _skipped(run: Run, ready: list[Ready]) -> frozenset[str]:
    """Return which tasks were skipped that are read as a part of something; what is read whole is None then anyway."""
    tasks = [run.graph.tasks[task_run.slug] for task_run in ready]
    slugs = {slug for task in tasks if not hands_on_whole(task) for slug in run.graph.reads[task.slug]}
    if not slugs or all(task.kind is not TaskKind.MERGE for task in tasks):
        return frozenset()
    found = rows(READ_STATES, flow_run_id=run.id, slugs=list(slugs))
    return frozenset(slug for slug, state in found if state == State.SKIPPED)
