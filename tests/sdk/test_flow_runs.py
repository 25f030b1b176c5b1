"""create_flow_run, wait_for_flow_run and get_task_run_result as people write them, and in flow.run()."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.core.bindings import Literal, Upstream
from orchestrator.core.graph import FlowName, Task, TaskKind
from orchestrator.sdk import (
    Flow,
    Parameter,
    context,
    create_flow_run,
    get_task_run_result,
    registry,
    task,
    wait_for_flow_run,
)


@task
def give(value: Any = None) -> Any:
    return value


@task
def fail() -> None:
    raise ValueError("broken")


@task
def own_id() -> str:
    return context().flow_run_id


def known(name: str, *, body: Any = give, project: str = "mine", **parameters: Any) -> None:
    """Make a flow known to this process."""
    with Flow(name, project=project) as flow:
        body(**{key: Parameter(key, default=value) for key, value in parameters.items()})
    registry.add(flow, project)


def only(flow: Flow) -> Task:
    """Return the one task of kind flow_run, wait or task_result of a flow."""
    [found] = [one for one in flow.graph().tasks.values() if one.kind is not TaskKind.FUNCTION]
    return found


def test_a_flow_that_is_named_with_its_project_is_written_into_the_graph() -> None:
    with Flow("f") as flow:
        create_flow_run(flow_name="child", project_name="mine", parameters={"x": give(1)})
    created = only(flow)

    assert (created.flow, created.wait, created.named_after_parent) == (FlowName("mine", "child"), False, True)
    assert set(created.inputs) == {"parameters"}


def test_one_that_is_named_alone_or_by_its_id_is_found_at_run_time() -> None:
    with Flow("f") as flow:
        create_flow_run(flow_name="child")
    assert only(flow).inputs == {"flow_name": Literal("child"), "project_name": Literal("")}
    with Flow("f") as flow:
        create_flow_run(flow_id=give(3))
    assert only(flow).inputs["flow_id"] == Upstream("give-1")
    assert only(flow).flow is None


@pytest.mark.parametrize("name", ["labels", "context", "run_config"])
def test_what_has_no_meaning_here_is_refused(name: str) -> None:
    with Flow("f") as flow:
        create_flow_run(flow_name="child", **{name: ["a"]})
    with pytest.raises(TypeError, match=f"has no {name} here"):
        flow.graph()


def test_s070_a_wait_has_its_longest_time_in_the_graph() -> None:
    for given, seconds in (({}, 43_200), ({"max_duration": timedelta(minutes=1)}, 60), ({"max_duration": 5}, 5)):
        with Flow("f") as flow:
            wait_for_flow_run("id", stream_logs=True, **given)
        assert (only(flow).timeout_seconds, set(only(flow).inputs)) == (seconds, {"flow_run_id"})
    with Flow("f") as flow:
        wait_for_flow_run("id", max_duration=give(5))
    with pytest.raises(ValueError, match=r"max_duration of .* must be written in the flow"):
        flow.graph()


def test_runs_are_created_waited_for_and_asked_for_results_in_this_process_too() -> None:
    known("child", value=5)
    with Flow("parent") as flow:
        created = create_flow_run(flow_name="child", parameters={"value": 7})
        view = wait_for_flow_run(created)
        result = get_task_run_result(created, "give-1")
    state = flow.run()

    assert state.is_successful()
    assert state[result].result == 7
    assert state[view].result["id"] == state[created].result
    assert state[view].result | {"id": "", "message": ""} == {
        "id": "",
        "name": "parent-child",
        "flow": "mine/child",
        "state": "Success",
        "message": "",
        "parameters": {"value": 7},
        "result": 7,
    }


def test_s067_a_wait_ends_as_the_run_only_if_it_is_asked_to() -> None:
    known("bad", body=fail)
    with Flow("parent") as flow:
        created = create_flow_run(flow_name="bad")
        looks = wait_for_flow_run(created)
        raises = wait_for_flow_run(created, raise_final_state=True)
        taken = get_task_run_result(created, "fail-1")
    state = flow.run()

    assert [state[each].state for each in (looks, raises, taken)] == ["Success", "Failed", "Failed"]
    assert state[raises].message.startswith(f"Flow run {state[created].result} ended Failed")
    assert state[raises].result["state"] == "Failed"


def test_s068_no_slug_the_own_run_and_an_unknown_run_fail() -> None:
    with Flow("parent") as flow:
        empty = get_task_run_result(own_id(), "")
        own = get_task_run_result(own_id(), "own_id-1")
        waits = wait_for_flow_run(own_id())
        lost = wait_for_flow_run("00000000-0000-0000-0000-000000000000")
        none = wait_for_flow_run("nowhere")
    state = flow.run()

    assert state[empty].message == "Must provide the slug of a task as task_slug, but it is ''."
    assert state[own].message == state[waits].message
    assert state[own].message == "It is part of the flow run that it waits for, and would wait for ever."
    assert state[lost].message == "There is no flow run 00000000-0000-0000-0000-000000000000 that this one may see."
    assert state[none].message == "flow_run_id must be a flow run's id, as create_flow_run returns it, not 'nowhere'."


def test_a_name_in_several_projects_is_refused_naming_them() -> None:
    known("child", value=1)
    known("child", value=1, project="yours")
    with Flow("parent") as flow:
        create_flow_run(flow_name="child")
        create_flow_run(flow_name="nobody")
        create_flow_run()
    state = flow.run()

    assert "in each of the projects mine, yours; say which" in state["create_flow_run-1"].message
    assert "not found in any project" in state["create_flow_run-2"].message
    assert state["create_flow_run-3"].message == "Must provide a flow name."


@pytest.mark.parametrize("engine_task", [create_flow_run, wait_for_flow_run, get_task_run_result])
def test_they_are_not_run_by_themselves(engine_task: Any) -> None:
    arguments = {create_flow_run: (), wait_for_flow_run: ("id",), get_task_run_result: ("id", "slug")}[engine_task]
    with pytest.raises(RuntimeError, match="call it inside a flow"):
        engine_task.run(*arguments)
