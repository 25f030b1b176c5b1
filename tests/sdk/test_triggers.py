"""`Task(trigger=...)`: names, counting triggers, functions."""

import pytest

from orchestrator.core.triggers import Trigger
from orchestrator.sdk import Flow, StartFlowRun, task, triggers


@task
def works() -> None:
    return None


def test_each_trigger_has_a_name_that_a_task_takes() -> None:
    for trigger in set(Trigger) - {Trigger.SOME_FAILED, Trigger.SOME_SUCCESSFUL, Trigger.CUSTOM}:
        assert getattr(triggers, trigger.value) is trigger
        assert works.copy(trigger=trigger.value).trigger is trigger


def test_a_counting_trigger_is_part_of_the_flow() -> None:
    with Flow("f") as flow:
        works.copy(name="some", trigger=triggers.some_failed(at_least=2, at_most=0.5)).bind()
    compiled = flow.graph().tasks["some-1"]

    assert (compiled.trigger, compiled.trigger_at_least, compiled.trigger_at_most) == ("some_failed", 2, 0.5)


@pytest.mark.parametrize("bound", [-1, 1.5, "2", True, float("nan")])
def test_a_bound_is_a_count_or_a_share(bound: object) -> None:
    with pytest.raises(ValueError, match="must be a count, or a share below 1"):
        triggers.some_successful(at_least=bound)  # type: ignore[arg-type]


def test_a_function_as_trigger_is_judged_by_a_worker() -> None:
    with Flow("f") as flow:
        works.copy(name="asked", trigger=lambda upstream: True).bind()
        StartFlowRun(flow_name="x", project_name="p", trigger=lambda upstream: True)()
    for compiled in flow.graph().tasks.values():
        assert (compiled.trigger, compiled.judged_by_worker) == (Trigger.CUSTOM, True)


@pytest.mark.parametrize("trigger", ["custom", "never", 3])
def test_there_is_no_other_trigger(trigger: object) -> None:
    with pytest.raises(ValueError, match="There is no trigger"):
        task(trigger=trigger)(lambda: None)
