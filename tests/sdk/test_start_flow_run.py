"""The task that starts a flow run, as it is written and what it becomes. Names with s053... refer to statements."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.core.bindings import Literal, ObjectOf, Upstream
from orchestrator.core.graph import FlowName, OnRetry, Task, TaskKind
from orchestrator.sdk import Flow, Parameter, StartFlowRun, create_flow_run, task


@task
def load() -> dict[str, int]:
    return {"rows": 5}


def compiled(start: StartFlowRun, *args: Any, project: str | None = None, **kwargs: Any) -> Task:
    with Flow("f", project=project) as flow:
        called = start(*args, **kwargs)
    return flow.graph().tasks[flow.slugs[called]]


def test_it_is_named_after_the_flow_it_starts() -> None:
    assert StartFlowRun(flow_name="A").name == "Flow A"
    assert StartFlowRun(flow_name="A", name="Start A").name == "Start A"
    assert StartFlowRun().name == "StartFlowRun"


def test_it_becomes_a_task_that_starts_a_flow_run_and_does_not_wait_unless_said() -> None:
    child = compiled(StartFlowRun(flow_name="A", project_name="examples"))

    assert child == Task("Flow A-1", "Flow A", TaskKind.FLOW_RUN, flow=FlowName("examples", "A"), wait=False)


def test_every_setting_arrives_in_the_graph() -> None:
    start = StartFlowRun(
        flow_name="A",
        project_name="examples",
        parameters={"rows": 5},
        wait=True,
        run_name="nightly",
        scheduled_start_time=datetime(2026, 11, 23, tzinfo=UTC),
        on_retry="new_run",
        max_retries=2,
        retry_delay=timedelta(seconds=5),
        trigger="all_finished",
        skip_on_upstream_skip=False,
    )

    child = compiled(start)

    assert (child.wait, child.on_retry, child.max_retries, child.retry_delay_seconds) == (True, OnRetry.NEW_RUN, 2, 5.0)
    assert (child.trigger, child.skip_on_upstream_skip) == ("all_finished", False)
    assert child.inputs == {
        "parameters": Literal({"rows": 5}),
        "run_name": Literal("nightly"),
        "scheduled_start_time": Literal("2026-11-23T00:00:00+00:00"),
    }


def test_s073_what_is_passed_in_the_call_goes_before_the_constructor_and_none_counts() -> None:
    start = StartFlowRun("A", "examples", {"rows": 5}, run_name="nightly")

    child = compiled(start, flow_name="B", parameters={"rows": 6}, run_name=None, idempotency_key="k")

    assert child.flow == FlowName("examples", "B")
    assert child.inputs == {
        "idempotency_key": Literal("k"),
        "parameters": Literal({"rows": 6}),
        "run_name": Literal(None),
    }


def test_parameters_made_at_run_time_become_bindings() -> None:
    start = StartFlowRun("A", "examples")

    assert compiled(start, parameters=load).inputs == {"parameters": Upstream("load-1")}
    assert compiled(start, parameters={"rows": load, "day": "monday"}).inputs == {
        "parameters": ObjectOf({"rows": Upstream("load-1"), "day": Literal("monday")}),
    }


def test_s053_without_a_flow_name_it_fails_when_it_runs() -> None:
    unnamed = compiled(StartFlowRun(project_name="examples"))

    assert (unnamed.flow, unnamed.inputs["flow_name"]) == (None, Literal(None))


def test_the_project_is_that_of_the_flow_around_it_unless_given() -> None:
    assert compiled(StartFlowRun("A"), project="mine").flow == FlowName("mine", "A")
    assert compiled(StartFlowRun("A", "other"), project="mine").flow == FlowName("other", "A")
    with pytest.raises(ValueError, match=r"Must provide a project name\. .*write project_name="):
        compiled(StartFlowRun("A"))


def test_which_flow_is_started_may_be_made_at_run_time() -> None:
    by_name = compiled(StartFlowRun("A", "examples"), flow_name=load)
    assert (by_name.flow, by_name.inputs["flow_name"]) == (None, Upstream("load-1"))
    assert by_name.inputs["project_name"] == Literal("examples")
    by_project = compiled(StartFlowRun("A", "examples"), project_name=load)
    assert (by_project.flow, by_project.inputs["flow_name"]) == (None, Literal("A"))


def test_a_length_of_time_as_start_is_kept_as_seconds() -> None:
    start = StartFlowRun("A", "examples", scheduled_start_time=timedelta(minutes=2))

    assert compiled(start).inputs["scheduled_start_time"] == Literal(120.0)
    said = compiled(start, scheduled_start_time=timedelta(hours=1))
    assert said.inputs["scheduled_start_time"] == Literal(3600.0)


@pytest.mark.parametrize("name", ["run_config", "new_flow_context"])
def test_what_has_no_meaning_here_is_refused_with_what_to_use_instead(name: str) -> None:
    with pytest.raises(TypeError, match=f"has no {name} here: "):
        StartFlowRun("A", "examples", **{name: {"a": 1}})
    with pytest.raises(TypeError, match=f"has no {name} here: "):
        compiled(StartFlowRun("A", "examples"), **{name: {"a": 1}})
    assert compiled(StartFlowRun("A", "examples", **{name: None}), **{name: None}).inputs == {}


@pytest.mark.parametrize("wait", [True, False])
def test_s058_a_poll_interval_under_three_seconds_is_refused_whether_it_waits_or_not(wait: bool) -> None:
    with pytest.raises(ValueError, match="at least three seconds"):
        StartFlowRun("A", wait=wait, poll_interval=timedelta(seconds=2.9))


def test_a_poll_interval_is_accepted_and_says_that_it_has_no_effect() -> None:
    with pytest.warns(UserWarning, match="poll_interval has no effect") as warned:
        StartFlowRun("A", poll_interval=timedelta(seconds=3))

    assert warned[0].filename == __file__


@pytest.mark.parametrize("inner", [load, Parameter("p")])
@pytest.mark.parametrize("nested", [False, True])
def test_s059_a_task_among_the_parameters_of_the_constructor_is_refused(inner: Any, nested: bool) -> None:
    with pytest.raises(TypeError, match="pass them when it is called in the flow"):
        StartFlowRun("A", parameters={"rows": [{"x": inner}] if nested else inner})


def test_what_is_no_dict_of_parameters_and_no_length_of_time_is_refused() -> None:
    with pytest.raises(TypeError, match=r"are a dict of name and value, not \[1\]"):
        StartFlowRun("A", parameters=[1])
    with pytest.raises(TypeError, match="must be a timedelta of at least three seconds, not 10"):
        StartFlowRun("A", poll_interval=10)


def test_waiting_and_polling_belong_to_the_constructor() -> None:
    with Flow("f"), pytest.raises(TypeError, match="cannot be called so: got an unexpected keyword argument 'wait'"):
        StartFlowRun("A")(wait=True)


def test_an_unknown_answer_to_retries_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no on_retry 'again'; there are restart, new_run, mirror"):
        StartFlowRun("A", on_retry="again")


def test_it_is_not_run_by_itself() -> None:
    with pytest.raises(RuntimeError, match="starts its child as part of a flow run"):
        StartFlowRun("A").run()


def test_the_constructor_keeps_parameters_of_its_own() -> None:
    parameters = {"rows": 5}
    start = StartFlowRun("A", "examples", parameters)
    parameters["rows"] = 6

    assert compiled(start).inputs == {"parameters": Literal({"rows": 5})}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scheduled_start_time": "soon"}, "must be a date and time like"),
        ({"scheduled_start_time": [1]}, "must be a date and time like"),
        ({"idempotency_key": ""}, "is text, or a whole number"),
        ({"idempotency_key": "k" * 201}, "at most 200 characters"),
        ({"parameters": [1]}, "must be an object of name and value"),
    ],
)
def test_what_no_run_can_be_started_by_is_refused_when_the_flow_is_compiled(given: Any, message: str) -> None:
    for start in (StartFlowRun(flow_name="A", project_name="examples"), create_flow_run):
        with pytest.raises(ValueError, match=f"could start nothing.*{message}"):
            compiled(start, **({} if start is not create_flow_run else {"flow_name": "A"}), **given)
    if "scheduled_start_time" in given:
        with pytest.raises(ValueError, match=message):
            compiled(StartFlowRun(flow_name="A", project_name="examples", **given))


@pytest.mark.parametrize("name", ["scheduled_start_time", "idempotency_key"])
def test_what_is_found_at_run_time_fails_the_task_here_as_on_workers(name: str) -> None:
    with Flow("A", project="here"):
        pass

    @task
    def soon() -> str:
        return "soon" if name == "scheduled_start_time" else " "

    with Flow("f", project="here") as flow:
        started = StartFlowRun(flow_name="A")(**{name: soon()})

    ended = flow.run()[started]
    assert ended.is_failed()
    assert "must be a date" in ended.message or "is text" in ended.message
