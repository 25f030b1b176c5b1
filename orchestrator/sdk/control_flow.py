"""Branches: `case` and `switch` let tasks run by the value of another, `ifelse` by its truth; `merge` joins them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.core.bindings import Binding, ListOf
from orchestrator.core.graph import TaskKind
from orchestrator.core.triggers import Trigger
from orchestrator.sdk.blocks import open_block
from orchestrator.sdk.collections import Constant, as_task
from orchestrator.sdk.engine_tasks import EngineTask
from orchestrator.sdk.literals import literal
from orchestrator.sdk.opening import open_flow_for
from orchestrator.sdk.parameters import Parameter
from orchestrator.sdk.tasks import Task

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.task_graph import TaskGraph

_LONGEST_NAME = 60


class Condition(EngineTask):
    """Skips what follows it unless its condition has the value, or, with `truthy`, counts as true or false."""

    def __init__(self, name: str, **wanted: Any) -> None:
        super().__init__(name=_printable(name))
        self.wanted = wanted

    def run(self, condition: Any) -> Any:
        """Say what a condition is given; the engine decides it, not this method."""
        raise RuntimeError("A condition is decided as part of a flow run.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a case with what its condition is compared with."""
        wanted = {key: literal(value, f"{key} of {self!r}") for key, value in self.wanted.items()}
        return {"kind": TaskKind.CASE, "inputs": {**inputs, **wanted}}


class Merge(EngineTask):
    """Hands on the result of the branch that ran: the first that is not None, in the order they were written."""

    def __init__(self, name: str = "Merge", **attributes: Any) -> None:
        if attributes.setdefault("skip_on_upstream_skip", False):
            raise ValueError("A merge takes what its skipped branches leave; skip_on_upstream_skip must be False.")
        attributes.setdefault("trigger", Trigger.NOT_ALL_SKIPPED)
        super().__init__(name=name, **attributes)

    def run(self, **branches: Any) -> Any:
        """Say what a merge is given; the engine decides it, not this method."""
        raise RuntimeError("A merge is decided as part of a flow run.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a merge of its branches as one list, in the order they were written."""
        numbered = sorted(inputs, key=lambda key: int(key.removeprefix("task_")))
        branches = ListOf(tuple(inputs[key] for key in numbered))
        return {"kind": TaskKind.MERGE, "inputs": {"branches": branches}}


class case:
    """`with case(task, value):` lets the tasks added inside run only if the task's result equals the value.

    :param task: the condition; a task, a parameter or a plain value
    :param value: what it is compared with, as Python compares (1 equals True)
    :raises TypeError: the value is a task
    :raises ValueError: tasks of two flows are added inside
    """

    def __init__(self, task: Any, value: Any) -> None:
        if isinstance(value, Task):
            raise TypeError(f"case() compares with a plain value, not with a task, but got {value!r}.")
        self.task = task
        self.value = value
        self._inside: dict[Task, None] = {}
        self._flow: TaskGraph | None = None

    def __enter__(self) -> case:
        self._outer = open_block.get()
        open_block.set(self)
        return self

    def __exit__(self, error: type[BaseException] | None, *more: object) -> None:
        open_block.set(self._outer)
        if error is None and self._flow is not None:
            self._gate(self._flow)

    def add_task(self, task: Task, flow: TaskGraph) -> None:
        """Take note of a task that was added inside; called by the flow."""
        if self._flow is not None and self._flow is not flow:
            raise ValueError(f"One case block cannot hold tasks of two flows, {self._flow!r} and {flow!r}.")
        self._flow = flow
        if not isinstance(task, Parameter | Constant):
            self._inside[task] = None

    def _gate(self, flow: TaskGraph) -> None:
        # Where something of the block comes before a task, the condition comes before that.
        gated = [task for task in self._inside if not flow.upstream_tasks(task) & self._inside.keys()]
        if gated:
            condition = _condition(flow, self.task, name=f"case({self.value})", value=self.value)
            for task in gated:
                flow.add_edge(condition, task)


def switch(condition: Any, cases: Mapping[Any, Any], *, flow: Flow | None = None) -> None:
    """Let of several tasks that one run whose key equals the condition's result; the others are skipped.

    :param cases: value -> the task that runs then
    """
    for value, branch in cases.items():
        _let(flow, condition, branch, name=f"case({value})", value=value)


def ifelse(condition: Any, true_task: Any, false_task: Any, *, flow: Flow | None = None) -> None:
    """Let one task run if the condition's result counts as true in Python, and the other if not.

    :param true_task: None: nothing runs then
    """
    for wanted, branch in ((True, true_task), (False, false_task)):
        if branch is not None:
            name = f"if {_said(condition)}" if wanted else f"if not {_said(condition)}"
            _let(flow, condition, branch, name=name, truthy=wanted)


def merge(*tasks: Any, flow: Flow | None = None, **attributes: Any) -> Task:
    """Add a task that hands on the result of the branch that ran, and return it.

    Where all branches were skipped it is skipped too; where the branch that ran failed it ends TriggerFailed.

    :param tasks: the branches; where several have a result, the first in this order counts
    """
    return Merge(**attributes).bind(flow=flow, **{f"task_{number}": task for number, task in enumerate(tasks, start=1)})


def _said(condition: Any) -> str:
    return condition.name if isinstance(condition, Task) else str(condition)


def _let(flow: Flow | None, condition: Any, branch: Any, *, name: str, **wanted: Any) -> None:
    target = open_flow_for(flow, "branch")
    target.add_edge(_condition(target, condition, name=name, **wanted), as_task(branch))


def _condition(flow: TaskGraph, condition: Any, *, name: str, **wanted: Any) -> Task:
    task = Condition(name, **wanted)
    flow.set_dependencies(task, keyword_tasks={"condition": condition})
    return task


def _printable(name: str) -> str:
    cut = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return "".join(letter if letter.isprintable() else " " for letter in cut)
