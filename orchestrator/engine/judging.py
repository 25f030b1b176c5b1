"""People's own triggers and state handlers around the attempts of a task: only workers execute them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from orchestrator.core.graph import FlowGraph, TaskKind
from orchestrator.core.large import Stored
from orchestrator.core.mapping import label
from orchestrator.core.planner import Ending, ItemStates, judge_rules
from orchestrator.core.states import State
from orchestrator.engine.database import rows
from orchestrator.engine.item_statements import READ_SOME_ITEM_STATES
from orchestrator.engine.items import states_of_items
from orchestrator.engine.results import load_for_function, named, read_results
from orchestrator.engine.showing import shown_items, shown_states
from orchestrator.engine.steps import Claim
from orchestrator.engine.versions import Version, load_version
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.judging import Judged, edges_to
from orchestrator.sdk.registry import find_flow, find_task
from orchestrator.sdk.states import RunState

Call = Callable[[Callable[[], Any]], Any]


def execute_judged(held: Claim, call: Call, attempt: Callable[[], Ending]) -> Ending | None:
    """Return how a claimed task run ends with people's code around it; None: its child flow run may start.

    What ended a task that starts a child is heard of here, when its task run is claimed again.

    :param call: runs people's code; the caller's place to be interruptible
    :param attempt: executes the task's function
    """
    version = load_version(held.version_id)
    people = Judged(find_task(version.flow, held.slug), version.graph.tasks[held.slug])
    heard = _heard(held)
    if heard is not None:
        return _conclude(held, people, heard, call)
    begun = _begin(held, version, people, call)
    if begun is not None or people.rules.kind is not TaskKind.FUNCTION:
        return begun
    return _conclude(held, people, attempt(), call)


def _conclude(held: Claim, people: Judged, ended: Ending, call: Call) -> Ending:
    """Return what the handlers make of an ending; one whose result is stored elsewhere they see as it is."""
    is_stored = isinstance(ended.result, Stored)
    shown = replace(ended, result=load_for_function({"": ended.result})[""]) if is_stored else ended
    made: Ending = call(lambda: people.conclude(shown, failures=held.failures))
    return replace(made, result=ended.result) if made.result is shown.result else made


def _heard(held: Claim) -> Ending | None:
    found = (held.carried or {}).get("ending")
    if found is None:
        return None
    stored = UUID(found["stored"]) if found["stored"] else None
    return Ending(State(found["state"]), found["message"], named(found["result"], stored))


def _begin(held: Claim, version: Version, people: Judged, call: Call) -> Ending | None:
    """Return None if an attempt may start. Everything is read before people's code is called, and interruptible."""
    found = read_results(flow_run_id=held.flow_run_id, slugs=version.graph.upstreams[held.slug])
    states = {slug: state for slug, (state, _) in found.items()}
    items = _items_before(held, version.graph)
    verdict = None if (held.carried or {}).get("resumed") else judge_rules(version.graph, held.slug, states, items)

    edges: dict[Edge, RunState] = {}
    if people.task.asks.custom is not None:
        flow = find_flow(version.flow)
        assert flow is not None, "its task was found in it"
        followed = version.graph.pairs.get(held.slug, frozenset()) if held.map_index >= 0 else frozenset()
        upstreams = edges_to(flow, version.graph, held.slug)
        seen = shown_items(flow_run_id=held.flow_run_id, slugs=followed, index=held.map_index)
        # One that it would follow item by item, but that ended without items, is seen as a whole.
        seen |= shown_states(flow_run_id=held.flow_run_id, slugs=set(upstreams.values()) - seen.keys())
        edges = {edge: seen[slug] for edge, slug in upstreams.items()}
    begun: Ending | None = call(lambda: people.begin(verdict, lambda: edges, is_retry=held.failures > 0))
    return begun


def _items_before(held: Claim, graph: FlowGraph) -> ItemStates:
    """Return the states of the items of mapped tasks directly before: of those followed item by item, only the one."""
    mapped = graph.mapped.intersection(graph.upstreams[held.slug])
    followed = graph.pairs.get(held.slug, frozenset()) & mapped if held.map_index >= 0 else frozenset()
    items = dict(states_of_items(held.flow_run_id, mapped - followed))
    if followed:
        found = rows(
            READ_SOME_ITEM_STATES, flow_run_id=held.flow_run_id, slugs=list(followed), indexes=[held.map_index]
        )
        items |= {name: {label(name, index): State(state)} for name, index, state in found}
    return items
