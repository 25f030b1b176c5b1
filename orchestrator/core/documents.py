"""The JSON form of a graph: read strictly, written so that reading it again gives the same graph."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from orchestrator.core.approvals import APPROVAL_INPUTS
from orchestrator.core.bindings import Binding, InvalidBinding, dump, parse
from orchestrator.core.control import CASE_INPUTS, MERGE_INPUTS
from orchestrator.core.graph import SCHEMA, Edge, FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.names import is_name
from orchestrator.core.problems import Problem, ProblemsFound
from orchestrator.core.task_fields import CHOICES, NAME, OF_GRAPH, PLAIN, SPECIAL, Rule, is_number

MAX_TASKS = 20_000
MAX_EDGES = 200_000

_E = TypeVar("_E", bound=StrEnum)
_FLAGS = ("mapped", "flattened")

# What a task that starts a child flow run can be given; the authoring API's StartFlowRun.run has these arguments.
FLOW_RUN_INPUTS = frozenset({"parameters", "run_name", "scheduled_start_time", "idempotency_key"})
# One that starts a flow which is named at run time has these as well, and no `flow`.
NAMING_INPUTS = frozenset({"flow_name", "project_name", "flow_id"})
# What a task that waits for a flow run which is there already can be given.
WAIT_INPUTS = frozenset({"flow_run_id", "raise_final_state"})
TASK_RESULT_INPUTS = frozenset({"flow_run_id", "task_slug", "map_index"})
# What tasks of each kind can be given; a Python function has arguments of any name.
INPUTS = {
    TaskKind.FLOW_RUN: FLOW_RUN_INPUTS | NAMING_INPUTS,
    TaskKind.CASE: CASE_INPUTS,
    TaskKind.MERGE: MERGE_INPUTS,
    TaskKind.WAIT: WAIT_INPUTS,
    TaskKind.TASK_RESULT: TASK_RESULT_INPUTS,
    TaskKind.APPROVAL: APPROVAL_INPUTS,
}


# The keys of a graph that name the tasks which call the flow's state handlers.
_AROUND = ("opening_task", "closing_task")


class MalformedGraph(ProblemsFound):
    """A graph document has another shape than docs/graph.md says."""


def read_graph(document: Any) -> FlowGraph:
    """Return the graph that a JSON document describes. What it means (cycles, flows) is not judged here.

    :raises MalformedGraph: with every place where the document is not of the documented shape
    """
    reader = _Reader()
    graph = reader.graph(document)
    if reader.problems or graph is None:
        raise MalformedGraph(reader.problems)
    return graph


def write_graph(graph: FlowGraph) -> dict[str, Any]:
    """Return the JSON document of a graph; defaults are left out."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tasks": [_write_task(task) for task in graph.tasks.values()],
        "edges": [_write_edge(edge) for edge in graph.edges],
    }
    if graph.reference_tasks:
        document["reference_tasks"] = list(graph.reference_tasks)
    if graph.result_task:
        document["result_task"] = graph.result_task
    document |= {key: slug for key in _AROUND if (slug := getattr(graph, key))}
    document |= {key: value for key in OF_GRAPH if (value := getattr(graph, key))}
    return document


def _write_task(task: Task) -> dict[str, Any]:
    written: dict[str, Any] = {"slug": task.slug, "name": task.name, "kind": task.kind.value}
    if task.flow:
        written["flow"] = {"project": task.flow.project, "name": task.flow.name}
    if task.inputs:
        written["inputs"] = {key: dump(binding) for key, binding in task.inputs.items()}
    plain = Task(task.slug, task.name, task.kind)
    for key in (*CHOICES, *PLAIN):
        value = getattr(task, key)
        if value != getattr(plain, key):
            written[key] = _plain(value)
    if task.position is not None:
        written["position"] = list(task.position)
    return written


def _write_edge(edge: Edge) -> dict[str, Any]:
    written: dict[str, Any] = {"upstream": edge.upstream, "downstream": edge.downstream}
    if edge.key:
        written["key"] = edge.key
    return written | {flag: True for flag in _FLAGS if getattr(edge, flag)}


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case tuple():
            return list(value)
    return value


def _is_named_at_run_time(inputs: Any) -> bool:
    return isinstance(inputs, dict) and not inputs.keys().isdisjoint({"flow_name", "flow_id"})


class _Reader:
    """Collects every problem of one document instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def graph(self, document: Any) -> FlowGraph | None:
        if not isinstance(document, dict):
            self._say("The graph must be a JSON object with tasks and edges.", field="graph")
            return None
        known = {"schema", "tasks", "edges", "reference_tasks", "result_task", *_AROUND, *OF_GRAPH}
        self._known(document, known, "The graph", "graph")
        if document.get("schema", SCHEMA) != SCHEMA:
            self._say(f"The graph's schema is {document['schema']!r}; this program reads {SCHEMA}.", field="schema")
        tasks: dict[str, Task] = {}
        for index, written in enumerate(self._list(document, "tasks", MAX_TASKS)):
            task = self._task(written, f"tasks[{index}]")
            if task and task.slug in tasks:
                self._say(f"Two tasks have the slug {task.slug!r}; slugs are unique.", "duplicate_slug", task.slug)
            elif task:
                tasks[task.slug] = task
        edges = [
            edge
            for index, written in enumerate(self._list(document, "edges", MAX_EDGES))
            if (edge := self._edge(written, f"edges[{index}]", tasks))
        ]
        reference = [
            slug for slug in self._list(document, "reference_tasks", MAX_TASKS) if self._names_task(slug, tasks)
        ]
        named = {
            key: slug
            for key in ("result_task", *_AROUND)
            if (slug := document.get(key)) is not None and self._names_task(slug, tasks)
        }
        plain = {key: self._value(document, key, rule) for key, rule in OF_GRAPH.items() if key in document}
        return FlowGraph(tasks, tuple(edges), tuple(reference), **named, **plain)

    def _task(self, written: Any, place: str) -> Task | None:
        if not isinstance(written, dict) or not is_name(written.get("slug")):
            self._say(f"{place} must be an object with a slug of 1 to 200 characters.", field=place)
            return None
        slug = written["slug"]
        self._known(written, {*SPECIAL, *CHOICES, *PLAIN}, f"Task {slug!r}", None, slug)
        kind = self._choice(written, "kind", TaskKind, TaskKind.FLOW_RUN, slug)
        chosen: dict[str, Any] = {key: self._choice(written, key, *choices, slug) for key, choices in CHOICES.items()}
        plain = {key: self._value(written, key, rule, slug) for key, rule in PLAIN.items() if key in written}
        return Task(
            slug=slug,
            name=self._value(written, "name", NAME, slug) if "name" in written else slug,
            kind=kind,
            inputs=self._inputs(written.get("inputs", {}), kind, slug),
            flow=self._flow(written, kind, slug),
            position=self._position(written.get("position"), slug),
            **chosen,
            **plain,
        )

    def _flow(self, written: Mapping[str, Any], kind: TaskKind, slug: str) -> FlowName | None:
        match written.get("flow"):
            case {"project": project, "name": name, **more} if not more and is_name(project) and is_name(name):
                return FlowName(project, name)
            case None if kind is not TaskKind.FLOW_RUN or _is_named_at_run_time(written.get("inputs")):
                return None
        self._say(f"Task {slug!r} must name the flow it starts: project and name.", task=slug, field="flow")
        return None

    def _inputs(self, written: Any, kind: TaskKind, slug: str) -> dict[str, Binding]:
        if not isinstance(written, dict):
            self._say(f"The inputs of task {slug!r} must be an object.", task=slug, field="inputs")
            return {}
        inputs: dict[str, Binding] = {}
        for key, value in written.items():
            if kind in INPUTS and key not in INPUTS[kind]:
                allowed = ", ".join(sorted(INPUTS[kind]))
                self._say(f"Task {slug!r} has the input {key!r}; it can have {allowed}.", task=slug, field=key)
                continue
            try:
                inputs[key] = parse(value)
            except InvalidBinding as error:
                self._say(f"The input {key!r} of task {slug!r} {error}.", "invalid_binding", slug, key)
        return inputs

    def _position(self, written: Any, slug: str) -> tuple[float, float] | None:
        match written:
            case None:
                return None
            case [x, y] if is_number(x) and is_number(y):
                return (x, y)
        self._say(f"The position of task {slug!r} must be two numbers.", task=slug, field="position")
        return None

    def _edge(self, written: Any, place: str, tasks: Mapping[str, Task]) -> Edge | None:
        match written:
            case {"upstream": str(upstream), "downstream": str(downstream)}:
                self._known(written, {"upstream", "downstream", "key", *_FLAGS}, place, place)
            case _:
                self._say(f"{place} must be an object with upstream and downstream.", field=place)
                return None
        key = written.get("key")
        if not (key is None or isinstance(key, str)):
            self._say(f"The key of {place} must be text or null.", field=place)
            return None
        flags = {flag: written.get(flag, False) for flag in _FLAGS}
        for flag in (flag for flag, value in flags.items() if not isinstance(value, bool)):
            self._say(f"{flag} of {place} must be true or false.", field=place)
            return None
        known = [self._names_task(slug, tasks, (upstream, downstream)) for slug in (upstream, downstream)]
        return Edge(upstream, downstream, key or None, **flags) if all(known) else None

    def _names_task(self, slug: Any, tasks: Mapping[str, Task], edge: tuple[str, str] | None = None) -> bool:
        if isinstance(slug, str) and slug in tasks:
            return True
        self._say(f"There is no task {slug!r} in the graph.", "unknown_task", edge=edge)
        return False

    def _list(self, document: Mapping[str, Any], key: str, limit: int) -> list[Any]:
        value = document.get(key, [])
        if not isinstance(value, list):
            self._say(f"The {key} of a graph must be a list.", field=key)
            return []
        if len(value) > limit:
            self._say(f"The graph has {len(value)} {key}; the limit is {limit}.", "too_large", field=key)
            return []
        return value

    def _known(
        self, written: Mapping[str, Any], allowed: set[str], what: str, field: str | None, task: str = ""
    ) -> None:
        if unknown := sorted(map(str, set(written) - allowed)):
            self._say(f"{what} has unknown keys: {', '.join(unknown)}.", task=task or None, field=field)

    def _value(self, written: Mapping[str, Any], key: str, rule: Rule, slug: str | None = None) -> Any:
        value = written[key]
        if rule.accepts(value):
            return rule.made(value)
        owner = f"task {slug!r}" if slug else "the graph"
        self._say(f"{key} of {owner} must be {rule.wanted}, but is {value!r:.60}.", task=slug, field=key)
        return rule.instead

    def _choice(self, written: Mapping[str, Any], key: str, choices: type[_E], default: _E, slug: str) -> _E:
        value = written.get(key, default)
        if isinstance(value, str) and value in set(choices):
            return choices(value)
        wanted = ", ".join(choices)
        self._say(f"{key} of task {slug!r} must be one of {wanted}, but is {value!r:.60}.", task=slug, field=key)
        return default

    def _say(
        self,
        message: str,
        code: str = "malformed_graph",
        task: str | None = None,
        field: str | None = None,
        edge: tuple[str, str] | None = None,
    ) -> None:
        self.problems.append(Problem(code, message, task, field, edge))
