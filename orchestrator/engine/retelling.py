"""What a failed child flow run is told when its parent is restarted: the parameters that its parent says now."""

from typing import Any
from uuid import UUID

from django.db.models import F

from orchestrator.core.parameters import check_parameters
from orchestrator.core.starts import Unstartable
from orchestrator.core.states import State
from orchestrator.engine.inputs import Results, read_inputs
from orchestrator.engine.orders import parameters_said
from orchestrator.engine.results import load_for_child
from orchestrator.engine.steps import Ready, Run
from orchestrator.engine.versions import load_version
from orchestrator.models import FlowRun, TaskRun

# What `check_retelling` asks of a child, and whoever joins it again.
RETOLD = ("id", "state", "attempt", "version_id", "parameters", "parent_task_run_id")


def check_retelling(run: Run, ready: Ready, child: FlowRun, results: Results) -> None:
    """Accept that a child is restarted with what its parent says now.

    :raises Unstartable: its inputs cannot be read, or the child refuses these parameters
    """
    if ready.failures or child.parent_task_run_id != ready.id:
        return
    said = parameters_said(run.graph.tasks[ready.slug], ready.map_index, run.parameters, results)
    version = load_version(child.version_id)
    if problems := check_parameters(version.parameter_schema, {**child.parameters, **said}):
        raise Unstartable(f"{version.flow} refuses these parameters. " + " ".join(found.message for found in problems))


def parameters_from_above(*, child: UUID, attempt: int) -> dict[str, Any]:
    """Return what the task run that started a flow run says for it now, where it waits for that attempt of it.

    A retry says what it said before, so what a person gave the child meanwhile stays; so does what the parent does not
    name. What is kept outside the database is read, so never ask inside a transaction.
    """
    waits = TaskRun.objects.filter(
        child_flow_run=child,
        child_flow_run__parent_task_run=F("pk"),
        child_attempt=attempt,
        state=State.RUNNING,
        failures=0,
    )
    found = waits.values_list(
        "flow_run_id", "flow_run__version_id", "flow_run__parameters", "slug", "map_index"
    ).first()
    if found is None:
        return {}
    flow_run_id, version_id, own, slug, index = found
    graph = load_version(version_id).graph
    results = read_inputs(flow_run_id=flow_run_id, graph=graph, readers=[(slug, index)])
    return parameters_said(graph.tasks[slug], index, own, results.loaded(load_for_child))
