"""What the tasks decide that only direct a flow: `case` lets a branch run or skips it, `merge` joins branches again."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from orchestrator.core.bindings import Binding, ListOf, Literal, Unresolvable, Upstream, resolve, upstreams_of
from orchestrator.core.graph import Task, TaskKind
from orchestrator.core.large import unread_in
from orchestrator.core.planner import Ending
from orchestrator.core.states import State

# What each of these tasks can be given; a case has a condition, and what it compares it with.
CASE_INPUTS = frozenset({"condition", "value", "truthy"})
MERGE_INPUTS = frozenset({"branches"})
DECIDING = frozenset({TaskKind.CASE, TaskKind.MERGE})

_NOTHING = Literal(None)


@dataclass(frozen=True, slots=True)
class Known:
    """What a deciding task's inputs may read.

    `results`: slug -> result of upstreams that were successful. `skipped`: those that were skipped. `index`: the item
    of a mapped task, -1 for none. `items`: slug -> that item of a task's result, where it was read alone.
    """

    results: Mapping[str, Any]
    skipped: Set[str]
    parameters: Mapping[str, Any]
    index: int = -1
    items: Mapping[str, Any] | None = None

    def value(self, binding: Binding) -> Any:
        return resolve(binding, results=self.results, parameters=self.parameters, index=self.index, items=self.items)


def hands_on_whole(task: Task) -> bool:
    """Return whether a task is a merge that looks into nothing: what it hands on need not be JSON, nor be read."""
    branches = task.inputs.get("branches")
    return task.kind is TaskKind.MERGE and all(
        isinstance(branch, Upstream) and not branch.path
        for branch in (branches.items if isinstance(branches, ListOf) else ())
    )


def decide(task: Task, known: Known) -> Ending:
    """Return how a case or a merge ends, now that its upstreams have ended and its trigger lets it start."""
    for unread in unread_in([*known.results.values(), *(known.items or {}).values()]):
        return Ending(State.FAILED, f"It reads a result that is no JSON ({unread.type_name}); only functions can.")
    try:
        return _case(task, known) if task.kind is TaskKind.CASE else Ending(State.SUCCESS, "", _merged(task, known))
    except Unresolvable as error:
        return Ending(State.FAILED, str(error))


def _case(task: Task, known: Known) -> Ending:
    condition = known.value(task.inputs.get("condition", _NOTHING))
    if "truthy" in task.inputs:
        wanted = bool(known.value(task.inputs["truthy"]))
        matches, asked = bool(condition) is wanted, f"does not count as {json.dumps(wanted)}"
    else:
        value = known.value(task.inputs.get("value", _NOTHING))
        matches, asked = condition == value, f"is not {_short(value)}"
    return Ending(State.SUCCESS) if matches else Ending(State.SKIPPED, f"The condition, {_short(condition)}, {asked}.")


def _merged(task: Task, known: Known) -> Any:
    """Return the first result, in the order in which the branches were written, that is there."""
    branches = task.inputs.get("branches", _NOTHING)
    for branch in branches.items if isinstance(branches, ListOf) else (branches,):
        if known.skipped and not known.skipped.isdisjoint(upstreams_of(branch)):
            continue
        value = known.value(branch)
        if value is not None:
            return value
    return None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
