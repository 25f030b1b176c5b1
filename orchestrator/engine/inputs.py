"""What task runs and items of mapped tasks are handed on: of a long list, an item reads no more than its own part."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from orchestrator.core.bindings import resolve
from orchestrator.core.graph import FlowGraph, Task
from orchestrator.core.large import Stored, holds_stored
from orchestrator.core.mapping import lists_to_read
from orchestrator.core.states import SUCCESSFUL, State
from orchestrator.engine.database import rows
from orchestrator.engine.item_statements import READ_ELEMENTS, READ_SOME_ITEMS
from orchestrator.engine.results import load_for_child, load_for_function, named, results_to_bind
from orchestrator.engine.steps import Claim
from orchestrator.engine.versions import load_version

Loader = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Results:
    """The results that some task runs of one flow run read.

    `whole`: slug -> result. `items`: map index -> slug -> the item of that result, where nobody needs more of it.
    """

    whole: dict[str, Any] = field(default_factory=dict)
    items: dict[int, dict[str, Any]] = field(default_factory=dict)

    def inputs(self, task: Task, index: int, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of a task run, or of the item of that map index.

        :raises Unresolvable: a binding names a place that a result does not have
        """
        items = self.items.get(index)
        return {
            key: resolve(binding, results=self.whole, parameters=parameters, index=index, items=items)
            for key, binding in task.inputs.items()
        }

    def loaded(self, load: Loader) -> "Results":
        """Return the same with the results that are kept outside the database."""
        return Results(load(self.whole), {index: load(of_item) for index, of_item in self.items.items()})

    def is_stored(self, slugs: Iterable[str], index: int) -> bool:
        """Return whether something that is read of these tasks is kept outside the database."""
        return bool(self._stored) and any(
            (slug, None) in self._stored or (slug, index) in self._stored for slug in slugs
        )

    @cached_property
    def _stored(self) -> set[tuple[str, int | None]]:
        of_items = {
            (slug, index)
            for index, of_item in self.items.items()
            for slug, item in of_item.items()
            if holds_stored(item)
        }
        return of_items | {(slug, None) for slug, result in self.whole.items() if holds_stored(result)}


def read_inputs(
    *, flow_run_id: UUID, graph: FlowGraph, readers: Iterable[tuple[str, int]], lists_whole: bool = False
) -> Results:
    """Return the results that task runs of a flow run read: one statement, unless items of mapped tasks are among them.

    :param readers: (slug, map index) of each
    :param lists_whole: whether more items of the same lists will be asked for
    """
    whole: set[str] = set()
    by_item: dict[str, set[int]] = {}
    for slug, index in readers:
        whole |= graph.reads_whole[slug] if index >= 0 else set(graph.reads[slug])
        if index >= 0:
            for name in set(graph.reads[slug]) - graph.reads_whole[slug]:
                by_item.setdefault(name, set()).add(index)
    lists = {name for name in by_item.keys() - graph.mapped if lists_whole or len(by_item[name]) > 1}
    found = Results()
    of_mapped = {name: indexes for name, indexes in by_item.items() if name in graph.mapped - whole}
    ended_whole = _read_items(found, flow_run_id, of_mapped) if of_mapped else set()
    found.whole = results_to_bind(flow_run_id=flow_run_id, slugs=whole | lists | ended_whole)
    alone = by_item.keys() - of_mapped.keys() - whole - lists
    if of_lists := {name: min(by_item[name]) for name in alone}:
        _read_elements(found, flow_run_id, of_lists)
    return found


def _read_items(found: Results, flow_run_id: UUID, wanted: dict[str, set[int]]) -> set[str]:
    """Read items of mapped tasks; return the tasks that have none: they ended as a whole, as people may say."""
    indexes = set().union(*wanted.values())
    read = rows(READ_SOME_ITEMS, flow_run_id=flow_run_id, slugs=list(wanted), indexes=list(indexes))
    for slug, index, state, result, stored in read:
        of_item = found.items.setdefault(index, {})
        of_item[slug] = named(result, stored) if State(state) in SUCCESSFUL else None
    return wanted.keys() - {row[0] for row in read}


def _read_elements(found: Results, flow_run_id: UUID, wanted: dict[str, int]) -> None:
    """Read one item of lists: out of the row by the database, out of a stored list by whoever loads that."""
    (index,) = set(wanted.values())
    for slug, state, element, stored in rows(READ_ELEMENTS, flow_run_id=flow_run_id, slugs=list(wanted), index=index):
        if stored is not None:
            found.whole[slug] = Stored(stored)
        elif State(state) in SUCCESSFUL:
            found.items.setdefault(index, {})[slug] = element


def inputs_of(held: Claim) -> dict[str, Any]:
    """Return the arguments of a claimed Python function: name -> value.

    :raises Unresolvable: a binding names a place that an upstream's result does not have
    """
    graph = load_version(held.version_id).graph
    found = read_inputs(flow_run_id=held.flow_run_id, graph=graph, readers=[(held.slug, held.map_index)])
    if held.map_index >= 0:
        _take_from_lists(found, set(found.whole) - graph.reads_whole[held.slug], held.map_index)
    return found.loaded(load_for_function).inputs(graph.tasks[held.slug], held.map_index, held.parameters)


def inputs_for_children(held: Claim) -> Results:
    """Return what the parameters of a claimed task run's child are made of, loaded; what is mapped over, whole."""
    found = read_inputs(
        flow_run_id=held.flow_run_id,
        graph=load_version(held.version_id).graph,
        readers=[(held.slug, held.map_index)],
        lists_whole=True,
    )
    return found.loaded(load_for_child)


def lists_of(held: Claim) -> dict[str, Any]:
    """Return the lists that a claimed task is mapped over, loaded."""
    task = load_version(held.version_id).graph.tasks[held.slug]
    return load_for_child(results_to_bind(flow_run_id=held.flow_run_id, slugs=lists_to_read(task, ())))


def _take_from_lists(found: Results, lists: Iterable[str], index: int) -> None:
    """Replace stored lists by their one item. One list serves many items of this process, and is read once for them."""
    for slug in lists:
        stored = found.whole.get(slug)
        loaded = _stored_list(stored) if isinstance(stored, Stored) else None
        if isinstance(loaded, list) and index < len(loaded):
            del found.whole[slug]
            found.items.setdefault(index, {})[slug] = deepcopy(loaded[index])


@lru_cache(maxsize=4)
def _stored_list(stored: Stored) -> Any:
    return load_for_function({"": stored})[""]
