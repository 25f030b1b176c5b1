"""Triggers in the engine: judged over ended upstreams, at the roots, after a restart; a person's approval."""

import pytest

from orchestrator.core.states import State
from orchestrator.engine.answering import approve_task_run
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.recovering import recover
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow, signals, task
from orchestrator.sdk.triggers import manual_only, not_all_skipped, some_failed, some_successful
from tests.engine.conftest import state, states
from tests.engine.flows import child, failing_once, fails, one_task, works


def approve(run: FlowRun, slug: str) -> None:
    """Let a paused task run start, as a person does."""
    approve_task_run(task_run_id=TaskRun.objects.get(flow_run=run, slug=slug).pk)


@pytest.mark.parametrize(
    ("trigger", "upstreams", "expected"),
    [
        (some_failed(at_least=1), [works, fails], "Success"),
        (some_failed(at_least=2), [works, fails], "TriggerFailed"),
        (some_failed(at_most=0.5), [fails, fails, works], "TriggerFailed"),
        (some_successful(at_least=0.5), [works, fails], "Success"),
        (some_successful(at_least=2, at_most=2), [works, works, works], "TriggerFailed"),
        (not_all_skipped, [works, fails], "TriggerFailed"),
        (not_all_skipped, [works, works], "Success"),
    ],
)
def test_s037_some_upstreams_are_counted_when_all_have_ended(register, start, drain, trigger, upstreams, expected):
    with Flow("f") as flow:
        works.copy(name="judged", trigger=trigger).bind(upstream_tasks=[body() for body in upstreams])
    run = start(register(flow))
    drain()

    assert states(run)["judged-1"] == expected


def test_s034_a_manual_task_pauses_when_its_upstreams_have_ended_whatever_they_are(register, start, drain):
    @task(trigger=manual_only)
    def ships():
        return "shipped"

    with Flow("f") as flow:
        works(upstream_tasks=[ships(upstream_tasks=[fails(), works()])])
    run = start(register(flow))
    drain()

    assert states(run) == {"ships-1": "Paused", "fails-1": "Failed", "works-1": "Success", "works-2": "Pending"}
    assert state(run) == State.RUNNING
    assert TaskRun.objects.get(flow_run=run, slug="ships-1").message == "Waits to be approved."


def test_s035_a_manual_task_that_was_approved_runs_and_its_downstreams_follow(register, start, drain):
    @task(trigger=manual_only)
    def ships():
        return "shipped"

    with Flow("f") as flow:
        works(upstream_tasks=[ships()])
    run = start(register(flow))
    drain()
    assert (state(run), states(run)["ships-1"]) == (State.RUNNING, "Paused")

    approve(run, "ships-1")
    drain()

    assert (state(run), states(run)) == (State.SUCCESS, {"ships-1": "Success", "works-1": "Success"})


def test_a_child_flow_run_that_waits_for_approval_starts_when_it_has_it(register, start, drain):
    register(one_task("good"))
    with Flow("parent") as flow:
        child("good", wait=True, trigger=manual_only)()
    run = start(register(flow))
    drain()
    assert FlowRun.objects.count() == 1

    approve(run, "Flow good-1")
    drain()

    assert state(run) == State.SUCCESS


def test_a_manual_task_after_what_was_skipped_by_a_cascade_is_skipped_too_and_one_that_looks_away_pauses(
    register, start, drain
):
    with Flow("f") as flow:
        skipped = works.copy(name="skipped", trigger=not_all_skipped).bind()
        works.copy(name="follows", trigger=manual_only).bind(upstream_tasks=[skipped])
        works.copy(name="asks", trigger=manual_only, skip_on_upstream_skip=False).bind(upstream_tasks=[skipped])
    run = start(register(flow))

    assert states(run) == {"skipped-1": "Skipped", "follows-1": "Skipped", "asks-1": "Paused"}
    cancel_flow_run(flow_run_id=run.pk)
    assert states(run)["asks-1"] == "Cancelled"
    assert state(run) == State.CANCELLED


def test_a_restart_judges_the_trigger_again(register, start, drain):
    """Not what it ended with decides, but what its upstreams ended with: they stay successful."""
    with Flow("f") as flow:
        works.copy(name="mends", trigger="all_failed").bind(upstream_tasks=[works()])
    run = start(register(flow))
    drain()
    assert states(run)["mends-1"] == "TriggerFailed"

    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert states(run)["mends-1"] == "TriggerFailed"
    assert state(run) == State.FAILED


def test_s040_a_skipped_upstream_leaves_it_to_the_trigger_where_the_skip_rule_is_off(register, start, drain):
    with Flow("f") as flow:
        skipped = works.copy(name="skipped", trigger=not_all_skipped).bind()
        works.copy(name="runs", skip_on_upstream_skip=False).bind(upstream_tasks=[skipped])
        works.copy(name="fails", trigger="any_failed", skip_on_upstream_skip=False).bind(upstream_tasks=[skipped])
        works.copy(name="follows").bind(upstream_tasks=[skipped])
    run = start(register(flow))
    drain()

    assert states(run) == {
        "skipped-1": "Skipped",
        "runs-1": "Success",
        "fails-1": "TriggerFailed",
        "follows-1": "Skipped",
    }


def test_what_its_trigger_lets_start_no_new_child_waits_not_again_for_the_one_it_had(register, start, drain):
    answers = []
    register(one_task("child", failing_once()))
    with Flow("parent") as flow:
        child("child", wait=True, trigger=lambda _: not answers)()
    run = start(register(flow))
    drain()
    restart_flow_run(flow_run_id=run.pk)
    drain()
    assert states(run) == {"Flow child-1": "Success"}

    answers.append("no")
    restart_flow_run(flow_run_id=run.pk, from_tasks=["Flow child-1"])
    drain()
    recover()

    assert states(run) == {"Flow child-1": "TriggerFailed"}
    assert FlowRun.objects.get(parent_task_run__flow_run=run).attempt == 2


def test_items_whose_trigger_is_code_see_an_upstream_that_ended_without_items_as_a_whole(register, start, drain):
    seen = []

    def sees(upstreams):
        seen.extend(state.state for state in upstreams.values())
        return False

    with Flow("f") as flow:
        skipped = task(raising_skip, name="skipped")()
        first = task(lambda x: x, name="first").map([1, 2], upstream_tasks=[skipped])
        task(lambda x: x, name="then", trigger=sees, skip_on_upstream_skip=False).map([1, 2], upstream_tasks=[first])
    run = start(register(flow))
    drain()

    assert states(run)["then-1"] == "TriggerFailed"
    assert seen == [State.SKIPPED, State.SKIPPED]
    assert flow.run()["then-1"].state is State.TRIGGER_FAILED


def raising_skip():
    raise signals.SKIP("nothing today")
