"""Flow runs and task runs as plain values, and what can be read off them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from orchestrator.core.states import State
from tests.faults.reference.rules import ENDED, GOOD, Written


class Shown:
    """Printed in one line, by Hypothesis too."""

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))


class Due(Enum):
    """Whether the moment that something waits for has come."""

    LATER = "later"
    NOW = "now"


@dataclass(eq=False, repr=False)
class TaskRun(Shown):
    """A task run, or one item of a mapped task.

    `held`: a worker executes it; if it only runs, it waits for attempt `child_attempt` of `child`, or for its items.
    `may_start`: nothing is left to be judged. `told`: what ended it, to be heard by the worker that has people's code
    around it. `kept`: it waits for places of its tags. `heals`: it goes on with its child, which a
    person restarted. `items`: those it was given; `rows`: also those of earlier attempts.
    """

    task: Written
    index: int = -1
    state: State = State.PENDING
    attempt: int = 1
    failures: int = 0
    lost: int = 0
    held: bool = False
    is_lost: bool = False
    may_start: bool = False
    has_started: bool = False
    due: Due | None = None
    child: FlowRun | None = None
    child_attempt: int = 1
    result: Any = None
    told: tuple[State, Any] | None = None
    kept: bool = False
    heals: bool = False
    items: list[TaskRun] | None = None
    rows: list[TaskRun] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{self.slug}[{self.index}] {self.state}, attempt {self.attempt}"

    @property
    def slug(self) -> str:
        return str(self.task["slug"])

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def waits(self) -> bool:
        """Whether it waits for a child flow run."""
        return self.state is State.RUNNING and not self.held and self.items is None

    @property
    def is_mapped(self) -> bool:
        """Whether it is executed once an item; an item of it is not."""
        return self.index < 0 and any(binding["kind"] == "item" for binding in self.task.get("inputs", {}).values())

    @property
    def tags(self) -> set[str]:
        return set(self.task.get("tags", []))

    @property
    def is_claimed(self) -> bool:
        """Whether a worker has to say something before anything of it is done."""
        return self.task["kind"] == "function" or self.is_judged

    @property
    def is_judged(self) -> bool:
        """Whether people's code says whether it starts, and hears how it ended."""
        return bool(self.task.get("judged_by_worker"))

    @property
    def retries_are_later(self) -> bool:
        return bool(self.task.get("retry_delay_seconds"))

    def leave_child(self) -> None:
        """Note that what its child was until now is no matter any more: it ends otherwise."""
        if self.state is State.RUNNING and self.child is not None:
            self.child_attempt = self.child.attempt

    def take(self, state: State, result: Any = None) -> None:
        """Take a state in which nobody executes it and no moment is waited for."""
        self.state, self.result, self.due = state, result, None
        self.held = self.is_lost = self.may_start = False
        self.told = None

    def put_back(self, *, anew: bool) -> None:
        """Let it run again; `anew`: with a new child."""
        self.take(State.PENDING)
        self.attempt += 1
        self.failures = self.lost = 0
        self.has_started = self.heals = False
        self.child_attempt = 0 if anew else self.child_attempt


@dataclass(frozen=True)
class Limit:
    """How many runs of a flow are under way at once (None: any number), and what becomes of one more."""

    most: int | None = None
    overlap: str = "queue"


@dataclass(eq=False, repr=False)
class FlowRun(Shown):
    """A flow run and its task runs, by slug.

    `starter`: the task run of `parent` that started it; of several that ask for one key at once, whoever was first.
    `holds`: the pause that its children share; `held`: the one of its parent that it has heard of.
    """

    flow: str
    graph: Written
    parent: FlowRun | None = None
    starter: TaskRun | None = None
    state: State = State.PENDING
    attempt: int = 1
    result: Any = None
    tasks: dict[str, TaskRun] = field(default_factory=dict)
    holds: object | None = None
    held: object | None = None
    priority: int = 0

    def __repr__(self) -> str:
        return f"{self.flow} {self.state}, attempt {self.attempt}: {list(self.everything())}"

    @property
    def depth(self) -> int:
        return self.parent.depth + 1 if self.parent else 0

    def everything(self) -> Iterator[TaskRun]:
        """Yield its task runs, and after each mapped one the items that it was given."""
        for task_run in self.tasks.values():
            yield task_run
            yield from task_run.items or ()

    def upstreams(self, slug: str) -> list[str]:
        edges = self.graph.get("edges", [])
        return sorted({edge["upstream"] for edge in edges if edge["downstream"] == slug})

    def after(self, slugs: set[str]) -> set[str]:
        """Return all tasks that come after some."""
        found: set[str] = set()
        while more := {
            slug for slug in self.tasks if slug not in found and (found | slugs) & set(self.upstreams(slug))
        }:
            found |= more
        return found

    def is_paired(self, slug: str) -> bool:
        """Whether each item of a mapped task may have to wait for items of others."""
        return any(edge.get("mapped") for edge in self.graph.get("edges", []) if edge["downstream"] == slug)

    def followed(self, slug: str) -> list[TaskRun]:
        """Return the mapped tasks that one follows item by item: those that have their items."""
        edges = [edge for edge in self.graph.get("edges", []) if edge["downstream"] == slug and edge.get("mapped")]
        return [one for edge in edges if (one := self.tasks[edge["upstream"]]).items is not None]

    def chain(self, slug: str) -> list[TaskRun]:
        """Return a mapped task and those that follow it item by item, directly or not."""
        found = [self.tasks[slug]]
        for one in self.tasks.values():
            found += [one] if any(before in found for before in self.followed(one.slug)) else []
        return found

    def ends_before(self, task_run: TaskRun) -> list[State]:
        """Return the states that a trigger is judged over: of a mapped upstream, those of its items.

        Of what it follows item by item, an item looks at one item only, and the task at nothing.
        """
        ends: list[State] = []
        followed = self.followed(task_run.slug)
        for upstream in map(self.tasks.__getitem__, self.upstreams(task_run.slug)):
            items = upstream.items or []
            if upstream in followed:
                items = items[task_run.index :][:1] if task_run.index >= 0 else []
            ends += [item.state for item in items] if items or upstream in followed else [upstream.state]
        return ends

    def waits_for(self, task_run: TaskRun) -> list[TaskRun]:
        """Return what has to end before it may start: upstreams, or the items that an item follows."""
        followed = self.followed(task_run.slug)
        if task_run.index >= 0:
            before = [item for one in followed for item in (one.items or [])[task_run.index :][:1]]
        else:
            before = [one for name in self.upstreams(task_run.slug) if (one := self.tasks[name]) not in followed]
        return [one for one in before if not one.has_ended]

    def lacks_its_value(self, item: TaskRun) -> bool:
        """Whether what an item is mapped over is no list any more, or has become too short for it."""
        bindings = [binding["of"] for binding in item.task["inputs"].values() if binding["kind"] == "item"]
        lists = [self.value(binding) for binding in bindings]
        return any(not isinstance(found, list) or item.index >= len(found) for found in lists)

    def waiting_on(self, task_run: TaskRun) -> int | None:
        """Return how many upstreams, or items, a task run waits for; None: it has ended itself."""
        if task_run.has_ended:
            return None
        if task_run.items is not None and task_run.state is State.RUNNING:
            return sum(not item.has_ended for item in task_run.items)
        return len(self.waits_for(task_run))

    def result_of(self, slug: str) -> Any:
        """Return what a task hands on; None if it was not successful."""
        task_run = self.tasks[slug]
        if task_run.items is not None:
            return [item.result if item.state in GOOD else None for item in task_run.items]
        return task_run.result if task_run.state in GOOD else None

    def value(self, binding: Written) -> Any:
        match binding["kind"]:
            case "literal":
                return binding["value"]
            case "upstream":
                return self.result_of(binding["task"])
        return self.value(binding["of"])

    def last_tasks(self) -> list[str]:
        before = {edge["upstream"] for edge in self.graph.get("edges", [])}
        return [slug for slug in self.tasks if slug not in before]

    def reference_tasks(self) -> list[str]:
        """The tasks that decide how the flow run ends: those named, else those that nothing comes after."""
        return list(self.graph.get("reference_tasks") or self.last_tasks())

    def own_result(self) -> Any:
        """Return its result, once it was successful: that of the task named, or of the last ones."""
        named = self.graph.get("result_task")
        of = [named] if named else self.last_tasks()
        return self.result_of(of[0]) if len(of) == 1 else {slug: self.result_of(slug) for slug in of}
