"""Flow runs in flow runs, on as few slots as there can be."""

import pytest
from django.utils import timezone

from orchestrator.core.graph import FlowName
from orchestrator.core.states import State
from orchestrator.engine.drafts import create_canvas_flow, publish_draft, save_draft
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_apps
from orchestrator.models import Flow, FlowRun, Origin, Project
from tests.processes import eventually

pytestmark = pytest.mark.workers


def draw(project: Project, name: str, child: FlowName, user) -> Flow:
    """Publish a flow that starts one child and waits for it."""
    flow = create_canvas_flow(project=project, name=name, description="", user=user)
    started = {"slug": "only-1", "name": "only", "kind": "flow_run"}
    graph = {"tasks": [{**started, "flow": {"project": child.project, "name": child.name}}], "edges": []}
    draft = save_draft(flow=flow, graph=graph, parameter_schema=None, revision=1, user=user)
    publish_draft(flow=flow, revision=draft.revision, message="", user=user)
    return flow


def test_five_levels_of_nesting_finish_on_a_worker_with_one_slot(start_worker, django_user_model):
    register_apps(now=timezone.now())
    user = django_user_model.objects.create_superuser("admin")
    project = Project.objects.get(name="examples")
    child = FlowName("examples", "example")
    for level in range(1, 5):
        outermost = draw(project, f"level-{level}", child, user)
        child = FlowName("examples", outermost.name)
    start_worker(concurrency=1)

    started = start_flow_run(flow=outermost, parameters={}, now=timezone.now(), origin=Origin.COMMAND)

    run = FlowRun.objects.filter(pk=started.flow_run_id, ended_at__isnull=False)
    eventually(run.exists, else_say="the outermost flow run ends")
    assert list(FlowRun.objects.values_list("state", flat=True)) == [State.SUCCESS] * 5
    assert sorted(FlowRun.objects.values_list("depth", flat=True)) == [0, 1, 2, 3, 4]
