"""The graph of a flow version: its tasks, the edges between them, and what derives from the two.

One immutable value for everybody: the authoring API builds it, the canvas edits its JSON form (docs/graph.md),
the engine executes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from orchestrator.core.bindings import Binding, items_in, read_whole, upstreams_of
from orchestrator.core.triggers import Trigger

SCHEMA = 1

# The queue of whatever names none.
DEFAULT_QUEUE = "default"


class TaskKind(StrEnum):
    """What executing a task means."""

    FUNCTION = "function"
    FLOW_RUN = "flow_run"
    CASE = "case"
    MERGE = "merge"
    WAIT = "wait"
    TASK_RESULT = "task_result"
    APPROVAL = "approval"


_TAKES_TIME = frozenset({TaskKind.FUNCTION, TaskKind.FLOW_RUN, TaskKind.WAIT, TaskKind.TASK_RESULT})


class OnRetry(StrEnum):
    """What a retry or restart does with a child flow run that did not succeed."""

    RESTART = "restart"
    NEW_RUN = "new_run"
    MIRROR = "mirror"


class ApproverRole(StrEnum):
    """Who may approve: people who have at least this role in the flow's project."""

    OPERATOR = "operator"
    EDITOR = "editor"


class OnTimeLimit(StrEnum):
    """What becomes of an approval that nobody gave in time."""

    FAIL = "fail"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class FlowName:
    """A flow as people name it; which version is meant is decided when it starts."""

    project: str
    name: str

    def __str__(self) -> str:
        return f"{self.project}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> "FlowName":
        """Return the flow that `project/name` names. The name may hold further slashes.

        :raises ValueError: one of the two is missing
        """
        project, _, name = text.partition("/")
        if not project or not name:
            raise ValueError(f"{text!r} does not name a flow; write project/name, for example examples/parent-flow")
        return cls(project, name)


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a flow. `slug` is its identity within the flow version, `name` is what people see.

    `named_after_parent`: the child flow run's name is made of its parent's and its flow's, unless one is given.
    `trigger_at_least`, `trigger_at_most`: for `some_*` triggers, how many upstreams; below 1, which share of them.
    `retry_delays`: the pause before each retry, the last one again for all that follow; empty: `retry_delay_seconds`
    times `retry_backoff` a retry, at most `retry_delay_max_seconds`. `retry_jitter`: the share by which a pause is
    made longer or shorter by chance. `timeout_seconds`: of one attempt; of the wait, where it waits for a child or a
    person. `message`, `role`, `on_time_limit`: of an approval: what is asked, of whom, and what no answer means.
    `queue`: the queue whose workers execute it; empty: the flow's. `judged_by_worker`: its trigger or its state
    handlers are people's code, so a worker decides whether it starts. `result_serializer`: how its result is kept;
    empty: as JSON. `digest`: of its function's code; `people_digest`: of what people wrote around it, its own trigger,
    state handlers and cache validator.
    """

    slug: str
    name: str
    kind: TaskKind
    inputs: Mapping[str, Binding] = field(default_factory=dict)
    flow: FlowName | None = None
    wait: bool = True
    on_retry: OnRetry = OnRetry.RESTART
    named_after_parent: bool = False
    trigger: Trigger = Trigger.ALL_SUCCESSFUL
    skip_on_upstream_skip: bool = True
    trigger_at_least: float | None = None
    trigger_at_most: float | None = None
    max_retries: int = 0
    retry_delay_seconds: float = 0.0
    retry_delays: tuple[float, ...] = ()
    retry_backoff: float = 1.0
    retry_jitter: float = 0.0
    retry_delay_max_seconds: float | None = None
    timeout_seconds: float | None = None
    cache_for_seconds: float | None = None
    cache_key: str = ""
    cache_validator: str = ""
    queue: str = ""
    tags: tuple[str, ...] = ()
    judged_by_worker: bool = False
    result_serializer: str = ""
    message: str = ""
    role: ApproverRole = ApproverRole.OPERATOR
    on_time_limit: OnTimeLimit = OnTimeLimit.FAIL
    digest: str = ""
    people_digest: str = ""
    position: tuple[float, float] | None = None

    @property
    def is_claimed(self) -> bool:
        """Whether a worker claims it before anything of it is done."""
        if self.kind is TaskKind.APPROVAL:
            return False
        return self.kind is TaskKind.FUNCTION or self.judged_by_worker


@dataclass(frozen=True, slots=True)
class Edge:
    """`downstream` starts after `upstream` ended; with a key, the result is its argument of that name.

    `mapped`: between two mapped tasks, each item of the one follows the same item of the other. `flattened`: what is
    handed on is a list of lists, made one list.
    """

    upstream: str
    downstream: str
    key: str | None = None
    mapped: bool = False
    flattened: bool = False


class CyclicGraph(ValueError):
    """The edges lead back to where they began; `slugs` is one such circle, each an upstream of the next."""

    def __init__(self, slugs: list[str]) -> None:
        super().__init__(" -> ".join(slugs))
        self.slugs = slugs


@dataclass(frozen=True)
class FlowGraph:
    """The tasks and edges of one flow version. Derived views are computed once and kept.

    `opening_task`, `closing_task`: call the flow's state handlers, before the first task and after the last.
    """

    tasks: Mapping[str, Task]
    edges: tuple[Edge, ...] = ()
    reference_tasks: tuple[str, ...] = ()
    result_task: str | None = None
    opening_task: str | None = None
    closing_task: str | None = None
    queue: str = ""
    priority: int = 0

    @cached_property
    def upstreams(self) -> dict[str, tuple[str, ...]]:
        """slug -> slugs of its direct upstreams, each once."""
        return self._neighbours((edge.downstream, edge.upstream) for edge in self.edges)

    @cached_property
    def downstreams(self) -> dict[str, tuple[str, ...]]:
        """slug -> slugs of its direct downstreams, each once."""
        return self._neighbours((edge.upstream, edge.downstream) for edge in self.edges)

    def queue_of(self, slug: str) -> str:
        """Return the queue whose workers execute a task."""
        return self.tasks[slug].queue or self.queue or DEFAULT_QUEUE

    @cached_property
    def tagged(self) -> frozenset[str]:
        """The tasks whose tags a limit may name: what takes time, by itself or by the flow run that it waits for."""
        return frozenset(slug for slug, task in self.tasks.items() if task.tags and task.kind in _TAKES_TIME)

    @cached_property
    def starts(self) -> frozenset[FlowName]:
        """The flows that it names to be started; others may be named at run time."""
        return frozenset(task.flow for task in self.tasks.values() if task.flow is not None)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        return tuple(slug for slug in self.tasks if not self.upstreams[slug])

    @cached_property
    def terminals(self) -> tuple[str, ...]:
        """The tasks that nothing follows, but for the state handlers of the flow."""
        after = {self.closing_task}
        return tuple(slug for slug in self.tasks if slug not in after and after.issuperset(self.downstreams[slug]))

    @cached_property
    def written(self) -> tuple[str, ...]:
        """All tasks but those that call the flow's state handlers."""
        return tuple(slug for slug in self.tasks if slug not in (self.opening_task, self.closing_task))

    @cached_property
    def deciders(self) -> tuple[str, ...]:
        """The tasks whose states decide the flow run's: the reference tasks, or else the terminal ones."""
        return self.reference_tasks or self.terminals

    @cached_property
    def results(self) -> tuple[str, ...]:
        """The tasks whose results are the flow run's result."""
        return (self.result_task,) if self.result_task else self.terminals

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All tasks, each after its upstreams.

        :raises CyclicGraph: there is no such order
        """
        try:
            return tuple(TopologicalSorter(self.upstreams).static_order())
        except CycleError as error:
            raise CyclicGraph(error.args[1]) from None

    @cached_property
    def alone(self) -> dict[str, int]:
        """slug -> how many tasks are left when this one runs and all others left come after it, for each such task.

        It is counted among them. In flows with mapped tasks there are none: those are ready more than once.
        """
        if self.mapped:
            return {}
        found: dict[str, int] = {}
        waiting_on = {slug: len(upstreams) for slug, upstreams in self.upstreams.items()}
        ready = len(self.roots)
        for done, slug in enumerate(self.order):
            if ready == 1:
                found[slug] = len(self.tasks) - done
            ready -= 1
            for downstream in self.downstreams[slug]:
                waiting_on[downstream] -= 1
                ready += waiting_on[downstream] == 0
        return found

    @cached_property
    def reads(self) -> dict[str, tuple[str, ...]]:
        """slug -> slugs of the tasks whose results its inputs read."""
        return {slug: tuple(set().union(*map(upstreams_of, task.inputs.values()))) for slug, task in self.tasks.items()}

    @cached_property
    def mapped(self) -> frozenset[str]:
        """The tasks that are executed once an item: an input is an item, or they follow such a task item by item."""
        found = {slug for slug, task in self.tasks.items() if any(map(items_in, task.inputs.values()))}
        ahead = list(found)
        follows: dict[str, list[str]] = {}
        for edge in self.edges:
            if edge.mapped and not edge.flattened:
                follows.setdefault(edge.upstream, []).append(edge.downstream)
        while ahead:
            new = set(follows.get(ahead.pop(), ())) - found
            found |= new
            ahead.extend(new)
        return frozenset(found)

    @cached_property
    def called(self) -> dict[str, str]:
        """slug -> what people call the task in what they read: its name, with the slug where others have that too."""
        times = Counter(task.name for task in self.tasks.values())
        return {slug: _called(slug, task.name, times[task.name] == 1) for slug, task in self.tasks.items()}

    @cached_property
    def pairs(self) -> dict[str, frozenset[str]]:
        """Mapped task -> the mapped upstreams that it follows item by item, for those that have any."""
        apart: dict[str, set[str]] = {slug: set() for slug in self.mapped}
        for edge in self.edges:
            if edge.downstream in apart and (not edge.mapped or edge.flattened):
                apart[edge.downstream].add(edge.upstream)
        pairs = {}
        for slug, others in apart.items():
            if found := (set(self.upstreams[slug]) & self.mapped) - others - self.reads_whole[slug]:
                pairs[slug] = frozenset(found)
        return pairs

    @cached_property
    def followed(self) -> dict[str, frozenset[str]]:
        """Mapped task -> the mapped downstreams that follow it item by item, for those that have any."""
        found: dict[str, set[str]] = {}
        for slug, upstreams in self.pairs.items():
            for upstream in upstreams:
                found.setdefault(upstream, set()).add(slug)
        return {slug: frozenset(downstreams) for slug, downstreams in found.items()}

    @cached_property
    def reads_whole(self) -> dict[str, frozenset[str]]:
        """slug -> slugs of the tasks whose results each item of it needs whole, not one item of."""
        return {slug: frozenset().union(*map(read_whole, task.inputs.values())) for slug, task in self.tasks.items()}

    def ancestors(self, slug: str) -> set[str]:
        """Return everything that ends before `slug` starts."""
        return self._reach([slug], self.upstreams)

    def descendants(self, slugs: Iterable[str]) -> set[str]:
        """Return everything that starts after one of `slugs` ended."""
        return self._reach(slugs, self.downstreams)

    def _neighbours(self, pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {slug: {} for slug in self.tasks}
        for slug, neighbour in pairs:
            found[slug][neighbour] = None
        return {slug: tuple(neighbours) for slug, neighbours in found.items()}

    def _reach(self, slugs: Iterable[str], neighbours: dict[str, tuple[str, ...]]) -> set[str]:
        seen: set[str] = set()
        ahead = [found for slug in slugs for found in neighbours[slug]]
        while ahead:
            found = ahead.pop()
            if found not in seen:
                seen.add(found)
                ahead.extend(neighbours[found])
        return seen


def _called(slug: str, name: str, is_alone: bool) -> str:
    if is_alone:
        return name
    return slug if slug.startswith(name) else f"{name} ({slug})"
