"""Mapped tasks: executed once an item of a list, each item a task run of its own. What decides about them, pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.core.bindings import Unresolvable, Upstream, items_in, length, upstreams_of
from orchestrator.core.graph import FlowGraph, Task
from orchestrator.core.planner import Ending, ItemStates, by_name, judge_task, judge_trigger
from orchestrator.core.states import ENDED, SUCCESSFUL, UNSUCCESSFUL, State
from orchestrator.core.triggers import Trigger, judge

MAX_ITEMS = 20_000
MAX_CAUSE = 300


@dataclass(frozen=True, slots=True)
class Counted:
    """How many items of a mapped task are in one state, and which are the first of them."""

    number: int
    first: Sequence[int] = ()


def label(slug: str, index: int) -> str:
    """Return an item's name for people."""
    return f"{slug}[{index}]"


def no_such_item(slug: str, index: int, items: int, flow_run: object) -> str:
    """Return the message for who asks for an item that a task of a flow run does not have."""
    has = f"it has {items}, counted from 0" if items else "it has none"
    return f"Task {slug!r} of flow run {flow_run} has no item {index}; {has}."


def item_states(slug: str, counts: Mapping[State, Counted]) -> dict[str, State]:
    """Return the states of a mapped task's items as a trigger judges them: label -> state.

    The first of each state have their names; of the others there only is one each.
    """
    found: dict[str, State] = {}
    for state, counted in counts.items():
        named = [label(slug, index) for index in counted.first[: counted.number]]
        rest = [f"{slug}[{state} {number}]" for number in range(len(named), counted.number)]
        found |= dict.fromkeys(named + rest, state)
    return found


def judge_mapping(
    graph: FlowGraph, slug: str, states: Mapping[str, State], items: ItemStates, expanded: Collection[str]
) -> Ending | None:
    """Return None if a mapped task may be given its items, else how it ends without any.

    Upstreams that it follows item by item have their items; each is judged when its turn comes. All others have ended.

    :param items: slug -> label -> state, of the mapped upstreams that it does not follow item by item
    :param expanded: the mapped tasks that have been given their items
    """
    task = graph.tasks[slug]
    paired = [name for name in graph.pairs.get(slug, ()) if name in expanded]
    others: dict[str, State] = {}
    for name in graph.upstreams[slug]:
        if name not in paired:
            others |= by_name(graph, name, states, items)
    state, message = judge(Trigger.ALL_FINISHED, task.skip_on_upstream_skip, others)
    if state is not None:
        return Ending(state, message)
    for name in sources_of(task):
        if name not in expanded and states[name] not in SUCCESSFUL:
            return Ending(State.FAILED, f"Nothing can be mapped over: {graph.called[name]} {ENDED[states[name]]}.")
    if paired and task.trigger is not Trigger.MANUAL_ONLY:
        return None
    return judge_task(graph, slug, states, items)


def judge_item(graph: FlowGraph, slug: str, states: Mapping[str, State], items: ItemStates) -> Ending | None:
    """Return None if an item may start, else how it ends without starting. What a person approved, is for all items.

    :param items: slug -> label -> state: of an upstream that it follows item by item, only the one it follows
    """
    task = graph.tasks[slug]
    if task.trigger is not Trigger.MANUAL_ONLY:
        return judge_task(graph, slug, states, items)
    upstream: dict[str, State] = {}
    for name in graph.upstreams[slug]:
        upstream |= by_name(graph, name, states, items)
    return judge_trigger(replace(task, trigger=Trigger.ALL_FINISHED), upstream)


def sources_of(task: Task) -> list[str]:
    """Return the tasks whose results a mapped task is mapped over, each taken item by item as it is."""
    found = [item.of for binding in task.inputs.values() for item in items_in(binding)]
    return list(dict.fromkeys(of.task for of in found if isinstance(of, Upstream)))


def lists_to_read(task: Task, lengths: Collection[str]) -> set[str]:
    """Return the tasks whose results say how many items a mapped task has.

    :param lengths: the mapped tasks whose number of items is known
    """
    found: set[str] = set()
    for item in (item for binding in task.inputs.values() for item in items_in(binding)):
        match item.of:
            case Upstream(name, "") if name in lengths:
                continue
        found |= upstreams_of(item.of)
    return found


def number_of_items(
    graph: FlowGraph,
    slug: str,
    *,
    results: Mapping[str, Any],
    parameters: Mapping[str, Any],
    lengths: Mapping[str, int],
) -> int:
    """Return how many items a mapped task has: those of the shortest list that it is mapped over.

    :param lengths: slug -> number of items, of the mapped tasks that have been given theirs
    :raises Unresolvable: one is no list, or is too long
    """
    found = [lengths[name] for name in graph.pairs.get(slug, ()) if name in lengths]
    for binding in graph.tasks[slug].inputs.values():
        found += [length(item, results=results, parameters=parameters, lengths=lengths) for item in items_in(binding)]
    shortest = min(found, default=0)
    if shortest > MAX_ITEMS:
        raise Unresolvable(f"A task is mapped over at most {MAX_ITEMS:,} items, but there are {shortest:,}.")
    return shortest


def item_chain(graph: FlowGraph, slug: str) -> list[str]:
    """Return a mapped task and those that follow it item by item, directly or not, each after those that it follows."""
    found = {slug}
    for name in graph.order:
        if not found.isdisjoint(graph.pairs.get(name, ())):
            found.add(name)
    return [name for name in graph.order if name in found]


def keeping_items(graph: FlowGraph, again: Collection[str], expanded: Collection[str]) -> list[str]:
    """Return the mapped tasks of which a restart runs single items again, in an order in which these are found.

    Nothing that they are mapped over changes: of their upstreams, only such run again as they follow item by item.

    :param again: the tasks that run again
    :param expanded: the mapped tasks that were given their items
    """
    kept: dict[str, None] = {}
    for slug in graph.order if expanded else ():
        if slug in again and slug in expanded:
            before = [name for name in graph.upstreams[slug] if name in again]
            if all(name in kept and name in graph.pairs.get(slug, ()) for name in before):
                kept[slug] = None
    return list(kept)


def mapped_ending(counts: Mapping[State, int], causes: Sequence[tuple[int, str]]) -> Ending:
    """Return how a mapped task ends, all its items having ended; its result is made of theirs when it is read.

    :param causes: (index, message) of the first items that failed, before those that could not start
    """
    total = sum(counts.values())
    unsuccessful = sum(counts.get(state, 0) for state in UNSUCCESSFUL)
    if unsuccessful:
        only_triggers = unsuccessful == counts.get(State.TRIGGER_FAILED)
        state, verb = (State.TRIGGER_FAILED, "could not start") if only_triggers else (State.FAILED, "failed")
        told = "; ".join(f"[{index}] {message:.{MAX_CAUSE}}" for index, message in causes[:2])
        return Ending(state, f"{unsuccessful} of {total} items {verb}: {told}")
    if cancelled := counts.get(State.CANCELLED):
        return Ending(State.CANCELLED, f"{cancelled} of {total} items were cancelled.")
    return Ending(State.SUCCESS)
