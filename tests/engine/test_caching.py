"""Results that later runs use instead of executing a task."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.caching import forget_expired
from orchestrator.engine.results import sweep_results
from orchestrator.models import CachedResult, FlowRun, LogLine, Project, StoredResult, TaskRun
from orchestrator.sdk import Flow, Parameter, StartFlowRun, Task, registry, task
from orchestrator.sdk.cache_validators import (
    all_inputs,
    all_parameters,
    duration_only,
    never_use,
    partial_inputs_only,
    partial_parameters_only,
)
from tests.engine.conftest import state, states


def counting(**attributes: Any) -> tuple[Task, list[Any]]:
    """Return a task that counts its executions, cached for an hour."""
    calls: list[Any] = []

    @task(name="counts", **{"cache_for": timedelta(hours=1), **attributes})
    def counts(a: Any = None, b: Any = None) -> int:
        calls.append((a, b))
        return len(calls)

    return counts, calls


def flow_of(counts: Task, name: str = "f") -> Flow:
    with Flow(name) as flow:
        counts(a=Parameter("a", default=0), b=Parameter("b", default=0))
    return flow


@pytest.fixture
def ends(start, drain):
    """Run a flow with parameters; return how its one task ended."""

    def run(flow, **parameters):
        started = start(flow, **parameters)
        drain()
        row = TaskRun.objects.get(flow_run=started)
        return row.state, row.result

    return run


def test_a_result_is_used_again_until_its_time_is_over(register, start, drain):
    counts, calls = counting()
    flow = register(flow_of(counts))
    first, second = start(flow), start(flow)
    drain()

    row = TaskRun.objects.get(flow_run=second)
    assert (row.state, row.result, len(calls)) == (State.CACHED, 1, 1)
    assert row.message.startswith(f"Cached by flow run {first.pk}; holds until ")
    assert state(second) == State.SUCCESS

    CachedResult.objects.update(expires_at=timezone.now())
    third = start(flow)
    drain()
    assert (states(third), len(calls)) == ({"counts-1": "Success"}, 2)


@pytest.mark.parametrize(
    ("validator", "holds"),
    [
        (duration_only, [True, True, True]),
        ("all_inputs", [True, False, False]),
        (all_inputs, [True, False, False]),
        (all_parameters, [True, False, False]),
        (partial_inputs_only(["a"]), [True, False, True]),
        (partial_parameters_only(["b"]), [True, True, False]),
        (never_use, [False, False, False]),
        (lambda cached, inputs, parameters: inputs["a"] == cached.cached_inputs["a"], [True, False, True]),
        (lambda cached, inputs, parameters: cached.result > 1, [False, True, True]),
    ],
)
def test_a_validator_says_whether_a_result_still_holds(register, ends, validator, holds):
    counts, _ = counting(cache_validator=validator)
    flow = register(flow_of(counts))
    ends(flow, a=1, b=1)

    found = [ends(flow, **given)[0] == State.CACHED for given in ({"a": 1, "b": 1}, {"a": 2, "b": 1})]
    ends(flow, a=1, b=1)
    found.append(ends(flow, a=1, b=2)[0] == State.CACHED)

    assert found == holds


def test_a_validator_that_raises_is_named_in_a_run_and_here(register, start, drain):
    def fresh_enough(cached, inputs, parameters):
        raise KeyError("day")

    counts, calls = counting(cache_validator=fresh_enough)
    flow = flow_of(counts, "validated")
    registered = register(flow)
    said = "Cache validator fresh_enough raised KeyError: 'day'"
    start(registered, a=1, b=1)
    drain()

    run = start(registered, a=1, b=1)
    drain()
    row = TaskRun.objects.get(flow_run=run)
    assert (row.state, row.message) == (State.FAILED, said)
    assert "in fresh_enough" in LogLine.objects.get(task_run=row).message

    assert flow.run(a=1, b=1).is_successful()
    ended = flow.run(a=1, b=1)["counts-1"]
    assert (ended.state, ended.message, len(calls)) == (State.FAILED, said, 2)


def test_a_failure_is_not_cached(register, ends):
    calls = []

    @task(cache_for=3600)
    def flaky():
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first time")
        return "well"

    with Flow("f") as flow:
        flaky()
    registered = register(flow)

    assert [ends(registered)[0] for _ in range(3)] == ["Failed", "Success", "Cached"]


def test_tasks_of_a_project_share_results_by_a_key_and_no_others_do(register, ends):
    counts, calls = counting(cache_key="shared")
    lonely, lonely_calls = counting()

    assert ends(register(flow_of(counts, "one"))) == (State.SUCCESS, 1)
    assert ends(register(flow_of(counts, "two"))) == (State.CACHED, 1)
    assert ends(register(flow_of(lonely, "three"))) == (State.SUCCESS, 1)
    assert ends(register(flow_of(lonely, "four"))) == (State.SUCCESS, 2)
    assert (len(calls), len(lonely_calls)) == (1, 2)


def test_another_project_does_not_see_them(register, ends, monkeypatch):
    counts, _ = counting(cache_key="shared")
    flow = flow_of(counts)
    mine = register(flow)
    assert ends(mine) == (State.SUCCESS, 1)

    from orchestrator.engine.registration import register_flow

    Project.objects.create(name="other")
    flow.project = "other"
    registry.add(flow, "other")
    theirs = register_flow(flow=flow, project="other", now=timezone.now()).flow

    assert ends(theirs) == (State.SUCCESS, 2)


def test_large_results_are_handed_on_and_kept_as_long_as_they_are_cached(register, start, drain):
    large = ["x" * 1000] * 100
    seen = []

    @task(cache_for=3600)
    def makes():
        return large

    @task
    def reads(value):
        seen.append(value == large)

    with Flow("f") as flow:
        reads(makes())
    registered = register(flow)
    start(registered)
    drain()
    FlowRun.objects.all().delete()
    StoredResult.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert sweep_results(now=timezone.now()) == 0

    run = start(registered)
    drain()
    assert (states(run)["makes-1"], seen) == ("Cached", [True, True])

    FlowRun.objects.all().delete()
    assert forget_expired(now=timezone.now() + timedelta(hours=2)) == 1
    assert sweep_results(now=timezone.now()) == 1


def test_a_handler_sees_a_cached_result_and_may_change_the_state(register, ends):
    from orchestrator.sdk import states as made

    heard = []

    def handler(task, old, new):
        heard.append((new.state.value, new.result))
        return made.Skipped() if new.state is State.CACHED else None

    counts, _ = counting(state_handlers=[handler])
    flow = register(flow_of(counts))

    assert [ends(flow)[0] for _ in range(2)] == ["Success", "Skipped"]
    assert heard[-1] == ("Cached", 1)


def test_a_run_in_this_process_caches_in_memory() -> None:
    counts, calls = counting(cache_validator=all_inputs)
    flow = flow_of(counts, "in memory")

    found = [flow.run(a=a)["counts-1"].state for a in (1, 1, 2)]
    assert found == [State.SUCCESS, State.CACHED, State.SUCCESS]
    assert len(calls) == 2


@pytest.mark.parametrize(
    "attributes",
    [
        {"cache_validator": all_inputs},
        {"cache_key": "a"},
        {"cache_for": 0},
        {"cache_for": 5, "cache_validator": "sometimes"},
        {"cache_for": 5, "cache_validator": partial_inputs_only},
        {"cache_for": 5, "cache_validator": 3},
    ],
)
def test_what_makes_no_cache_is_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"cache|Say which"):
        Task("a", **attributes)


def test_a_task_that_starts_a_flow_has_no_cache() -> None:
    with pytest.raises(ValueError, match="has no cache"):
        StartFlowRun(flow_name="a", cache_for=5)
