"""What Prefect 1 has and we have not says what to use instead; what it takes for nothing, we take for nothing."""

import importlib

import pytest

from orchestrator.sdk import Flow, Task
from orchestrator.sdk.triggers import all_successful


@pytest.mark.parametrize(
    ("module", "name", "instead"),
    [
        ("", "DateTimeParameter", "Parameter(name, type=datetime)"),
        ("", "CancelFlowRun", "POST /api/v1/flow-runs/<id>/cancel/"),
        ("", "RenameFlowRun", "run_name"),
        (".schedules", "RRuleSchedule", "CronSchedule"),
        (".schedules.clocks", "RRuleClock", "DatesClock"),
        (".signals", "ENDRUN", "SUCCESS, FAIL or SKIP"),
        (".signals", "VALIDATIONFAIL", "FAIL"),
        (".signals", "signal_from_state", "wait=True"),
        (".states", "Running", "state.state is State.RUNNING"),
        (".states", "TimedOutt", ""),
    ],
)
def test_a_name_of_prefect_that_is_not_here_says_what_to_use(module, name, instead):
    found = importlib.import_module(f"orchestrator.sdk{module}")
    if not instead:
        assert not hasattr(found, name)
        return
    with pytest.raises(ImportError) as refused:
        getattr(found, name)
    assert f"There is no {name} in orchestrator.sdk{module}" in str(refused.value)
    assert instead in str(refused.value)


def test_none_stands_for_what_is_not_given() -> None:
    flow = Flow("none", tasks=None, edges=None, reference_tasks=None, state_handlers=None, result=None)

    assert (flow.tasks, flow.state_handlers) == (Flow("nothing").tasks, ())
    assert Task("a", trigger=None).asks == Task("b", trigger=all_successful).asks


def test_what_a_flow_has_not_says_what_to_use() -> None:
    with pytest.raises(NotImplementedError, match="drawn in the browser"):
        Flow("drawn").visualize()
    with pytest.raises(TypeError, match=r"has no result that is no task.*result_serializer"):
        Flow("kept", result=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="has no labels here"):
        Flow("labelled").register("tests", labels=["gpu"])
    with pytest.raises(TypeError, match=r"has no set_schedule_active here.*paused"):
        Flow("asleep").register("tests", set_schedule_active=False)
    with pytest.raises(TypeError, match="needs a project"):
        Flow("as before").register(build=False, set_schedule_active=True, no_url=True, idempotency_key="1")
