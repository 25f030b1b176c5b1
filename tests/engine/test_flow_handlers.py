"""State handlers of flows, executed by workers (numbers: the conformance list of the semantics)."""

from typing import Any

import pytest

from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun, LogLine
from orchestrator.sdk import Flow, RunState, case, task
from orchestrator.sdk import states as made
from tests.engine.conftest import state, states
from tests.engine.flows import child, fails, works
from tests.sdk.test_handlers import Heard


def flow_of(body: Any, name: str = "f", **attributes: Any) -> Flow:
    with Flow(name, **attributes) as flow:
        body()
    return flow


def message(run: FlowRun) -> str:
    return FlowRun.objects.values_list("message", flat=True).get(pk=run.pk)


def result(run: FlowRun) -> Any:
    return FlowRun.objects.values_list("result", flat=True).get(pk=run.pk)


def test_the_handlers_hear_of_start_and_end_and_may_change_it(register, start, drain):
    heard = Heard(Failed=made.Success("rescued", result={"rows": 0}))
    run = start(register(flow_of(fails, state_handlers=[heard])))
    drain()

    assert (state(run), message(run), result(run)) == (State.SUCCESS, "rescued", {"rows": 0})
    assert heard.changes == [("Pending", "Running"), ("Running", "Failed")]
    assert states(run) == {"flow-start": "Success", "fails-1": "Failed", "flow-end": "Success"}


def test_a_flow_whose_handlers_leave_it_ends_as_its_tasks_say(register, start, drain):
    large = ["x" * 1000] * 100

    @task
    def makes():
        return large

    seen = []

    def note(flow, old, new):
        seen.append(new.result)

    run = start(register(flow_of(makes, state_handlers=[note])))
    drain()

    assert (state(run), message(run)) == (State.SUCCESS, "All reference tasks were successful.")
    assert seen == [None, large]
    assert FlowRun.objects.get(pk=run.pk).stored_result is not None


@pytest.mark.parametrize(
    ("answer", "ends", "task_ends"),
    [(made.Skipped("not today"), "Skipped", "Skipped"), (ValueError("oh"), "Failed", "TriggerFailed")],
)
def test_a_flow_that_its_handlers_do_not_let_start_runs_nothing(register, start, drain, answer, ends, task_ends):
    run = start(register(flow_of(works, state_handlers=[Heard(Running=answer)])))
    drain()

    assert (state(run), states(run)["works-1"]) == (ends, task_ends)


def test_s050_a_terminal_state_handler_decides_unless_it_returns_nothing(register, start, drain):
    seen = []

    def decide(flow: Flow, state: RunState, deciding: set[RunState]) -> RunState | None:
        seen.append((state.state.value, [(each.state.value, each.result) for each in deciding]))
        return made.Cancelled("never mind") if state.is_failed() else None

    changed = start(register(flow_of(fails, "changed", terminal_state_handler=decide)))
    kept = start(register(flow_of(works, "kept", terminal_state_handler=decide)))
    drain()

    assert (state(changed), message(changed)) == (State.CANCELLED, "never mind")
    assert (state(kept), result(kept)) == (State.SUCCESS, {"ok": True})
    assert sorted(seen) == [("Failed", [("Failed", None)]), ("Success", [("Success", {"ok": True})])]


def test_a_parent_hears_what_the_handlers_of_its_child_made_of_it(register, start, drain):
    register(flow_of(fails, "child", state_handlers=[Heard(Failed=made.Success(result="rescued"))]))
    run = start(register(flow_of(child("child", wait=True), "parent")))
    drain()

    assert (state(run), result(run)) == (State.SUCCESS, "rescued")


def test_on_failure_hears_why_and_its_log_is_kept(register, start, drain):
    run = start(register(flow_of(fails, on_failure=lambda flow, state: print(f"{flow.name}: {state.message}"))))
    drain()

    assert state(run) == State.FAILED
    assert message(run) == "fails: ValueError: broken on purpose"
    logged = LogLine.objects.filter(task_run__slug="flow-end").values_list("message", flat=True)
    assert list(logged) == ["f: fails: ValueError: broken on purpose"]


def test_a_handler_that_raises_fails_the_flow_and_a_restart_asks_it_again(register, start, drain):
    heard = Heard(Success=KeyError("oh"))
    run = start(register(flow_of(works, state_handlers=[heard])))
    drain()
    assert (state(run), message(run)) == (State.FAILED, "A state handler raised KeyError: 'oh'")
    assert result(run) is None, "nothing that a run which failed would have handed on"

    heard.answers.clear()
    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert (state(run), result(run)) == (State.SUCCESS, {"ok": True})
    assert [after for _, after in heard.changes] == ["Running", "Success", "Success"]


def test_a_cancelled_flow_run_asks_nobody(register, start, drain):
    heard = Heard()
    run = start(register(flow_of(works, state_handlers=[heard])))
    cancel_flow_run(flow_run_id=run.pk)
    drain()

    assert (state(run), heard.changes) == (State.CANCELLED, [])


def test_the_handlers_at_the_end_wait_for_items_that_others_followed(register, start, drain):
    register(flow_of(works, "small"))
    with Flow("f", state_handlers=[Heard(Success=made.Failed("vetoed"))]) as flow:
        followed = child("small", wait=True).map(parameters=[{}, {}])
        with case(child("small")(), "no"):
            child("small", wait=True).map(parameters=[{}, {}], upstream_tasks=[followed])
    run = start(register(flow))
    drain()

    assert (state(run), message(run)) == (State.FAILED, "vetoed")
