"""How a flow run ends, as its task runs say; and what the state handlers of its flow make of that, in a worker."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from orchestrator.core.graph import FlowGraph
from orchestrator.core.planner import CAUSES, Ending, final_ending, with_causes
from orchestrator.core.states import SUCCESSFUL, State
from orchestrator.engine.database import rows
from orchestrator.engine.judging import Call
from orchestrator.engine.results import load_for_function, read_results
from orchestrator.engine.showing import shown_states
from orchestrator.engine.statements import READ_CAUSES, READ_MESSAGE
from orchestrator.engine.steps import Claim
from orchestrator.engine.versions import Version
from orchestrator.sdk.flow_handlers import closed, opened
from orchestrator.sdk.registry import UnknownTask, find_flow


def verdict(graph: FlowGraph, flow_run_id: UUID, *, last: Mapping[str, Ending], cancelling: bool) -> Ending:
    """Return how a flow run ends whose task runs have all ended.

    :param last: endings that are known, which need no reading again
    """
    states = {slug: ending.state for slug, ending in last.items()}
    results = {slug: ending.result for slug, ending in last.items()}
    first = [graph.opening_task] if graph.opening_task else []
    unread = {*graph.deciders, *graph.results, *first} - set(last)
    for slug, (state, result) in read_results(flow_run_id=flow_run_id, slugs=unread).items():
        states[slug], results[slug] = state, result
    ending = final_ending(graph, states=states, results=results, cancelling=cancelling)
    if cancelling:
        # Who cancelled it, or what for, was said when it began to be.
        ((why,),) = rows(READ_MESSAGE, flow_run_id=flow_run_id)
        ending = replace(ending, message=why)
    if ending.state is State.FAILED:
        causes: dict[str, str] = dict(rows(READ_CAUSES, flow_run_id=flow_run_id, states=sorted(CAUSES)))
        ending = with_causes(graph, ending, causes)
    return ending


def handled_verdict(graph: FlowGraph, computed: Ending, last: Mapping[str, Ending]) -> Ending:
    """Return what the closing task of a flow, where it has one, has made of the verdict."""
    said = last.get(graph.closing_task or "")
    if said is None:
        return computed
    # A result that they left as it was is not handed on with the task run.
    left = computed.result if said.state in SUCCESSFUL else None
    return Ending(said.state, said.message, left if said.result is None else said.result)


def execute_flow_handlers(held: Claim, version: Version, call: Call) -> Ending:
    """Return how the opening or the closing task of a flow ends: its state handlers are called.

    :param call: runs people's code; the caller's place to be interruptible
    """
    flow = find_flow(version.flow)
    if flow is None:
        raise UnknownTask(f"This worker's code has no flow {version.flow}, whose state handlers are to be called.")
    graph = version.graph
    if held.slug == graph.opening_task:
        begun: Ending = call(lambda: opened(flow))
        return begun
    computed = verdict(graph, held.flow_run_id, last={}, cancelling=False)
    shown = replace(computed, result=load_for_function({"": computed.result})[""])
    deciding = shown_states(flow_run_id=held.flow_run_id, slugs=graph.deciders)
    ended: Ending = call(lambda: closed(flow, shown, deciding.values()))
    # A result that was left as it is need not be stored a second time, with this task run.
    return replace(ended, result=None) if ended.result is shown.result else ended
