"""Flows that would start each other in a circle are refused when the last of them is registered or published."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from orchestrator.core.documents import write_graph
from orchestrator.core.graph import FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine import registration
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.drafts import InvalidGraph, create_canvas_flow, publish_draft, save_draft
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.registration import InvalidFlow, register_apps, register_flow
from orchestrator.engine.steps import Claim
from orchestrator.models import Draft, FlowRun, FlowVersion, Origin, Project, Role, TaskRun
from orchestrator.models import Flow as Row
from orchestrator.sdk import Flow, wait_for_flow_run
from tests.connections import at_once
from tests.engine.conftest import state
from tests.engine.flows import child, one_task, works
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


def test_of_two_registered_at_once_the_one_that_would_close_a_circle_is_refused(register, project):
    def put(flow: Flow) -> Callable[[], object]:
        return lambda: register_flow(flow=flow, project=project.name, now=timezone.now())

    raised = at_once(put(starts("a", "b")), put(starts("b", "a")))

    assert isinstance(raised, InvalidFlow)
    assert "tests/b -> tests/a -> tests/b" in str(raised)
    assert not Row.objects.filter(name="b").exists()


def test_of_two_published_at_once_the_one_that_would_close_a_circle_is_refused(register, project, editor):
    register(one_task("leaf"))
    left, right, leaf = (FlowName(project.name, name) for name in ("left", "right", "leaf"))
    for name in (left, right):
        publish(draw(project, name.name, editor, leaf), editor)
    one, other = draw(project, "left", editor, right), draw(project, "right", editor, left)

    raised = at_once(lambda: publish(one, editor), lambda: publish(other, editor))

    assert isinstance(raised, InvalidGraph)
    assert raised.problems[0].code == "circular_flow"


def test_what_starts_no_flow_waits_for_nobody(register, project):
    with transaction.atomic():
        register_flow(flow=starts("a", "b"), project=project.name, now=timezone.now())
        meanwhile = Thread(target=lambda: (register(one_task("leaf")), connection.close()))
        meanwhile.start()
        meanwhile.join(timeout=10)
        assert not meanwhile.is_alive()


def test_of_two_flow_runs_that_begin_at_once_to_wait_for_each_other_one_is_refused(register, start, drain):
    with Flow("waiter") as flow:
        wait_for_flow_run(works())
    flow = register(flow)
    runs = [start(flow), start(flow)]
    one, other = sorted(claim(worker="w", limit=2), key=lambda held: held.flow_run_id == runs[1].pk)

    def names(held: Claim, awaited: FlowRun) -> Callable[[], object]:
        return lambda: complete(ended=[(held, Ending(State.SUCCESS, "", str(awaited.pk)))])

    assert at_once(names(one, runs[1]), names(other, runs[0])) is None
    drain()

    assert [state(run) for run in runs] == [State.SUCCESS, State.FAILED]
    refused = TaskRun.objects.get(flow_run=runs[1], state=State.FAILED)
    assert refused.message == f"Flow run {runs[0].pk} waits for this one; both would wait for ever."


def test_an_own_key_that_finds_the_flow_run_above_is_refused(register, start, drain):
    with Flow("again") as flow:
        child(None, wait=True)(flow_name=works(), idempotency_key="k")
    flow = register(flow)
    first = start_flow_run(
        flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND, idempotency_key="k"
    ).flow_run_id

    (held,) = claim(worker="w", limit=1)
    carry_out(complete(ended=[(held, Ending(State.SUCCESS, "", "again"))]))

    refused = TaskRun.objects.get(flow_run=first, slug__startswith="StartFlowRun")
    assert (refused.state, FlowRun.objects.count()) == (State.FAILED, 1)
    assert refused.message == f"The idempotency key 'k' belongs to flow run {first}, which waits for this one itself."
