"""Flows, as people write them: `with Flow("name") as flow:` and tasks called or bound inside."""

from __future__ import annotations

import keyword
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from orchestrator.core.documents import write_graph
from orchestrator.core.graph import MAX_NAME, FlowGraph, is_name
from orchestrator.sdk import blocks, compiling, places, registry
from orchestrator.sdk.annotations import list_to_map, plain
from orchestrator.sdk.collections import Collection, Constant, as_task
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.handlers import Handler, OnFailure, handlers_of
from orchestrator.sdk.parameters import Parameter
from orchestrator.sdk.queues import priority_of, queue_of
from orchestrator.sdk.tasks import Task

if TYPE_CHECKING:
    from orchestrator.sdk.schedules import Schedule
    from orchestrator.sdk.states import RunState

_open: ContextVar[Flow | None] = ContextVar("anabranch_open_flow", default=None)


def open_flow() -> Flow | None:
    """Return the flow whose `with` block is being executed, None outside of one."""
    return _open.get()


class Flow:
    """A graph of tasks with a name, and perhaps a schedule.

    :param name: how people find it; unique in its project once registered
    :param schedule: when it starts by itself
    :param project: the project it is registered in by `manage.py register`; the app's name unless given
    :param reference_tasks: the tasks whose states decide a run's state; the terminal tasks unless given
    :param result: the task whose result is a run's; the terminal task's, or slug -> result of several, unless given
    :param state_handlers: called as (flow, old state, new state) when it starts and when it ends; see `Task`
    :param on_failure: called as (flow, state) when it has failed
    :param terminal_state_handler: called as (flow, state, states of the tasks that decide it) before the others; what
        it returns becomes the state
    :param queue: the queue whose workers execute its tasks; the default one unless given
    :param priority: whatever is of higher priority is executed first; from -100 to 100
    :raises ValueError: no name, or one that is not 1 to 200 printable characters; no name of a queue; no priority
    """

    def __init__(
        self,
        name: str,
        schedule: Schedule | None = None,
        *,
        project: str | None = None,
        tasks: Iterable[Task] = (),
        edges: Iterable[Edge] = (),
        reference_tasks: Iterable[Task] = (),
        result: Task | None = None,
        state_handlers: Iterable[Handler] = (),
        on_failure: OnFailure | None = None,
        terminal_state_handler: Callable[[Flow, RunState, set[RunState]], RunState | None] | None = None,
        queue: str | None = None,
        priority: int = 0,
        description: str = "",
        validate: bool = False,
    ) -> None:
        if not is_name(name):
            raise ValueError(f"A flow needs a name of 1 to {MAX_NAME} printable characters, not {name!r:.80}.")
        self.name = name
        self.schedule = schedule
        self.project = project
        self.queue = queue_of(queue)
        self.priority = priority_of(priority)
        self.description = description
        self.eager = validate
        explicit = tuple(state_handlers)
        self.state_handlers = handlers_of(explicit, on_failure)
        self.terminal_state_handler = terminal_state_handler
        self.hears_of_start = bool(explicit)
        self.hears_of_end = bool(self.state_handlers) or terminal_state_handler is not None
        self.place = places.place_of_caller()
        self.slugs: dict[Task, str] = {}
        self.edges: set[Edge] = set()
        self.constants: dict[Task, dict[str, Any]] = {}
        self._by_slug: dict[str, Task] = {}
        self._numbers: Counter[str] = Counter()
        self._edges_to: defaultdict[Task, set[Edge]] = defaultdict(set)
        self._edges_from: defaultdict[Task, set[Edge]] = defaultdict(set)
        self._outer: list[Flow | None] = []
        self._reference_tasks: tuple[Task, ...] = ()
        self.is_mapping = False
        self.result = result
        for task in tasks:
            self.add_task(task)
        for edge in edges:
            self.add_edge(edge.upstream_task, edge.downstream_task, edge.key, edge.mapped, edge.flattened)
        if reference_tasks:
            self.set_reference_tasks(reference_tasks)
        registry.note(self, places.modules_being_imported())

    def __repr__(self) -> str:
        return f'<Flow: name="{self.name}">'

    def __enter__(self) -> Flow:
        self._outer.append(_open.get())
        _open.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _open.set(self._outer.pop())

    # The graph

    @property
    def tasks(self) -> set[Task]:
        """All tasks, those made for parameters and collections among them."""
        return set(self.slugs)

    def add_task(self, task: Task) -> Task:
        """Add a task; one that is there already stays as it is.

        :raises TypeError: it is no task
        :raises ValueError: its name or slug is none, or its slug, or its name as a parameter, is taken by another
        """
        if not isinstance(task, Task):
            raise TypeError(f"A flow is made of tasks, not of {task!r}.")
        if task in self.slugs:
            return task
        if isinstance(task, Parameter) and task.name in self._by_slug:
            raise ValueError(f"The flow {self.name!r} has a parameter {task.name!r} already; use that one.")
        slug = task.slug if task.has_own_slug and task.slug else self._free_slug(task)
        if not (is_name(task.name) and is_name(slug)):
            raise ValueError(f"A task's name and slug have 1 to {MAX_NAME} printable characters, not {slug!r:.80}.")
        if slug in self._by_slug:
            raise ValueError(f"The flow {self.name!r} has a task with the slug {slug!r} already; slugs are unique.")
        self.slugs[task] = task.slug = slug
        self._by_slug[slug] = task
        blocks.note(task, self)
        return task

    def _free_slug(self, task: Task) -> str:
        stem = "-".join([task.name, *sorted(task.tags)])
        self._numbers[stem] += 1
        while f"{stem}-{self._numbers[stem]}" in self._by_slug:
            self._numbers[stem] += 1
        return f"{stem}-{self._numbers[stem]}"

    def add_edge(
        self,
        upstream_task: Task,
        downstream_task: Task,
        key: str | None = None,
        mapped: bool = False,
        flattened: bool = False,
        validate: bool | None = None,
    ) -> Edge:
        """Make one task run before another; with a key, hand its result on as the argument of that name.

        :param mapped: whether the downstream is executed once an item of the result
        :param flattened: whether the result is a list of lists that is handed on as one list

        :raises ValueError: onto itself, onto a parameter, a key that is no name; with `validate` also a key that is
            bound already or a cycle
        """
        upstream_task, downstream_task = as_task(upstream_task), as_task(downstream_task)
        if upstream_task is downstream_task:
            raise ValueError(f"{downstream_task!r} cannot run before itself.")
        if isinstance(downstream_task, Parameter):
            raise ValueError(f"{downstream_task!r} is a parameter, and parameters have no upstreams.")
        if key is not None and (not isinstance(key, str) or not key.isidentifier() or keyword.iskeyword(key)):
            raise ValueError(f"The key {key!r} of an edge must be a Python name.")
        eager = self.eager if validate is None else validate
        edge = Edge(upstream_task, downstream_task, key, mapped, flattened)
        if key is not None and edge not in self.edges:
            self._check_free(downstream_task, key, eager)
        self._add(upstream_task)
        self._add(downstream_task)
        for edges in (self.edges, self._edges_from[upstream_task], self._edges_to[downstream_task]):
            edges.add(edge)
        if eager:
            self.validate()
        return edge

    def _check_free(self, task: Task, key: str, eager: bool) -> None:
        if eager and key in self.arguments_of(task):
            raise ValueError(f"The argument {key!r} of {task!r} is bound already.")

    def _add(self, task: Task) -> None:
        """Add a task, and what a collection collects before it."""
        if task in self.slugs:
            return
        self.add_task(task)
        if isinstance(task, Collection):
            for index, part in enumerate(task.parts):
                self.add_edge(as_task(part), task, f"arg_{index + 1}", validate=False)

    def set_dependencies(
        self,
        task: Task,
        upstream_tasks: Iterable[Any] = (),
        downstream_tasks: Iterable[Task] = (),
        keyword_tasks: Mapping[str, Any] | None = None,
        mapped: bool = False,
    ) -> None:
        """Add a task with its upstreams, downstreams and arguments; constants are kept as constants.

        :param mapped: whether it is mapped over its upstreams and arguments, where they do not say otherwise
        """
        self.add_task(task)
        for upstream in upstream_tasks:
            value, is_mapped, flattened = plain(upstream, mapped)
            self.add_edge(as_task(value), task, mapped=bool(is_mapped), flattened=flattened)
        for downstream in downstream_tasks:
            self.add_edge(task, downstream)
        for key, argument in (keyword_tasks or {}).items():
            value, is_mapped, flattened = plain(argument, mapped)
            bound = as_task(value)
            if isinstance(bound, Constant) and is_mapped:
                bound.value = list_to_map(key, bound.value, task)
            if isinstance(bound, Constant) and bound is not value and not (is_mapped or flattened):
                self._check_free(task, key, self.eager)
                self.constants.setdefault(task, {})[key] = bound.value
            else:
                self.add_edge(bound, task, key, bool(is_mapped), flattened)

    def map_edge(self, edge: Edge, *, flattened: bool) -> None:
        """Let an edge of this flow hand on item by item."""
        twin = replace(edge, mapped=True, flattened=edge.flattened or flattened)
        for edges in (self.edges, self._edges_from[edge.upstream_task], self._edges_to[edge.downstream_task]):
            edges.discard(edge)
            edges.add(twin)

    def chain(self, *tasks: Task) -> list[Edge]:
        """Make the tasks run one after the other."""
        return [self.add_edge(first, second) for first, second in pairwise(tasks)]

    def edges_to(self, task: Task) -> set[Edge]:
        return set(self._edges_to.get(task, ()))

    def edges_from(self, task: Task) -> set[Edge]:
        return set(self._edges_from.get(task, ()))

    def arguments_of(self, task: Task) -> list[str]:
        """Return the names of the arguments that are bound, one bound twice twice."""
        return [*self.constants.get(task, ()), *(edge.key for edge in self.edges_to(task) if edge.key is not None)]

    def upstream_tasks(self, task: Task) -> set[Task]:
        return {edge.upstream_task for edge in self.edges_to(task)}

    def downstream_tasks(self, task: Task) -> set[Task]:
        return {edge.downstream_task for edge in self.edges_from(task)}

    def root_tasks(self) -> set[Task]:
        return self.tasks - {edge.downstream_task for edge in self.edges}

    def terminal_tasks(self) -> set[Task]:
        return self.tasks - {edge.upstream_task for edge in self.edges}

    def sorted_tasks(self) -> tuple[Task, ...]:
        """Return all tasks, each after its upstreams.

        :raises ValueError: the edges form a cycle
        """
        return tuple(self._by_slug[slug] for slug in compiling.shape_of(self).order)

    def get_tasks(
        self,
        name: str | None = None,
        slug: str | None = None,
        tags: Iterable[str] | None = None,
        task_type: type[Task] | None = None,
    ) -> list[Task]:
        """Return the tasks that match all that is given, in the order they were added."""
        # A worker asks by slug for every task run that it executes, whatever the size of the flow.
        of_slug = self.slugs if slug is None else filter(None, [self._by_slug.get(slug)])
        return [
            task
            for task in of_slug
            if (name is None or task.name == name)
            and (tags is None or set(tags) <= task.tags)
            and (task_type is None or isinstance(task, task_type))
        ]

    def parameters(self) -> set[Parameter]:
        return {task for task in self.slugs if isinstance(task, Parameter)}

    def reference_tasks(self) -> set[Task]:
        """Return the tasks whose states decide a run's state."""
        return set(self._reference_tasks) or self.terminal_tasks()

    def set_reference_tasks(self, tasks: Iterable[Task]) -> None:
        """Let these tasks' states decide a run's state; none: the terminal tasks again.

        :raises ValueError: one of them is not in the flow
        """
        chosen = tuple(tasks)
        if missing := [task for task in chosen if task not in self.slugs]:
            raise ValueError(f"{missing[0]!r} is not in the flow {self.name!r}, so it cannot be a reference task.")
        self._reference_tasks = chosen

    def validate(self) -> None:
        """Pass if the flow can be run.

        :raises ValueError: a cycle, an argument bound twice, a result task that the flow does not execute
        """
        compiling.check(self)

    # What becomes of it

    def graph(self) -> FlowGraph:
        """Return the graph that is executed: parameters and collections have become bindings of the other tasks.

        :raises ValueError: the flow is not valid
        """
        self.validate()
        return compiling.graph_of(self)

    def parameter_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the parameters."""
        return compiling.schema_of(self)

    def serialize(self) -> dict[str, Any]:
        """Return the JSON document of all that a flow version consists of."""
        return {
            "name": self.name,
            "description": self.description,
            "graph": write_graph(self.graph()),
            "parameter_schema": self.parameter_schema(),
            "schedule": self.schedule.document() if self.schedule else None,
        }

    def serialized_hash(self) -> str:
        """Return a fingerprint that is the same as long as the definition is: start dates do not count."""
        return compiling.fingerprint(self.serialize())

    def register(self, project_name: str | None = None) -> int:
        """Put the flow into a project; return its version number, a new one only if something changed.

        :raises TypeError: no project is named
        :raises ValueError: there is no such project, or the flow is not valid
        :raises RuntimeError: called inside the flow's own `with`, or outside Django
        """
        self._refuse_inside("register")
        project = project_name or self.project
        if project is None:
            raise TypeError("register() needs a project: flow.register('examples').")
        self.validate()
        return registry.register(self, project)

    def run(self, parameters: Mapping[str, Any] | None = None, **more: Any) -> RunState:
        """Run the flow here and now, in this process, and return its final state; a schedule is not waited for.

        A developer's quick try through the engine's own judgement: nothing is stored. Child flows are those that this
        process knows (registered in it, or in an app's flows.py).

        :raises ValueError: parameters are missing, unknown or of a wrong type
        """
        from orchestrator.sdk.local import run_flow

        self._refuse_inside("run")
        if self.project is None:
            registry.discover()
        return run_flow(self, {**(parameters or {}), **more})

    def _refuse_inside(self, verb: str) -> None:
        if open_flow() is self:
            raise RuntimeError(f"{verb}() was called inside `with {self!r}`; call it after the block.")
