"""What people's own triggers and the handlers of a flow are shown of the tasks before them, here and in workers."""

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.core.states import State
from orchestrator.models import FlowRun
from orchestrator.sdk import Edge, Flow, RunState, signals, task
from tests.engine.flows import fails

Execute = Callable[..., FlowRun]
Seen = tuple[State, str, Any, list[tuple[State, str, Any]]]


def seen_of(state: RunState) -> Seen:
    return (
        state.state,
        state.message,
        state.result,
        [(each.state, each.message, each.result) for each in state.map_states],
    )


@task
def odd(number: int) -> int:
    if number == 2:
        raise signals.SKIP("even")
    if number > 3:
        raise ValueError("too much")
    return number


ITEMS = [
    (State.SUCCESS, "", 1),
    (State.SKIPPED, "even", None),
    (State.FAILED, "ValueError: too much", None),
]
MAPPED = (State.FAILED, "1 of 3 items failed: [2] ValueError: too much", [1, None, None], ITEMS)
BROKEN = (State.FAILED, "ValueError: broken on purpose", None, [])


def test_a_custom_trigger_sees_messages_results_and_items(execute: Execute) -> None:
    shown: list[dict[str, Seen]] = []

    def most(upstream: Mapping[Edge, RunState]) -> bool:
        shown.append({edge.upstream_task.name: seen_of(state) for edge, state in upstream.items()})
        return True

    with Flow("f") as flow:
        task(trigger=most, skip_on_upstream_skip=False, name="after")(lambda numbers: numbers)(
            odd.map([1, 2, 4]), upstream_tasks=[fails()]
        )
    flow.run()
    execute(flow)

    assert shown == [{"odd": MAPPED, "fails": BROKEN}] * 2


def test_the_custom_trigger_of_an_item_sees_the_item_it_follows(execute: Execute) -> None:
    shown: list[Seen] = []

    def any_of(upstream: Mapping[Edge, RunState]) -> bool:
        by_name = {edge.upstream_task.name: seen_of(state) for edge, state in upstream.items()}
        assert by_name["fails"] == BROKEN
        shown.append(by_name["odd"])
        return True

    with Flow("f") as flow:
        task(trigger=any_of, name="after")(lambda number: number).map(odd.map([1, 4]), upstream_tasks=[fails()])
    flow.run()
    execute(flow)

    one, two = (State.SUCCESS, "", 1, []), (State.FAILED, "ValueError: too much", None, [])
    assert shown == [one, two] * 2


def test_a_terminal_state_handler_sees_messages_and_items(execute: Execute) -> None:
    shown: list[list[Seen]] = []

    def decide(_flow: Flow, _state: RunState, deciding: set[RunState]) -> None:
        shown.append(sorted(map(seen_of, deciding), key=str))

    with Flow("f", terminal_state_handler=decide) as flow:
        odd.map([1, 2, 4])
        fails()
    flow.run()
    execute(flow)

    assert shown == [sorted([MAPPED, BROKEN], key=str)] * 2
