"""State handlers and custom triggers in flow.run() (numbers: the conformance list of the semantics)."""

from typing import Any

import pytest

from orchestrator.core.states import State
from orchestrator.sdk import Flow, RunState, Task, context, signals, states, task


class Heard:
    """A state handler that notes what it is told, and answers as it was told to."""

    def __init__(self, **answers: Any) -> None:
        self.changes: list[tuple[str, str]] = []
        self.answers = answers

    def __call__(self, _owner: Task | Flow, old: RunState, new: RunState) -> RunState | None:
        self.changes.append((old.state.value, new.state.value))
        answer = self.answers.get(new.state.value)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def run_one(body: Any, **attributes: Any) -> RunState:
    with Flow("f") as flow:
        task(name="a", **attributes)(body)()
    return flow.run()["a-1"]


def flaky() -> int:
    if context().attempt == 1:
        raise ValueError("the first time")
    return context().attempt


def fails() -> None:
    raise ValueError("no")


def test_s052_the_handlers_of_a_task_that_fails_once_see_every_change() -> None:
    heard = Heard()

    assert run_one(flaky, max_retries=1, retry_delay=0, state_handlers=[heard]).result == 2
    assert heard.changes == [
        ("Pending", "Running"),
        ("Running", "Failed"),
        ("Failed", "Retrying"),
        ("Retrying", "Running"),
        ("Running", "Success"),
    ]


def test_a_handler_may_rescue_a_task_that_failed() -> None:
    ended = run_one(
        fails, max_retries=1, retry_delay=0, state_handlers=[Heard(Failed=states.Success("rescued", result=(0,)))]
    )

    assert (ended.state, ended.message, ended.result) == (State.SUCCESS, "rescued", [0])


def test_handlers_are_chained() -> None:
    first, second = Heard(Failed=states.Skipped("rather skipped")), Heard(Skipped=states.Success())

    assert run_one(fails, state_handlers=[first, second]).is_successful()
    assert second.changes[-1] == ("Running", "Skipped")


@pytest.mark.parametrize("state", ["Running", "Success", "Retrying"])
def test_an_exception_in_a_handler_fails_the_task_without_retries(state: str) -> None:
    calls = []

    def body() -> int:
        calls.append(1)
        return flaky()

    ended = run_one(body, max_retries=2, retry_delay=0, state_handlers=[Heard(**{state: KeyError("oh")})])

    assert (ended.state, ended.message) == (State.FAILED, "A state handler raised KeyError: 'oh'")
    assert len(calls) == {"Running": 0, "Success": 2, "Retrying": 1}[state]


def test_a_handler_may_end_a_task_before_it_runs() -> None:
    assert run_one(fails, state_handlers=[Heard(Running=states.Skipped("not today"))]).message == "not today"
    assert run_one(fails, state_handlers=[Heard(Running=signals.SKIP("nor today"))]).message == "nor today"


@pytest.mark.parametrize("answer", ["Success", RunState(State.RUNNING), RunState(State.PENDING)])
def test_a_handler_that_returns_something_else_fails_the_task(answer: Any) -> None:
    ended = run_one(fails, state_handlers=[Heard(Failed=answer)])

    assert ended.is_failed()
    assert "a state handler" in ended.message


def test_on_failure_is_called_at_each_failure_also_one_that_is_retried() -> None:
    told = []

    run_one(
        fails, max_retries=1, retry_delay=0, on_failure=lambda owner, state: told.append((owner.name, state.message))
    )

    assert told == [("a", "ValueError: no")] * 2


def test_on_failure_hears_of_a_trigger_that_failed_and_of_a_time_limit() -> None:
    told: list[str] = []

    def note(_: Task, state: RunState) -> None:
        told.append(state.state.value)

    with Flow("f") as flow:
        failed = task(fails, name="fails")()
        task(lambda: 1, name="after", on_failure=note)(upstream_tasks=[failed])

        @task(timeout=0.05, on_failure=note)
        def slow() -> None:
            while True:
                pass

        slow()
    flow.run()

    assert sorted(told) == ["TimedOut", "TriggerFailed"]


def test_s038_a_custom_trigger_that_says_no_or_raises_fails_the_task() -> None:
    def raises(_: Any) -> None:
        raise ValueError("cannot say")

    no = run_one(lambda: 1, trigger=lambda upstream: False)
    broken = run_one(lambda: 1, trigger=raises)

    assert (no.state, no.message) == (State.TRIGGER_FAILED, "Trigger <lambda> said no.")
    assert (broken.state, broken.message) == (State.TRIGGER_FAILED, "Trigger raises raised ValueError: cannot say")


def test_a_custom_trigger_is_given_its_edges_and_the_states_of_its_upstreams() -> None:
    seen = {}

    def trigger(upstream: Any) -> bool:
        seen.update({(edge.upstream_task.name, edge.key): state.result for edge, state in upstream.items()})
        return True

    with Flow("f") as flow:
        first = task(lambda: 5, name="first")()
        other = task(fails, name="other")()
        task(lambda x: x, name="asked", trigger=trigger)(x=first, upstream_tasks=[other])
    state = flow.run()

    assert state["asked-1"].result == 5
    assert seen == {("first", "x"): 5, ("other", None): None}


def test_a_skipped_upstream_skips_before_a_custom_trigger_is_asked() -> None:
    with Flow("f") as flow:
        skipped = task(lambda: 1, name="skipped", state_handlers=[Heard(Running=states.Skipped())])()
        task(lambda: 1, name="after", trigger=lambda upstream: pytest.fail("asked"))(upstream_tasks=[skipped])

    assert flow.run()["after-1"].is_skipped()


@pytest.mark.parametrize("handlers", [{"state_handlers": ["no"]}, {"on_failure": 5}])
def test_what_cannot_be_called_is_no_handler(handlers: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="A state handler is a function"):
        Task("a", **handlers)


def flow_of(body: Any, **attributes: Any) -> Flow:
    with Flow("f", **attributes) as flow:
        task(body, name="a")()
    return flow


def test_the_handlers_of_a_flow_hear_of_its_start_and_end_and_may_change_it() -> None:
    heard = Heard(Failed=states.Success("rescued"))
    state = flow_of(fails, state_handlers=[heard]).run()

    assert (state.state, state.message) == (State.SUCCESS, "rescued")
    assert heard.changes == [("Pending", "Running"), ("Running", "Failed")]
    assert set(state.task_states) == {"a-1"}


def test_a_flow_whose_handlers_leave_it_ends_as_its_tasks_say() -> None:
    state = flow_of(lambda: {"rows": 5}, state_handlers=[Heard()]).run()

    assert (state.state, state.message, state.result) == (
        State.SUCCESS,
        "All reference tasks were successful.",
        {"rows": 5},
    )


@pytest.mark.parametrize(
    ("answer", "ends", "task_ends"),
    [
        (states.Skipped("not today"), State.SKIPPED, State.SKIPPED),
        (ValueError("oh"), State.FAILED, State.TRIGGER_FAILED),
    ],
)
def test_a_flow_that_its_handlers_do_not_let_start_runs_nothing(answer: Any, ends: State, task_ends: State) -> None:
    state = flow_of(lambda: pytest.fail("ran"), state_handlers=[Heard(Running=answer)]).run()

    assert (state.state, state["a-1"].state) == (ends, task_ends)


def test_s050_a_terminal_state_handler_decides_unless_it_returns_nothing() -> None:
    seen = []

    def decide(flow: Flow, state: RunState, deciding: set[RunState]) -> RunState | None:
        seen.append((flow.name, state.state.value, sorted(each.state.value for each in deciding)))
        return states.Success("good enough", result=1) if state.is_failed() else None

    rescued = flow_of(fails, terminal_state_handler=decide).run()
    kept = flow_of(lambda: 5, terminal_state_handler=decide).run()

    assert (rescued.state, rescued.message, rescued.result) == (State.SUCCESS, "good enough", 1)
    assert (kept.state, kept.result) == (State.SUCCESS, 5)
    assert seen == [("f", "Failed", ["Failed"]), ("f", "Success", ["Success"])]


def test_on_failure_of_a_flow_is_called_when_it_failed_only() -> None:
    told: list[str] = []

    def note(flow: Flow, state: RunState) -> None:
        told.append(state.message)

    flow_of(fails, on_failure=note).run()
    flow_of(lambda: 1, on_failure=note).run()

    assert told == ["a: ValueError: no"]


@pytest.mark.parametrize("answer", [RuntimeError("oh"), states.RunState(State.PAUSED), "no state"])
def test_a_handler_of_a_flow_that_goes_wrong_fails_it(answer: Any) -> None:
    assert flow_of(lambda: 1, state_handlers=[Heard(Success=answer)]).run().is_failed()


def test_the_slugs_of_the_tasks_that_call_a_flows_handlers_are_taken() -> None:
    with Flow("f", on_failure=print) as flow:
        task(lambda: 1, name="a", slug="flow-end").bind()
    with pytest.raises(ValueError, match="'flow-end', which the flow's state handlers need"):
        flow.graph()
