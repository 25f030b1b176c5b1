"""The tasks of a flow and the edges between them, as people write them."""

from __future__ import annotations

import keyword
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from orchestrator.core.names import MAX_NAME, is_name
from orchestrator.sdk import blocks, compiling
from orchestrator.sdk.annotations import list_to_map, plain
from orchestrator.sdk.collections import Collection, Constant, as_task
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.parameters import Parameter
from orchestrator.sdk.signatures import takes
from orchestrator.sdk.tasks import Task


class TaskGraph:
    """What a `Flow` holds; `name` is said in errors, `eager` validates at every edge."""

    def __init__(self, name: str, *, eager: bool) -> None:
        self.name = name
        self.eager = eager
        self.slugs: dict[Task, str] = {}
        self.edges: set[Edge] = set()
        self.constants: dict[Task, dict[str, Any]] = {}
        self.is_mapping = False
        self._by_slug: dict[str, Task] = {}
        self._numbers: Counter[str] = Counter()
        self._edges_to: defaultdict[Task, set[Edge]] = defaultdict(set)
        self._edges_from: defaultdict[Task, set[Edge]] = defaultdict(set)

    def validate(self) -> None:
        """Pass if its tasks can be executed.

        :raises ValueError: a cycle, an argument bound twice
        """
        compiling.check_graph(self)

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
        if isinstance(task, Parameter) and isinstance(self._by_slug.get(task.name), Parameter):
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
        stem = "-".join([str(task.name), *sorted(task.tags)])
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

        :raises TypeError: a key that is no argument of the downstream's `run`
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
        if key is not None and not takes(downstream_task.signature, key):
            raise TypeError(
                f"run() of {downstream_task!r} takes no argument {key!r}, so nothing can be handed on as it."
            )
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

    def remove_task(self, task: Task) -> set[Edge]:
        """Take a task out, with its arguments; return the edges that it had."""
        edges = self.edges_to(task) | self.edges_from(task)
        for edge in edges:
            for known in (self.edges, self._edges_from[edge.upstream_task], self._edges_to[edge.downstream_task]):
                known.discard(edge)
        del self._by_slug[self.slugs.pop(task)]
        self.constants.pop(task, None)
        return edges

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
