"""create_flow_run, and StartFlowRun's arguments, in the engine."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.core.large import INLINE_BYTES
from orchestrator.core.states import State
from orchestrator.engine.flow_runs import start_scheduled_flow_run
from orchestrator.models import FlowRun, Project, Role, TaskRun
from orchestrator.queries.results import read_json
from orchestrator.sdk import Flow, Parameter, create_flow_run, get_task_run_result, task, unmapped, wait_for_flow_run
from tests.engine.conftest import of, state
from tests.engine.flows import WORKS, child, one_task
from tests.rows import make_flow, make_user


@task
def give(value):
    return value


def test_s053_without_a_flow_name_the_task_fails_and_starts_nothing(register, start, drain):
    with Flow("parent") as flow:
        child(None)()
        child(None).copy(name="late").bind(flow_name=give(None))
    run = start(register(flow))
    drain()

    assert {one.message for one in TaskRun.objects.filter(flow_run=run, state="Failed")} == {
        "Must provide a flow name."
    }
    assert FlowRun.objects.count() == 1


def test_a_flow_named_at_run_time_is_started(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        child(None, wait=True)(flow_name=give("good"))
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert (run.state, run.result) == (State.SUCCESS, WORKS)


@pytest.mark.parametrize("start_time", [timedelta(minutes=2), 120, "PT2M", "late"])
def test_s061_s065_a_length_of_time_counts_from_the_moment_of_execution(register, start, drain, start_time):
    register(one_task("good"))
    with Flow("parent") as flow:
        bound = give(120) if start_time == "late" else start_time
        child("good")(scheduled_start_time=bound)
    registered = register(flow)
    before = timezone.now()
    run = start(registered)
    drain()

    [started] = FlowRun.objects.exclude(pk=run.pk)
    assert started.state == State.SCHEDULED
    assert before + timedelta(seconds=120) <= started.scheduled_start_time <= timezone.now() + timedelta(seconds=120)
    assert state(run) == State.SUCCESS
    assert TaskRun.objects.get(flow_run=started).state == State.PENDING
    start_scheduled_flow_run(flow_run_id=started.pk)
    drain()
    assert state(started) == State.SUCCESS


def test_s062_the_links_between_parent_and_child_go_both_ways(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        create_flow_run(flow_name="good")
    run = start(register(flow))

    created = of(run, "create_flow_run-1")
    assert created.result == str(created.child_flow_run_id)
    assert created.child_flow_run.parent_task_run == created
    assert created.child_flow_run.root_run == run


@pytest.mark.parametrize(("given", "expected"), [("", "parent-good"), ("night", "night-good")])
def test_s064_a_created_run_is_named_after_its_parent_and_its_flow(register, start, given, expected):
    register(one_task("good"))
    with Flow("parent") as flow:
        create_flow_run(flow_name="good", project_name="tests")
        create_flow_run.copy(name="own").bind(flow_name="good", run_name="mine")
    registered = register(flow)
    FlowRun.objects.all()
    from orchestrator.engine.flow_runs import start_flow_run
    from orchestrator.models import Origin

    start_flow_run(flow=registered, parameters={}, now=timezone.now(), origin=Origin.COMMAND, name=given)

    assert set(FlowRun.objects.filter(flow__name="good").values_list("name", flat=True)) == {expected, "mine"}


def test_a_name_in_several_projects_is_refused_naming_them(register, start, drain, project):
    register(one_task("good"))
    make_flow(Project.objects.create(name="others"), "good")
    with Flow("parent") as flow:
        create_flow_run(flow_name="good")
        create_flow_run.copy(name="said").bind(flow_name="good", project_name="tests")
    run = start(register(flow))
    drain()

    message = "There is a flow 'good' in each of the projects others, tests; say which with project_name."
    assert (of(run, "create_flow_run-1").state, of(run, "create_flow_run-1").message) == ("Failed", message)
    assert of(run, "said-1").state == State.SUCCESS


def test_a_flow_is_created_by_its_id_and_exactly_one_of_id_and_name_is_given(register, start, drain):
    good = register(one_task("good"))
    with Flow("parent") as flow:
        create_flow_run.copy(name="by-id").bind(flow_id=good.pk)
        create_flow_run.copy(name="both").bind(flow_id=good.pk, flow_name="good")
        create_flow_run.copy(name="none").bind()
        create_flow_run.copy(name="lost").bind(flow_id=10**6)
        create_flow_run.copy(name="unknown").bind(flow_name="nobody")
    run = start(register(flow))
    drain()

    assert of(run, "by-id-1").child_flow_run.flow == good
    assert of(run, "both-1").message.startswith("Give either flow_id or flow_name, not both")
    assert of(run, "none-1").message == "Must provide a flow name."
    assert of(run, "lost-1").message.startswith("There is no flow with the id 1000000")
    assert of(run, "unknown-1").message.startswith("Flow 'nobody' not found")


def test_flows_that_the_person_may_not_start_are_not_found(register, start, drain, project):
    hidden = make_flow(Project.objects.create(name="hidden"), "secret")
    with Flow("parent") as flow:
        create_flow_run.copy(name="by-name").bind(flow_name="secret")
        create_flow_run.copy(name="by-id").bind(flow_id=hidden.pk)
    registered = register(flow)
    from orchestrator.engine.flow_runs import start_flow_run
    from orchestrator.models import Origin

    user = make_user(project, Role.OPERATOR)
    start_flow_run(flow=registered, parameters={}, now=timezone.now(), origin=Origin.API, user=user)

    messages = TaskRun.objects.values_list("message", flat=True)
    assert all("not found" in message or "There is no flow" in message for message in messages)
    assert FlowRun.objects.filter(flow=hidden).count() == 0


def test_s073_the_key_is_the_task_run_and_an_own_key_is_used_instead(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        create_flow_run(flow_name="good")
        create_flow_run.copy(name="own").bind(flow_name="good", idempotency_key="night")
    run = start(register(flow))
    drain()

    assert of(run, "create_flow_run-1").child_flow_run.idempotency_key == str(of(run, "create_flow_run-1").pk)
    assert of(run, "own-1").child_flow_run.idempotency_key == "night"


def test_s071_a_key_that_was_used_gives_the_first_run_again(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        create_flow_run.copy(name="one").bind(flow_name="good", idempotency_key="night")
        create_flow_run.copy(name="two").bind(flow_name="good", idempotency_key="night")
    run = start(register(flow))
    drain()

    assert of(run, "one-1").result == of(run, "two-1").result
    assert FlowRun.objects.filter(flow__name="good").count() == 1


def test_s074_a_mapped_create_makes_a_run_an_item_and_a_mapped_wait_waits_for_each(register, start, drain):
    @task
    def double(n):
        return n * 2

    @task
    def total(items):
        return sum(items)

    with Flow("child") as inner:
        double(Parameter("n"))
    register(inner)
    with Flow("parent") as flow:
        created = create_flow_run.map(flow_name=unmapped("child"), parameters=[{"n": 1}, {"n": 2}, {"n": 3}])
        views = wait_for_flow_run.map(created, raise_final_state=unmapped(True))
        results = get_task_run_result.map(created, task_slug=unmapped("double-1"))
        total(results)
        give.copy(name="views").bind(views)
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert run.state == State.SUCCESS
    assert run.result["total-1"] == 12
    assert [view["result"] for view in run.result["views-1"]] == [2, 4, 6]
    keys = FlowRun.objects.filter(flow__name="child").values_list("idempotency_key", flat=True)
    items = TaskRun.objects.filter(flow_run=run, slug="create_flow_run-1", map_index__gte=0)
    assert set(keys) == {str(item.pk) for item in items}
    assert len(set(keys)) == 3


@task
def double(n):
    return n * 2


@task
def large(n):
    return str(n) * INLINE_BYTES


def looking_into_mapped_tasks():
    """Return a flow with mapped tasks, and one that asks for their results."""
    with Flow("child") as inner:
        double.map([1, 2, 3])
        large.map([1, 2])
        double.copy(name="none").map([])
    with Flow("parent") as flow:
        created = create_flow_run(flow_name="child")
        taken = get_task_run_result.copy(name="large").bind(created, "large-1")
        give.copy(name="sizes").bind([taken[0], taken[1]])
        get_task_run_result.copy(name="doubles").bind(created, "double-1")
        get_task_run_result.copy(name="empty").bind(created, "none-1")
        get_task_run_result.copy(name="second").bind(created, "double-1", map_index=1)
        get_task_run_result.copy(name="ninth").bind(created, "double-1", map_index=8)
        get_task_run_result.copy(name="first").bind(created, "none-1", map_index=0)
    return inner, flow


def test_the_result_of_a_mapped_task_is_the_list_of_those_of_its_items(register, start, drain):
    inner, flow = looking_into_mapped_tasks()
    register(inner)
    run = start(register(flow))
    drain()

    local = flow.run()
    for slug, expected in {"doubles-1": [2, 4, 6], "empty-1": [], "second-1": 4}.items():
        assert of(run, slug).result == local[slug].result == expected
    sizes = read_json(of(run, "sizes-1").stored_result)
    assert sizes == local["sizes-1"].result == ["1" * INLINE_BYTES, "2" * INLINE_BYTES]
    for slug, ending in {
        "ninth-1": "no item 8; it has 3, counted from 0.",
        "first-1": "no item 0; it has none.",
    }.items():
        assert of(run, slug).message.endswith(ending)
        assert local[slug].message.endswith(ending)
