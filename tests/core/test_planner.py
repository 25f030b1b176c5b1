"""The scheduler's judgement, beside an interpreter so simple that it is plainly right."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.graph import FlowGraph
from orchestrator.core.planner import (
    Ending,
    cascade,
    final_ending,
    flow_result,
    judge_task,
    released_by,
    waiting_counts,
    with_causes,
)
from orchestrator.core.states import TERMINAL, State
from orchestrator.core.triggers import Trigger
from tests.core.graphs import DIAMOND, OUTCOMES, acyclic_graphs, graph_of

GOOD = {State.SUCCESS, State.SKIPPED}
BAD = {State.FAILED, State.TRIGGER_FAILED}
STARTS = {
    Trigger.ALL_SUCCESSFUL: lambda states: all(state in GOOD for state in states),
    Trigger.ALL_FAILED: lambda states: all(state in BAD for state in states),
    Trigger.ANY_SUCCESSFUL: lambda states: any(state in GOOD for state in states),
    Trigger.ANY_FAILED: lambda states: any(state in BAD for state in states),
    Trigger.NOT_ALL_SKIPPED: lambda states: all(state in GOOD for state in states),
    Trigger.SOME_FAILED: lambda states: True,
    Trigger.SOME_SUCCESSFUL: lambda states: True,
    Trigger.ALL_FINISHED: lambda states: True,
    Trigger.ALWAYS_RUN: lambda states: True,
    Trigger.CUSTOM: lambda states: True,
}


def interpreted(graph: FlowGraph, outcomes: Mapping[str, State], unstarted: set[str]) -> dict[str, State]:
    """Return where every task ends when those that start end as `outcomes` say, and `unstarted` never get to start."""
    states: dict[str, State] = {}
    for slug in graph.order:
        above = [edge.upstream for edge in graph.edges if edge.downstream == slug]
        task = graph.tasks[slug]
        if slug in unstarted or any(states[upstream] not in TERMINAL for upstream in above):
            states[slug] = State.PENDING
        elif task.skip_on_upstream_skip and any(states[upstream] is State.SKIPPED for upstream in above):
            states[slug] = State.SKIPPED
        elif task.trigger is Trigger.MANUAL_ONLY:
            states[slug] = State.PAUSED
        elif task.trigger is Trigger.NOT_ALL_SKIPPED and all(states[upstream] is State.SKIPPED for upstream in above):
            states[slug] = State.SKIPPED
        elif not above or STARTS[task.trigger]([states[upstream] for upstream in above]):
            states[slug] = outcomes[slug]
        else:
            states[slug] = State.TRIGGER_FAILED
    return states


class Engine:
    """Runs a graph as the engine does: by counters, one ending at a time, each followed by one cascade."""

    def __init__(self, graph: FlowGraph) -> None:
        self.graph = graph
        self.states = dict.fromkeys(graph.tasks, State.PENDING)
        self.waiting_on = waiting_counts(graph)
        verdicts = {slug: judge_task(graph, slug, {}) for slug in graph.roots}
        self.ready = [slug for slug, verdict in verdicts.items() if verdict is None]
        self.follow({slug: verdict for slug, verdict in verdicts.items() if verdict is not None})

    def end(self, slug: str, state: State) -> None:
        self.ready.remove(slug)
        self.states[slug] = state
        endings = {}
        for downstream, fall in released_by(self.graph, {slug: Ending(state)}).items():
            self.waiting_on[downstream] -= fall
            if self.waiting_on[downstream] == 0:
                ending = judge_task(self.graph, downstream, self.states)
                if ending is None:
                    self.ready.append(downstream)
                else:
                    endings[downstream] = ending
        self.follow(endings)

    def follow(self, verdicts: Mapping[str, Ending]) -> None:
        endings = {slug: verdict for slug, verdict in verdicts.items() if verdict.state in TERMINAL}
        self.states |= dict.fromkeys(set(verdicts) - set(endings), State.PAUSED)
        plan = cascade(self.graph, endings=endings, states=self.states, waiting_on=self.waiting_on)
        self.waiting_on |= plan.waiting_on
        self.states |= {name: ending.state for name, ending in plan.endings.items()}
        self.states |= dict.fromkeys(plan.paused, State.PAUSED)
        self.ready += plan.ready


@given(graph=acyclic_graphs(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_counters_and_cascades_come_to_what_the_simple_interpreter_says(graph: FlowGraph, data: st.DataObject) -> None:
    outcomes = {slug: data.draw(st.sampled_from(OUTCOMES), label=slug) for slug in graph.tasks}
    engine = Engine(graph)

    while engine.ready:
        slug = data.draw(st.sampled_from(sorted(engine.ready)))
        engine.end(slug, outcomes[slug])

        assert len(set(engine.ready)) == len(engine.ready)
        assert engine.states == interpreted(graph, outcomes, unstarted=set(engine.ready))
        assert engine.waiting_on == {
            name: sum(engine.states[upstream] not in TERMINAL for upstream in graph.upstreams[name])
            for name in graph.tasks
        }
    assert engine.states == interpreted(graph, outcomes, unstarted=set())
    assert set(engine.states.values()) <= TERMINAL or State.PAUSED in engine.states.values()


def test_a_failure_ends_a_whole_chain_in_one_pass() -> None:
    count = 5_000
    graph = graph_of(" ".join(f"t{number}-t{number + 1}" for number in range(count)))
    states = {**dict.fromkeys(graph.tasks, State.PENDING), "t0": State.FAILED}

    plan = cascade(
        graph,
        endings={"t1": Ending(State.TRIGGER_FAILED)},
        states=states,
        waiting_on={**waiting_counts(graph), "t1": 0},
    )

    assert len(plan.endings) == count
    assert {ending.state for ending in plan.endings.values()} == {State.TRIGGER_FAILED}
    assert plan.ready == []
    assert set(plan.waiting_on.values()) == {0}


def test_a_cascade_lets_tasks_start_that_asked_for_failures() -> None:
    graph = graph_of("A-B B-C A-C", tasks={"C": {"trigger": Trigger.ANY_FAILED}})

    plan = cascade(
        graph,
        endings={"B": Ending(State.TRIGGER_FAILED, "No.")},
        states={"A": State.SUCCESS, "B": State.PENDING, "C": State.PENDING},
        waiting_on={"A": 0, "B": 0, "C": 1},
    )

    assert plan.ready == ["C"]
    assert plan.waiting_on == {"C": 0}
    assert plan.endings == {"B": Ending(State.TRIGGER_FAILED, "No.")}


@pytest.mark.parametrize("state", [State.CANCELLED, State.RUNNING, State.RETRYING, State.PAUSED])
def test_a_task_that_has_ended_otherwise_or_goes_on_is_not_ended_again(state: State) -> None:
    plan = cascade(
        graph_of("A-B"),
        endings={"A": Ending(State.SKIPPED)},
        states={"A": State.PENDING, "B": state},
        waiting_on={"A": 0, "B": 1},
    )

    assert set(plan.endings) == {"A"}
    assert plan.ready == []


def test_the_first_task_of_a_diamond_releases_both_arms_and_the_arms_the_end_twice() -> None:
    graph = graph_of(DIAMOND)

    assert waiting_counts(graph) == {"A": 0, "B": 1, "C": 1, "D": 2}
    assert released_by(graph, {"A": Ending(State.SUCCESS)}) == {"B": 1, "C": 1}
    assert released_by(graph, dict.fromkeys("BC", Ending(State.SUCCESS))) == {"D": 2}


def test_a_trigger_failure_has_a_message() -> None:
    ending = judge_task(graph_of("A-B"), "B", {"A": State.FAILED})

    assert ending is not None
    assert ending.state is State.TRIGGER_FAILED
    assert "A failed" in ending.message


# How the tasks that decide ended (see LETTERS) -> how the flow run ends.
FINAL = [
    ("S", State.SUCCESS, "All reference tasks were successful."),
    ("K", State.SUCCESS, "All reference tasks were successful."),
    ("S K", State.SUCCESS, "All reference tasks were successful."),
    ("F", State.FAILED, "t0 failed."),
    ("S T", State.FAILED, "t1 did not start."),
    ("F F F F F", State.FAILED, "t0, t1, t2 and 2 more failed."),
    ("C", State.CANCELLED, "t0 ended cancelled."),
    ("S C", State.CANCELLED, "t1 ended cancelled."),
    ("C F", State.FAILED, "t1 failed."),
]
LETTERS = {
    "S": State.SUCCESS,
    "F": State.FAILED,
    "T": State.TRIGGER_FAILED,
    "K": State.SKIPPED,
    "C": State.CANCELLED,
}


@pytest.mark.parametrize(("letters", "state", "message"), FINAL)
def test_the_deciding_tasks_decide_how_a_flow_run_ends(letters: str, state: State, message: str) -> None:
    states = {f"t{number}": LETTERS[letter] for number, letter in enumerate(letters.split())}
    graph = graph_of(alone=" ".join(states))

    ending = final_ending(graph, states=states, results={}, cancelling=False)

    assert (ending.state, ending.message) == (state, message)


@pytest.mark.parametrize("letters", ["S", "F", "C", "S F"])
def test_a_flow_run_that_was_cancelled_ends_cancelled_whatever_its_tasks_did(letters: str) -> None:
    states = {f"t{number}": LETTERS[letter] for number, letter in enumerate(letters.split())}

    ending = final_ending(graph_of(alone=" ".join(states)), states=states, results={"t0": 1}, cancelling=True)

    assert ending == Ending(State.CANCELLED, "Cancelled.")


def test_only_the_reference_tasks_decide_where_some_are_named() -> None:
    drawn = graph_of("A-B")
    graph = FlowGraph(drawn.tasks, drawn.edges, reference_tasks=("A",))

    ending = final_ending(graph, states={"A": State.SUCCESS, "B": State.FAILED}, results={}, cancelling=False)

    assert ending.state is State.SUCCESS


def test_an_end_is_not_asked_for_before_the_tasks_have_ended() -> None:
    with pytest.raises(AssertionError, match="before its tasks ended"):
        final_ending(graph_of(alone="A"), states={"A": State.RUNNING}, results={}, cancelling=False)


@pytest.mark.parametrize(
    ("edges", "result_task", "result"),
    [
        ("A-B", None, 2),
        ("A-B A-C", None, {"B": 2, "C": None}),
        ("A-B A-C", "A", 1),
        ("A-C", None, None),
    ],
)
def test_the_result_of_a_flow_run_is_that_of_its_end_or_of_the_task_named(
    edges: str, result_task: str | None, result: Any
) -> None:
    drawn = graph_of(edges)
    graph = FlowGraph(drawn.tasks, drawn.edges, result_task=result_task)
    states = dict.fromkeys(graph.tasks, State.SUCCESS)

    ending = final_ending(graph, states=states, results={"A": 1, "B": 2}, cancelling=False)

    assert ending.result == flow_result(graph, {"A": 1, "B": 2}) == result


def test_a_failed_flow_run_has_no_result() -> None:
    ending = final_ending(graph_of(alone="A"), states={"A": State.FAILED}, results={"A": 1}, cancelling=False)
    assert ending.result is None


def test_a_failed_flow_run_says_what_failed_in_it_and_a_successful_one_nothing() -> None:
    failed = Ending(State.FAILED, "C did not start.")
    fine = Ending(State.SUCCESS, "All reference tasks were successful.")
    graph = graph_of(alone="A B C D E")

    assert with_causes(graph, failed, {}) == failed
    assert with_causes(graph, fine, {"A": "tried in vain"}) == fine
    assert with_causes(graph, failed, {"A": "no rows"}).message == "A: no rows"
    many = {slug: f"no {slug}" for slug in "ABCDE"}
    assert with_causes(graph, failed, many).message == "A: no A; B: no B; and 3 more"
