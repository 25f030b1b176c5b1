"""flow.run(): a developer's quick try, by the engine's own judgement."""

from datetime import date
from typing import Any

import pytest

from orchestrator.core.parameters import check_parameters
from orchestrator.sdk import Flow, Parameter, Task, context, task
from orchestrator.sdk.context import NoContext
from orchestrator.sdk.local import InvalidParameters


@task
def add(x: int, y: int) -> int:
    return x + y


@task
def fail(message: str = "broken") -> None:
    raise ValueError(message)


@task
def keep(value: Any = None) -> Any:
    return value


def flaky(failures: int, **attributes: Any) -> Task:
    """Return a task that fails so often, and then hands on how often it was tried."""
    tried: list[int] = []

    @task(**attributes)
    def flaky() -> int:
        tried.append(1)
        if len(tried) <= failures:
            raise RuntimeError(f"failure {len(tried)}")
        return len(tried)

    return flaky


def test_a_flow_is_run_with_parameters_to_its_result() -> None:
    with Flow("f") as flow:
        add(add(Parameter("x"), 1), Parameter("y", default=10))

    state = flow.run(x=1)

    assert state.is_successful()
    assert state.is_finished()
    assert (state.state, state.message, state.result) == ("Success", "All reference tasks were successful.", 12)
    assert flow.run(parameters={"x": 1}, y=0).result == 2


def test_the_states_of_the_tasks_are_found_by_task_or_slug() -> None:
    with Flow("f") as flow:
        first = keep(1)
        second = keep(first)

    state = flow.run()

    assert state[first].result == state["keep-1"].result == 1
    assert state[second].result == 1
    with pytest.raises(KeyError):
        state["gone"]


def test_results_are_the_json_that_the_engine_would_keep() -> None:
    with Flow("f") as flow:
        keep(task(lambda: (date(2026, 11, 23), {1: 2}), name="make")())

    assert flow.run().result == ["2026-11-23", {"1": 2}]


def test_several_ends_give_a_result_each_and_a_named_one_is_the_result() -> None:
    with Flow("f") as flow:
        first, _ = keep(1), keep(2)
    assert flow.run().result == {"keep-1": 1, "keep-2": 2}

    flow.result = first
    assert flow.run().result == 1


def test_a_failure_has_its_exception_as_message_and_its_traceback_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Flow("f") as flow:
        fail("no rows")

    state = flow.run()

    assert state.is_failed()
    assert (state.state, state.message, state.result) == ("Failed", "fail: ValueError: no rows", None)
    assert state["fail-1"].message == "ValueError: no rows"
    assert "in fail" in capsys.readouterr().err


def test_a_result_that_has_no_json_form_fails_its_task() -> None:
    with Flow("f") as flow:
        task(lambda: {"x": object()}, name="make")()

    assert "The result['x'] is of type builtins.object" in flow.run()["make-1"].message


def test_s028_what_follows_a_failure_ends_trigger_failed_without_being_run() -> None:
    ran = []
    with Flow("f") as flow:
        failed = fail()
        after = task(lambda: ran.append("after"), name="after")(upstream_tasks=[failed])
        mended = task(lambda: ran.append("mended"), name="mended", trigger="any_failed")(upstream_tasks=[failed])
        always = task(lambda: ran.append("always"), name="always", trigger="always_run")(upstream_tasks=[after])

    state = flow.run()

    assert ran == ["mended", "always"]
    assert state.is_failed() is False
    assert [state[item].state for item in (failed, after, mended, always)] == [
        "Failed",
        "TriggerFailed",
        "Success",
        "Success",
    ]
    assert "but fail failed" in state[after].message


def test_the_result_of_what_did_not_succeed_is_none() -> None:
    with Flow("f") as flow:
        keep(fail(), task_args={"trigger": "all_failed"})

    assert (flow.run().state, flow.run().result) == ("Success", None)


def test_a_task_is_tried_again_as_often_as_it_says() -> None:
    with Flow("f") as flow:
        flaky(2, max_retries=2, retry_delay=0).bind()
    assert flow.run().result == 3

    with Flow("f") as flow:
        flaky(3, max_retries=2, retry_delay=0).bind()
    state = flow.run()
    assert state.is_failed()
    assert state["flaky-1"].message == "RuntimeError: failure 3"


def test_a_retry_waits_for_its_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    with Flow("f") as flow:
        flaky(2, max_retries=3, retry_delay=30).bind()

    assert flow.run().is_successful()
    assert waited == [30.0, 30.0]


@pytest.mark.parametrize(
    ("given", "code"),
    [({}, "missing_parameter"), ({"x": 1, "z": 1}, "unknown_parameter"), ({"x": "1"}, "invalid_parameter")],
)
def test_wrong_parameters_are_refused_before_anything_runs(given: dict[str, Any], code: str) -> None:
    ran: list[int] = []
    with Flow("f") as flow:
        task(lambda x: ran.append(x) or x, name="run")(Parameter("x", type=int))

    with pytest.raises(InvalidParameters) as refused:
        flow.run(parameters=given)

    assert [problem.code for problem in refused.value.problems] == [code]
    assert isinstance(refused.value, ValueError)
    assert ran == []


def test_parameters_are_taken_as_the_json_that_they_become() -> None:
    with Flow("f") as flow:
        keep([Parameter("day", type=date), Parameter("rows", type=list[int])])

    assert flow.run(day=date(2026, 11, 23), rows=(1, 2)).result == ["2026-11-23", [1, 2]]
    with pytest.raises(ValueError, match=r"The parameters\['day'\] is of type builtins.object"):
        flow.run(day=object(), rows=[])


def test_an_explicit_none_goes_before_the_default() -> None:
    with Flow("f") as flow:
        keep(Parameter("x", default=5))

    assert flow.run(x=None).result is None


def test_the_parameters_of_a_run_may_be_given_to_the_next() -> None:
    found: dict[str, Any] = {}
    with Flow("f") as flow:
        task(lambda _: found.update(context().parameters), name="note")(Parameter("x", default=None, type=int))
    flow.run()

    assert found == {"x": None}
    assert check_parameters(flow.parameter_schema(), found) == []


def test_an_empty_flow_is_a_success() -> None:
    assert Flow("f").run().is_successful()


def test_a_running_task_knows_its_run_and_its_attempt() -> None:
    seen: list[tuple[str, int, str, str]] = []

    @task(max_retries=1, retry_delay=0)
    def note() -> None:
        here = context()
        seen.append((here.flow, here.attempt, here.task, here.idempotency_key))
        raise ValueError

    with Flow("f") as flow:
        note()
    flow.run()

    assert [item[:3] for item in seen] == [("f", 1, "note-1"), ("f", 2, "note-1")]
    assert seen[0][3] == seen[1][3]
    with pytest.raises(NoContext, match="inside a task while a flow run executes it"):
        context()


# Child flows
