"""What waits, on the home page of those who may answer, and in lists of flow runs."""

from datetime import timedelta

from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.models import FlowRun, FlowVersion, Role, Worker
from orchestrator.queries.standstills import standing_below, standstills
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


def listed(run: FlowRun, query: str = "") -> str:
    return client_of(make_user(run.flow.project, Role.VIEWER)).get(f"/flow-runs/{query}").content.decode()


def test_lists_say_what_a_run_stands_still_for(db):
    run = make_flow_run(make_flow(make_project()), State.RUNNING)
    tasks = run.task_runs.order_by("slug")

    tasks.update(state=State.SUBMITTED, queue="gpu")
    assert "No worker serves the queue gpu." in listed(run)
    ended = make_flow_run(run.flow, State.CANCELLED)
    ended.task_runs.update(state=State.SUBMITTED, queue="gpu")
    assert listed(run).count("No worker serves") == 1, "what has ended waits for nothing"
    ended.delete()

    tasks.filter(slug="one").update(queue="cpu")
    assert "No worker serves the queues cpu, gpu." in listed(run)

    now = timezone.now()
    Worker.objects.create(
        name="w", slots=1, queues=["gpu", "cpu"], started_at=now, lease_until=now + timedelta(minutes=1)
    )
    assert "No worker serves" not in listed(run)

    tasks.update(queue="~none", state=State.SUBMITTED)
    assert "No worker serves" not in listed(run)
    assert "Waits for room" not in listed(run), "other tasks of it may go on"
    FlowRun.objects.update(state=State.PENDING)
    assert "Waits for room: a limit of its tags." in listed(run)

    tasks.update(state=State.RETRYING, due_at=now + timedelta(minutes=40))
    assert "Tries again <time" in listed(run)

    tasks.update(state=State.PAUSED)
    assert "Waits for a person&#x27;s answer." in listed(run)


def test_lists_say_what_stands_still_at_any_depth_below_a_run(db):
    flow = make_flow(make_project())
    root, other = make_flow_run(flow, State.RUNNING), make_flow_run(flow, State.RUNNING)
    below = make_flow_run(flow, State.RUNNING, root_run=root, parent_task_run=root.task_runs.first())
    deep = make_flow_run(flow, State.PENDING, root_run=root, parent_task_run=below.task_runs.first())
    deep.task_runs.update(state=State.SUBMITTED, queue="gpu")

    assert standstills([root.pk, other.pk]).keys() == {root.pk}
    assert standstills([below.pk, deep.pk]).keys() == {deep.pk}
    assert listed(root).count("No worker serves the queue gpu.") == 1
    assert listed(root, "?children=1").count("No worker serves the queue gpu.") == 2
    said = [
        [(found["flow_run"], found["message"]) for found in standing_below(run)] for run in (root, below, deep, other)
    ]
    assert said == [*[[(str(deep.pk), "No worker serves the queue gpu.")]] * 2, [], []]


def test_what_is_paused_or_queued_below_a_run_is_said_above_it(db):
    flow = make_flow(make_project())
    root = make_flow_run(flow, State.RUNNING)
    below = make_flow_run(
        flow, State.PAUSED, root_run=root, parent_task_run=root.task_runs.first(), message="Paused by ann: the source."
    )
    held = make_flow_run(
        flow, State.PAUSED, root_run=root, parent_task_run=below.task_runs.first(), held_since=timezone.now()
    )

    def said() -> list[tuple[str, str]]:
        return [(found["flow_run"], found["message"]) for found in standing_below(root)]

    assert said() == [(str(below.pk), "Paused by ann: the source.")], "what is paused with its parent says nothing more"
    assert standing_below(below) == standing_below(held) == []
    assert "Waits for a flow run that is Paused." in listed(root)

    FlowRun.objects.filter(pk=below.pk).update(state=State.QUEUED, message="")
    assert said() == [(str(below.pk), "It is Queued.")]
    assert listed(root, "?children=1").count("Waits for a flow run that is Queued.") == 1
    FlowRun.objects.filter(pk=below.pk).update(state=State.RUNNING)
    assert (said(), standstills([root.pk])) == ([], {})


def test_what_is_tried_again_below_a_run_is_said_with_what_went_wrong(db):
    flow, at = make_flow(make_project()), timezone.now() + timedelta(minutes=10)
    root = make_flow_run(flow, State.RUNNING)
    below = make_flow_run(flow, State.RUNNING, root_run=root, parent_task_run=root.task_runs.first())
    below.task_runs.filter(slug="one").update(
        state=State.RETRYING, due_at=at, message="ConnectionError: gone\nat line 3"
    )

    (told,) = standing_below(root)

    assert (told["message"], told["tries_at"]) == ("", at.isoformat().replace("+00:00", "Z"))
    assert told["failure"] == "ConnectionError: gone"
