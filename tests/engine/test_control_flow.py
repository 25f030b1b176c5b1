"""Branches in the engine: decided in the transaction that lets them start, by no worker."""

import pytest

from orchestrator.core.states import State
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow, Parameter, case, ifelse, merge, switch, task
from tests.engine.conftest import state, states
from tests.engine.flows import WORKS, child, fails, one_task, works


@task
def give(value):
    return value


@pytest.mark.parametrize(("value", "result"), [("a", "A"), ("b", "B"), ("c", None)])
def test_s091_s092_the_branch_that_matches_runs_and_merge_hands_its_result_on(register, start, drain, value, result):
    with Flow("f") as flow:
        condition = give(Parameter("value"))
        with case(condition, "a"):
            first = give.copy(name="first").bind("A")
        with case(condition, "b"):
            second = give.copy(name="second").bind("B")
        merge(first, second)
    run = start(register(flow), value=value)
    drain()

    run.refresh_from_db()
    assert (run.state, run.result) == (State.SUCCESS, result)
    found = states(run)
    assert [found["first-1"], found["second-1"]] == ["Success" if name == result else "Skipped" for name in "AB"]
    assert found["Merge-1"] == ("Success" if result else "Skipped")
    decided = TaskRun.objects.filter(flow_run=run, slug__in=["case(a)-1", "case(b)-1", "Merge-1"])
    assert set(decided.values_list("worker", flat=True)) == {""}


@pytest.mark.parametrize(("value", "runs"), [(5, "yes"), ("x", "yes"), (0, "no"), ("", "no"), (None, "no"), ([], "no")])
def test_s095_ifelse_runs_one_side_and_skips_the_other(register, start, drain, value, runs):
    with Flow("f") as flow:
        ifelse(give(Parameter("value")), give.copy(name="yes").bind(1), give.copy(name="no").bind(2))
    run = start(register(flow), value=value)
    drain()

    ended = states(run)
    assert {name: ended[f"{name}-1"] for name in ("yes", "no")} == {"yes": "Skipped", "no": "Skipped"} | {
        runs: "Success"
    }


def test_a_flow_that_only_decides_ends_when_it_starts(register, start):
    with Flow("f") as flow:
        with case(Parameter("value", default=1), 1), case(Parameter("other", default=2), 3):
            merge(1)
        merge(flow.get_tasks(name="Merge")[0])
    run = start(register(flow))

    assert state(run) == State.SUCCESS
    assert states(run) == {"case(1)-1": "Success", "case(3)-1": "Skipped", "Merge-1": "Skipped", "Merge-2": "Skipped"}


def test_s091_no_child_flow_run_is_created_for_a_branch_that_is_not_taken(register, start, drain):
    register(one_task("left"))
    register(one_task("right"))
    with Flow("parent") as flow:
        left, right = child("left", wait=True)(), child("right", wait=True)()
        switch(Parameter("side"), {"left": left, "right": right})
        merge(left, right)
    run = start(register(flow), side="right")
    drain()

    run.refresh_from_db()
    assert (run.state, run.result) == (State.SUCCESS, WORKS)
    assert states(run)["Flow left-1"] == "Skipped"
    assert set(FlowRun.objects.values_list("flow__name", flat=True)) == {"parent", "right"}


def test_a_merge_behind_a_branch_that_failed_ends_trigger_failed_and_runs_after_the_restart(register, start, drain):
    broken = [True]

    @task
    def mended():
        if broken:
            raise ValueError("broken on purpose")
        return "mended"

    with Flow("f") as flow:
        with case(give(1), 1):
            taken = mended()
        with case(give(2), 1):
            other = works()
        merge(other, taken)
    run = start(register(flow))
    drain()
    assert (state(run), states(run)["Merge-1"]) == (State.FAILED, "TriggerFailed")

    broken.clear()
    restart_flow_run(flow_run_id=run.pk)
    drain()

    run.refresh_from_db()
    assert (run.state, run.result["Merge-1"] if isinstance(run.result, dict) else run.result) == ("Success", "mended")


def test_a_condition_that_failed_fails_what_it_decides(register, start, drain):
    with Flow("f") as flow:
        with case(fails(), 1):
            inside = works()
        merge(inside)
    run = start(register(flow))
    drain()

    assert {found for slug, found in states(run).items() if slug != "fails-1"} == {"TriggerFailed"}


def test_large_results_are_compared_and_handed_on(register, start, drain):
    large = ["x" * 1000] * 100

    @task
    def makes():
        return large

    with Flow("f") as flow:
        made = makes()
        with case(made, large):
            same = works()
        with case(made, "small"):
            other = works()
        merge(made, other, same)
    run = start(register(flow))
    drain()

    assert {slug: found for slug, found in states(run).items() if slug.startswith("works")} == {
        "works-1": "Success",
        "works-2": "Skipped",
    }
    joined = TaskRun.objects.select_related("stored_result").get(flow_run=run, slug="Merge-1")
    assert joined.stored_result.preview.startswith('["xxx')
