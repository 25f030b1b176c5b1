"""The state handlers of a flow: called by a task of their own before its first task, and by one after its last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.core.graph import Edge, FlowGraph, Task, TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
from orchestrator.core.triggers import Trigger
from orchestrator.sdk.digests import digest_of_all
from orchestrator.sdk.handlers import Handler, handled
from orchestrator.sdk.states import RunState

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow

OPENING = "flow-start"
CLOSING = "flow-end"


def with_handlers(flow: Flow, graph: FlowGraph) -> FlowGraph:
    """Return the graph with the tasks that call the flow's state handlers, where it has some.

    :raises ValueError: a task has the slug of one of them
    """
    tasks, edges = dict(graph.tasks), list(graph.edges)
    terminal = [flow.terminal_state_handler] if flow.terminal_state_handler else []
    digest = digest_of_all({"state_handlers": flow.state_handlers, "terminal_state_handler": terminal})
    opening = _add(tasks, OPENING, "State handlers at the start", digest) if flow.hears_of_start else None
    closing = _add(tasks, CLOSING, "State handlers at the end", digest) if flow.hears_of_end else None
    edges += [Edge(opening, root) for root in graph.roots if opening]
    # What follows a mapped task item by item may be skipped, and so end, before those items have.
    lasting = dict.fromkeys([*graph.terminals, *graph.followed])
    edges += [Edge(last, closing) for last in lasting if closing]
    return replace(graph, tasks=tasks, edges=tuple(edges), opening_task=opening, closing_task=closing)


def _add(tasks: dict[str, Task], slug: str, name: str, digest: str) -> str:
    if slug in tasks:
        raise ValueError(f"A task has the slug {slug!r}, which the flow's state handlers need; give it another.")
    tasks[slug] = Task(
        slug,
        name,
        TaskKind.FUNCTION,
        trigger=Trigger.ALL_FINISHED,
        skip_on_upstream_skip=False,
        people_digest=digest,
    )
    return slug


def opened(flow: Flow) -> Ending:
    """Return Success if the flow's handlers let it run, else how it ends without."""
    begun = handled(flow, flow.state_handlers, Ending(State.PENDING), Ending(State.RUNNING))
    if begun.state is State.RUNNING:
        return Ending(State.SUCCESS)
    return _terminal(begun)


def closed(flow: Flow, computed: Ending, deciding: Iterable[RunState]) -> Ending:
    """Return what the flow's handlers make of its end.

    :param deciding: the states of the tasks that decided it
    """

    def terminal(_owner: Any, _old: RunState, new: RunState) -> RunState | None:
        answer: RunState | None = flow.terminal_state_handler(flow, new, set(deciding))  # type: ignore[misc]
        return answer

    first: tuple[Handler, ...] = (terminal,) if flow.terminal_state_handler else ()
    return _terminal(handled(flow, first + flow.state_handlers, Ending(State.RUNNING), computed))


def _terminal(ending: Ending) -> Ending:
    if ending.state in TERMINAL:
        return ending
    return Ending(State.FAILED, f"A state handler cannot make a flow {ending.state}.", retry=False)
