"""Flows that would start each other in a circle are refused when the last of them is registered or published."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.documents import write_graph
from orchestrator.core.graph import FlowGraph, FlowName, Task, TaskKind
from orchestrator.engine import registration
from orchestrator.engine.drafts import InvalidGraph, create_canvas_flow, publish_draft, save_draft
from orchestrator.engine.registration import InvalidFlow, register_apps
from orchestrator.models import Draft, FlowVersion, Project, Role
from orchestrator.models import Flow as Row
from orchestrator.sdk import Flow
from tests.engine.flows import child, one_task
from tests.rows import make_project, make_user


def starts(name: str, *others: str) -> Flow:
    with Flow(name) as flow:
        for other in others:
            child(other, wait=True)()
    return flow


def test_registering_the_flow_that_closes_a_circle_is_refused_and_names_it(register):
    register(one_task("leaf"))
    register(starts("c", "leaf"))
    register(starts("b", "leaf", "c"))
    register(starts("a", "b"))
    with pytest.raises(InvalidFlow, match=r"tests/c -> tests/a -> tests/b -> tests/c\.$"):
        register(starts("c", "a"))

    assert FlowVersion.objects.filter(flow__name="c").count() == 1


def test_a_flow_that_starts_itself_is_refused(register):
    with pytest.raises(InvalidFlow, match="tests/a -> tests/a"):
        register(starts("a", "leaf", "a"))


def test_only_the_latest_version_of_a_flow_counts(register):
    register(one_task("leaf"))
    register(starts("b", "leaf"))
    register(starts("a", "b"))
    register(starts("a", "leaf"))
    assert register(starts("b", "a")).latest_version.number == 2


def test_flows_of_apps_may_turn_round_in_one_go_and_a_circle_among_them_registers_none(project, monkeypatch):
    def registered(*flows: Flow) -> None:
        for flow in flows:
            flow.project = project.name
        monkeypatch.setattr(registration, "discover", lambda: iter(flows))
        register_apps(now=timezone.now())

    registered(one_task("leaf"), starts("a", "b"), starts("b", "leaf"))
    registered(starts("b", "a"), starts("a", "leaf"))
    assert Row.objects.get(name="b").latest_version.number == 2
    with pytest.raises(InvalidFlow, match="tests/a -> tests/b -> tests/a"):
        registered(starts("a", "b"), one_task("other"))
    assert not Row.objects.filter(name="other").exists()


@pytest.fixture
def editor(project: Project) -> User:
    return make_user(project, Role.EDITOR)


def draw(project: Project, name: str, editor: User, *others: FlowName) -> Draft:
    flow = Row.objects.filter(project=project, name=name).first()
    flow = flow or create_canvas_flow(project=project, name=name, description="", user=editor)
    tasks = {other.name: Task(other.name, other.name, TaskKind.FLOW_RUN, flow=other) for other in others}
    draft = Draft.objects.get(flow=flow)
    graph = write_graph(FlowGraph(tasks))
    return save_draft(flow=flow, graph=graph, parameter_schema=None, revision=draft.revision, user=editor)


def publish(draft: Draft, editor: User) -> None:
    publish_draft(flow=draft.flow, revision=draft.revision, message="", user=editor)


def test_publishing_a_draft_that_closes_a_circle_is_refused_and_names_task_and_circle(register, project, editor):
    register(one_task("leaf"))
    own = [FlowName(project.name, name) for name in ("drawn", "between", "leaf")]
    publish(draw(project, "drawn", editor, own[2]), editor)
    publish(draw(project, "between", editor, own[0]), editor)
    with pytest.raises(InvalidGraph) as refused:
        publish(draw(project, "drawn", editor, own[1]), editor)

    (problem,) = refused.value.problems
    assert (problem.code, problem.task, problem.field) == ("circular_flow", "between", "flow")
    assert problem.message.endswith("without end: tests/drawn -> tests/between -> tests/drawn.")


def test_a_circle_does_not_name_flows_that_the_person_may_not_see(register, project, editor):
    hidden = make_project("hidden")
    register(one_task("leaf"))
    drawn, open_, secret = FlowName(project.name, "drawn"), FlowName(project.name, "open"), FlowName("hidden", "secret")
    superuser = User.objects.create_superuser("root")
    publish(draw(project, "drawn", superuser, FlowName(project.name, "leaf")), superuser)
    publish(draw(hidden, "secret", superuser, drawn), superuser)
    publish(draw(project, "open", superuser, secret), superuser)
    with pytest.raises(InvalidGraph) as refused:
        publish(draw(project, "drawn", editor, open_), editor)

    assert refused.value.problems[0].message.endswith(
        "tests/drawn -> tests/open -> (a flow that you may not see) -> tests/drawn."
    )
