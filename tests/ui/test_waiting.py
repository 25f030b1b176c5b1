"""What waits for a person's answer, on the home page of those who may give it."""

from orchestrator.core.states import State
from orchestrator.models import FlowVersion, Role
from tests.rows import make_flow, make_flow_run, make_project, make_user
from tests.ui.conftest import client_of


def test_home_lists_what_waits_for_whoever_may_answer_and_for_nobody_else(db):
    project = make_project()
    flow = make_flow(project, slugs=("plain", "asks"))
    version = FlowVersion.objects.get(flow=flow)
    version.graph["tasks"][1] |= {"name": "Ship it", "kind": "approval", "role": "editor"}
    version.save()
    run = make_flow_run(flow, State.RUNNING)
    run.task_runs.update(state=State.PAUSED, message="Look at this.")
    others = {"nobody": make_user(), "viewer": make_user(project, Role.VIEWER)}

    for user in others.values():
        assert "Waits for you" not in client_of(user).get("/").content.decode()
    operator = client_of(make_user(project, Role.OPERATOR)).get("/").content.decode()
    editor = client_of(make_user(project, Role.EDITOR)).get("/").content.decode()

    assert f"/flow-runs/{run.pk}/#plain" in operator
    assert "Ship it" not in operator
    assert f"/flow-runs/{run.pk}/#asks" in editor
    assert "Ship it" in editor
    assert "Look at this." in editor
    run.task_runs.update(state=State.SUBMITTED)
    assert "Waits for you" not in client_of(make_user(project, Role.EDITOR)).get("/").content.decode()
