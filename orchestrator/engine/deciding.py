"""Tasks that only direct a flow, `case` and `merge`: they end in the transaction that lets them start."""

from orchestrator.core.control import Known, decide
from orchestrator.core.planner import Ending
from orchestrator.core.states import SUCCESSFUL, State
from orchestrator.engine.endings import end_task_runs, ending_move
from orchestrator.engine.results import read_results
from orchestrator.engine.steps import Ready, Run, Step


def end_deciding(step: Step, run: Run, ready: list[Ready]) -> dict[str, Ending]:
    """End cases and merges by what their upstreams handed on; no worker executes them."""
    if not ready:
        return {}
    read = {slug for task_run in ready for slug in run.graph.reads[task_run.slug]}
    found = read_results(flow_run_id=run.id, slugs=read)
    known = Known(
        results={slug: result for slug, (state, result) in found.items() if state in SUCCESSFUL},
        skipped={slug for slug, (state, _) in found.items() if state is State.SKIPPED},
        parameters=run.parameters,
    )
    moves = [ending_move(run, task_run, decide(run.graph.tasks[task_run.slug], known)) for task_run in ready]
    return end_task_runs(step, run, moves)
