"""The tasks that the engine carries out itself, started each as its kind asks."""

from orchestrator.core.control import DECIDING
from orchestrator.core.graph import TaskKind
from orchestrator.core.planner import Ending
from orchestrator.engine.asking import ask_people
from orchestrator.engine.children import start_children
from orchestrator.engine.deciding import end_deciding
from orchestrator.engine.inputs import Results
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.watching import WATCHING, start_watching


def start_here(step: Step, run: Run, ready: list[Ready], *, loaded: Results | None = None) -> dict[str, Ending]:
    """Start tasks that no worker executes; return the endings of those that have ended by it.

    Those whose inputs are kept outside the database are left Submitted, for a worker to load them first.

    :param loaded: the results that their inputs read, where a worker has loaded them
    """
    of_kind: dict[TaskKind, list[Ready]] = {}
    for task_run in ready:
        of_kind.setdefault(run.graph.tasks[task_run.slug].kind, []).append(task_run)
    deciding = [task_run for kind in DECIDING for task_run in of_kind.get(kind, ())]
    watching = [task_run for kind in WATCHING for task_run in of_kind.get(kind, ())]
    ended = end_deciding(step, run, deciding, loaded=loaded) if deciding else {}
    if watching:
        ended |= start_watching(step, run, watching, loaded=loaded)
    ended |= ask_people(step, run, of_kind.get(TaskKind.APPROVAL, []), loaded=loaded)
    return ended | start_children(step, run, of_kind.get(TaskKind.FLOW_RUN, []), loaded=loaded)
