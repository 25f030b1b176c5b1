"""Task runs: triggers, results, logs, history (numbers: the conformance list of the semantics)."""

import logging

import pytest

from orchestrator.core.states import State
from orchestrator.models import LogLine, StateChange, TaskRun
from orchestrator.sdk import Flow, Parameter, task
from tests.engine.conftest import state, states
from tests.engine.flows import WORKS, fails, one_task, works


def test_s028_a_task_whose_upstream_failed_ends_trigger_failed_without_running(register, start, drain):
    with Flow("f") as flow:
        works(upstream_tasks=[fails()])
    run = start(register(flow))
    drain()

    assert states(run) == {"works-1": "TriggerFailed", "fails-1": "Failed"}
    assert state(run) == State.FAILED
    failed = TaskRun.objects.get(flow_run=run, slug="fails-1")
    assert failed.message == "ValueError: broken on purpose"
    assert "broken on purpose" in LogLine.objects.get(task_run=failed).message
    assert 'raise ValueError("broken on purpose")' in LogLine.objects.get(task_run=failed).message


@pytest.mark.parametrize(
    ("trigger", "upstreams", "expected"),
    [
        ("all_successful", [works, works], "Success"),
        ("all_successful", [works, fails], "TriggerFailed"),
        ("all_failed", [fails, fails], "Success"),
        ("all_failed", [works, fails], "TriggerFailed"),
        ("any_successful", [works, fails], "Success"),
        ("any_successful", [fails, fails], "TriggerFailed"),
        ("any_failed", [works, fails], "Success"),
        ("any_failed", [works, works], "TriggerFailed"),
        ("all_finished", [works, fails], "Success"),
        ("always_run", [fails, fails], "Success"),
    ],
)
def test_s029_to_s032_triggers_are_judged_over_the_ended_upstreams(
    register, start, drain, trigger, upstreams, expected
):
    @task(trigger=trigger)
    def judged():
        return None

    with Flow("f") as flow:
        judged(upstream_tasks=[body() for body in upstreams])
    run = start(register(flow))
    drain()

    assert states(run)["judged-1"] == expected


def test_a_failure_ends_everything_after_it_and_lets_the_other_branch_run(register, start, drain):
    with Flow("f") as flow:
        root = works()
        bad = fails(upstream_tasks=[root])
        good = works(upstream_tasks=[root])
        after_bad = works(upstream_tasks=[bad])
        works(upstream_tasks=[after_bad, good])
    run = start(register(flow))
    drain()

    assert states(run) == {
        "works-1": "Success",
        "fails-1": "Failed",
        "works-2": "Success",
        "works-3": "TriggerFailed",
        "works-4": "TriggerFailed",
    }
    run.refresh_from_db()
    assert run.unfinished == 0
    assert run.message == "fails: ValueError: broken on purpose"


def test_results_and_parameters_reach_the_tasks_that_are_bound_to_them(register, start, drain):
    @task
    def double(x):
        return x * 2

    @task
    def gather(parts, named):
        return [parts, named]

    with Flow("f") as flow:
        n = Parameter("n", default=3, type=int)
        a = double(n)
        b = double(a)
        gather([a, b, 5], {"a": a, "n": n})
    run = start(register(flow), n=4)
    drain()

    run.refresh_from_db()
    assert run.state == State.SUCCESS
    assert run.result == [[8, 16, 5], {"a": 8, "n": 4}]


def test_the_result_of_several_terminal_tasks_is_a_mapping(register, start, drain):
    with Flow("f") as flow:
        works()
        works()
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert run.result == {"works-1": WORKS, "works-2": WORKS}


def test_what_a_task_logs_and_prints_is_kept_in_order(register, start, drain):
    @task
    def talks():
        print("one\ntwo")
        logging.getLogger("people").warning("three %s", 3)
        print("four", end="")

    run = start(register(one_task("f", talks)))
    drain()

    lines = LogLine.objects.filter(flow_run=run).order_by("number")
    assert [(line.number, line.message) for line in lines] == [(1, "one"), (2, "two"), (3, "three 3"), (4, "four")]
    assert [line.level for line in lines] == [20, 20, 30, 20]


def test_a_result_without_a_json_form_fails_the_task_and_says_so(register, start, drain):
    @task
    def odd():
        return {"file": object()}

    run = start(register(one_task("f", odd)))
    drain()

    assert states(run) == {"odd-1": "Failed"}
    assert "result['file'] is of type builtins.object" in TaskRun.objects.get(flow_run=run).message


def test_every_change_of_state_is_in_the_history(register, start, drain):
    run = start(register(one_task("f")))
    drain()

    of_run = StateChange.objects.filter(flow_run=run, task_run=None).values_list("before", "after")
    of_task = StateChange.objects.filter(flow_run=run, task_run__isnull=False).values_list("before", "after")
    assert list(of_run) == [("Pending", "Running"), ("Running", "Success")]
    assert list(of_task) == [("Submitted", "Running"), ("Running", "Success")]
