"""What runs again in a flow run: after a restart, after a mark by hand, after a child that was restarted."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from orchestrator.core.graph import FlowGraph
from orchestrator.core.mapping import keeping_items
from orchestrator.core.states import SUCCESSFUL, TERMINAL, State


def not_successful(states: Mapping[str, State]) -> set[str]:
    """Return the tasks that a restart from failed begins with."""
    return {slug for slug, state in states.items() if state not in SUCCESSFUL}


def never_started(graph: FlowGraph, slug: str, states: Mapping[str, State], started: Set[str]) -> set[str]:
    """Return what came after a task and ended without having started: judged again when that task is marked.

    :param started: the tasks that have started; a trigger's verdict is none, even where a worker gave it
    """
    return {
        after
        for after in graph.descendants([slug])
        if states[after] == State.TRIGGER_FAILED
        or (states[after] in (State.SKIPPED, State.CANCELLED) and after not in started)
    }


@dataclass(frozen=True, slots=True)
class RunsAgain:
    """What runs again: slug -> how many upstreams it waits for; and the new counters of others that wait for it.

    `kept`: the mapped tasks among them that keep their items, of which single ones run again; each after those that it
    follows.
    """

    again: dict[str, int]
    others: dict[str, int]
    kept: list[str]


def what_runs_again(
    graph: FlowGraph, seeds: Set[str], states: Mapping[str, State], expanded: Set[str] = frozenset()
) -> RunsAgain:
    """Return what runs again when `seeds` do: they and everything after them that has ended; the rest goes on.

    :param expanded: the mapped tasks that were given their items
    """
    again = {slug for slug in seeds | graph.descendants(seeds) if states[slug] in TERMINAL}
    kept = keeping_items(graph, again, expanded) if expanded else []
    # Who follows one of these item by item need not wait for it.
    given = (expanded - again) | set(kept)
    unfinished = again | {slug for slug, state in states.items() if state not in TERMINAL}
    others = {slug for upstream in again for slug in graph.downstreams[upstream]} - again

    def counts(slugs: Set[str]) -> dict[str, int]:
        return {slug: len(unfinished.intersection(graph.upstreams[slug]) - given_to(slug)) for slug in slugs}

    def given_to(slug: str) -> Set[str]:
        return graph.pairs.get(slug, frozenset()) & given if given else frozenset()

    return RunsAgain(counts(again), counts(others), kept)
