"""What runs again: judged from states alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.graph import FlowGraph
from orchestrator.core.restarts import never_started, not_successful, what_runs_again
from orchestrator.core.states import SUCCESSFUL, TERMINAL, State
from tests.core.graphs import DIAMOND, acyclic_graphs, graph_of

LETTERS = {
    "S": State.SUCCESS,
    "F": State.FAILED,
    "T": State.TRIGGER_FAILED,
    "K": State.SKIPPED,
    "C": State.CANCELLED,
    "P": State.PENDING,
    "R": State.RUNNING,
}


def read(words: str) -> dict[str, State]:
    return {slug: LETTERS[letter] for slug, letter in (item.split(":") for item in words.split())}


@pytest.mark.parametrize(
    ("ended", "again"),
    [
        ("A:S B:F C:S D:T", {"B": 0, "D": 1}),
        ("A:F B:T C:T D:T", {"A": 0, "B": 1, "C": 1, "D": 2}),
        ("A:S B:S C:C D:T", {"C": 0, "D": 1}),
        ("A:S B:F C:S D:S", {"B": 0, "D": 1}),
        ("A:S B:K C:S D:S", {}),
    ],
)
def test_a_restart_runs_again_what_did_not_succeed_and_all_after_it(ended: str, again: dict[str, int]) -> None:
    states = read(ended)

    assert what_runs_again(graph_of(DIAMOND), not_successful(states), states).again == again


@given(graph=acyclic_graphs(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_restart_leaves_only_successful_tasks_with_successful_ones_above(
    graph: FlowGraph, data: st.DataObject
) -> None:
    states = {slug: data.draw(st.sampled_from(sorted(TERMINAL))) for slug in graph.tasks}

    again = what_runs_again(graph, not_successful(states), states).again

    for slug in set(graph.tasks) - set(again):
        assert states[slug] in SUCCESSFUL
        assert not set(again) & set(graph.upstreams[slug])
    assert again == {slug: len(set(again) & set(graph.upstreams[slug])) for slug in again}


@given(graph=acyclic_graphs(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_every_counter_that_a_restart_changes_is_the_number_of_upstreams_that_have_not_ended(
    graph: FlowGraph, data: st.DataObject
) -> None:
    states = {slug: data.draw(st.sampled_from(sorted(State))) for slug in graph.tasks}
    ended = sorted(slug for slug, state in states.items() if state in TERMINAL)
    seeds = set(data.draw(st.lists(st.sampled_from(ended)))) if ended else set()

    found = what_runs_again(graph, seeds, states)

    assert seeds <= set(found.again)
    unfinished = set(found.again) | {slug for slug, state in states.items() if state not in TERMINAL}
    counts = {slug: len(unfinished & set(graph.upstreams[slug])) for slug in graph.tasks}
    assert {**found.again, **found.others} == {slug: counts[slug] for slug in {*found.again, *found.others}}
    touched = {*found.again, *found.others}
    assert all(not set(found.again) & set(graph.upstreams[slug]) for slug in set(graph.tasks) - touched)
    assert all(states[slug] not in TERMINAL for slug in found.others)


def test_in_a_run_that_goes_on_what_has_not_ended_stays_and_waits_for_more() -> None:
    found = what_runs_again(graph_of("A-B A-C B-D C-D D-E"), {"B"}, read("A:S B:F C:R D:P E:P"))

    assert (found.again, found.others) == ({"B": 0}, {"D": 2})


def test_a_mark_reaches_what_ended_without_having_started_and_nothing_else() -> None:
    graph = graph_of("A-B A-C B-D A-E A-F", alone="X")
    states = read("A:S B:T C:F D:T E:K F:K X:T")

    assert never_started(graph, "A", states, started={"C", "F"}) == {"B", "D", "E"}
