"""Flows, as people write them: `with Flow("name") as flow:` and tasks called or bound inside."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from orchestrator.core.admission import Overlap
from orchestrator.core.documents import write_graph
from orchestrator.core.graph import FlowGraph
from orchestrator.core.names import MAX_NAME, is_name
from orchestrator.sdk import compiling, places, registry, rewriting
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.foreign import FOREIGN, refuse_foreign
from orchestrator.sdk.handlers import Handler, OnFailure, handlers_of
from orchestrator.sdk.opening import open_flow, set_open_flow
from orchestrator.sdk.queues import limit_of_runs, priority_of, queue_of
from orchestrator.sdk.task_graph import TaskGraph
from orchestrator.sdk.tasks import Task

if TYPE_CHECKING:
    from orchestrator.sdk.schedules import Schedule
    from orchestrator.sdk.states import RunState


def named(name: Any) -> str:
    """Return the name of a flow.

    :raises ValueError: it is not 1 to 200 printable characters
    """
    if not is_name(name):
        raise ValueError(f"A flow needs a name of 1 to {MAX_NAME} printable characters, not {name!r:.80}.")
    return str(name)


def _schedule(given: Any) -> Schedule | None:
    if given is None:
        return None
    # Not loaded by flows without one.
    from orchestrator.sdk.schedules import Schedule

    if isinstance(given, Schedule):
        return given
    raise TypeError(f"{given!r} is no schedule; write CronSchedule(...), or Schedule([clock, ...]).")


class Flow(TaskGraph):
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
    :param max_runs: how many of its runs are under way at once; any number unless given
    :param overlap: what becomes of one that would be too many: "queue" (it waits), "skip", or "cancel_older"
    :raises TypeError: another argument; for those of Prefect 1 it says what to use instead
    :raises ValueError: no name, or one that is not 1 to 200 printable characters; no name of a queue; no priority; no
        limit
    """

    def __init__(
        self,
        name: str,
        schedule: Schedule | None = None,
        *,
        project: str | None = None,
        tasks: Iterable[Task] | None = None,
        edges: Iterable[Edge] | None = None,
        reference_tasks: Iterable[Task] | None = None,
        result: Task | None = None,
        state_handlers: Iterable[Handler] | None = None,
        on_failure: OnFailure | None = None,
        terminal_state_handler: Callable[[Flow, RunState, set[RunState]], RunState | None] | None = None,
        queue: str | None = None,
        priority: int = 0,
        max_runs: int | None = None,
        overlap: Overlap | str = Overlap.QUEUE,
        description: str = "",
        validate: bool = False,
        **foreign: Any,
    ) -> None:
        super().__init__(named(name), eager=validate)
        refuse_foreign(self, foreign)
        if not isinstance(result, Task | None):
            raise TypeError(f"{self!r} has no result that is no task: {FOREIGN['result']}.")
        self.schedule = _schedule(schedule)
        self.project = project
        self.queue = queue_of(queue)
        self.priority = priority_of(priority)
        self.max_runs, self.overlap = limit_of_runs(max_runs, overlap)
        self.description = description
        explicit = tuple(state_handlers or ())
        self.state_handlers = handlers_of(explicit, on_failure)
        self.terminal_state_handler = terminal_state_handler
        self.hears_of_start = bool(explicit)
        self.hears_of_end = bool(self.state_handlers) or terminal_state_handler is not None
        self.place = places.place_of_caller()
        self._outer: list[Flow | None] = []
        self.made: dict[Task, None] = {}  # inside its `with`, so far without a copy
        self.own_reference_tasks: tuple[Task, ...] = ()
        self.result = result
        for task in tasks or ():
            self.add_task(task)
        for edge in edges or ():
            self.add_edge(edge.upstream_task, edge.downstream_task, edge.key, edge.mapped, edge.flattened)
        if reference_tasks:
            self.set_reference_tasks(reference_tasks)
        registry.note(self, places.modules_being_imported())

    def __repr__(self) -> str:
        return f'<Flow: name="{self.name}">'

    def __enter__(self) -> Flow:
        self._outer.append(open_flow())
        set_open_flow(self)
        return self

    def __exit__(self, error: type[BaseException] | None, *more: object) -> None:
        set_open_flow(self._outer.pop())
        unused = [task for task in self.made if task not in self.slugs]
        self.made.clear()
        if unused and error is None:
            shown = ", ".join(map(repr, unused[:5]))
            warnings.warn(f"Made inside {self!r} but no part of it: {shown}. Calling a task adds it.", stacklevel=2)

    def replace(self, old: Task, new: Any) -> None:
        """Put a task, or a constant, in the place of another: its edges, its arguments, its part in the final state.

        :raises ValueError: the old one is not in the flow
        """
        rewriting.replace(self, old, new)

    def update(self, other: Flow, *, merge_parameters: bool = False, merge_reference_tasks: bool = False) -> None:
        """Add all tasks and edges of another flow.

        :param merge_parameters: whether parameters of one name become one
        :param merge_reference_tasks: whether its reference tasks become this one's too
        :raises ValueError: parameters of one name that are not merged
        """
        rewriting.update(self, other, merge_parameters, merge_reference_tasks)

    def copy(self, name: str | None = None) -> Flow:
        """Return a flow of the same tasks that can be changed by itself; with another name it is one of its own.

        Under its old name it takes part in nothing until it is registered by its `register`.
        """
        twin = rewriting.copied(self)
        if name is not None:
            twin.name = named(name)
            twin.place = places.place_of_caller()
            registry.note(twin, places.modules_being_imported())
        return twin

    def reference_tasks(self) -> set[Task]:
        """Return the tasks whose states decide a run's state."""
        return set(self.own_reference_tasks) or self.terminal_tasks()

    def set_reference_tasks(self, tasks: Iterable[Task]) -> None:
        """Let these tasks' states decide a run's state; none: the terminal tasks again.

        :raises ValueError: one of them is not in the flow
        """
        chosen = tuple(tasks)
        if missing := [task for task in chosen if task not in self.slugs]:
            raise ValueError(f"{missing[0]!r} is not in the flow {self.name!r}, so it cannot be a reference task.")
        self.own_reference_tasks = chosen

    def validate(self) -> None:
        """Pass if the flow can be run.

        :raises ValueError: a cycle, an argument bound twice, a result task that the flow does not execute
        """
        super().validate()
        compiling.check_result(self)

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

    def visualize(self, flow_state: RunState | None = None, **more: Any) -> NoReturn:
        """Say where a flow is seen.

        :raises NotImplementedError: always
        """
        raise NotImplementedError(f"{self!r} is drawn in the browser: register it and open its page, or that of a run.")

    def register(self, project_name: str | None = None, *, idempotency_key: str | None = None, **foreign: Any) -> int:
        """Put the flow into a project; return its version number, a new one only if something changed.

        :param idempotency_key: accepted so that older code runs; what has not changed makes no version anyway
        :raises TypeError: no project is named; another argument: for those of Prefect 1 it says what to use instead
        :raises ValueError: there is no such project, or the flow is not valid
        :raises RuntimeError: called inside the flow's own `with`, or outside Django
        """
        self._refuse_inside("register")
        refuse_foreign(self, foreign)
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
