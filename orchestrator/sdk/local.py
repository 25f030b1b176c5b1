"""Run a flow in this process, by the engine's own judgement: a developer's quick try. Nothing is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orchestrator.core.bindings import Unresolvable, fresh, resolve
from orchestrator.core.control import DECIDING, Known, decide
from orchestrator.core.graph import FlowGraph, Task, TaskKind
from orchestrator.core.mapping import judge_item, judge_mapping, label, mapped_ending, number_of_items
from orchestrator.core.parameters import check_parameters, with_defaults
from orchestrator.core.planner import CAUSES, Ending, ItemStates, final_ending, judge_rules, judge_task, with_causes
from orchestrator.core.problems import ProblemsFound
from orchestrator.core.results import to_json
from orchestrator.core.starts import Unstartable, key_of, moment_of, parameters_of
from orchestrator.core.states import ENDED, SUCCESSFUL, TERMINAL, UNSUCCESSFUL, State
from orchestrator.sdk import registry
from orchestrator.sdk.answering import ask_at_terminal
from orchestrator.sdk.attempts import Attempt, run_attempts
from orchestrator.sdk.caching import remember
from orchestrator.sdk.context import Context, entered
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.flow_handlers import closed, opened
from orchestrator.sdk.handlers import state_of
from orchestrator.sdk.judging import Judged, edges_to
from orchestrator.sdk.limits import OutOfTime, time_limit
from orchestrator.sdk.local_functions import execute
from orchestrator.sdk.local_runs import LocalRun, NoSuchFlow, ending_of_watching, flow_to_start, unread
from orchestrator.sdk.raised import EXPLAINED, told
from orchestrator.sdk.signals import ending_of
from orchestrator.sdk.states import RunState

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow

MAX_DEPTH = 20


class InvalidParameters(ProblemsFound):
    """The parameters given are not what the flow takes; nothing was run."""


def run_flow(
    flow: Flow, parameters: Mapping[str, Any], depth: int = 0, runs: dict[str, LocalRun] | None = None
) -> RunState:
    """Run a flow to its end, each task after its upstreams, retries after their delays.

    :param runs: the child flow runs that have ended already in this run of a root
    :raises InvalidParameters: before anything runs
    """
    schema = flow.parameter_schema()
    given = to_json(parameters, "parameters")
    if problems := check_parameters(schema, given):
        raise InvalidParameters(problems)
    run = _LocalRun(flow, flow.graph(), with_defaults(schema, given), depth, {} if runs is None else runs)
    for slug in run.graph.order:
        run.step(slug)
    if not run.graph.tasks:
        return RunState(State.SUCCESS, "The flow has no tasks.")
    return run.end()


def _together(endings: list[Ending]) -> Ending:
    """Return how a mapped task ends whose items ended so, or that it waits for some that are paused."""
    if any(each.state not in TERMINAL for each in endings):
        return Ending(State.RUNNING)
    order = sorted(range(len(endings)), key=lambda index: endings[index].state is State.TRIGGER_FAILED)
    causes = [(index, endings[index].message) for index in order if endings[index].state in UNSUCCESSFUL]
    ending = mapped_ending(Counter(each.state for each in endings), causes)
    return replace(ending, result=_results_of(endings))


def _results_of(endings: list[Ending]) -> list[Any]:
    """Return what the items of a mapped task hand on."""
    return [each.result if each.state in SUCCESSFUL else None for each in endings]


@dataclass
class _LocalRun:
    flow: Flow
    graph: FlowGraph
    parameters: dict[str, Any]
    depth: int
    runs: dict[str, LocalRun]
    endings: dict[str, Ending] = field(default_factory=dict)
    items: dict[str, list[Ending]] = field(default_factory=dict)  # of the mapped tasks that were given theirs
    id: str = field(default_factory=lambda: str(uuid4()))

    def end(self) -> RunState:
        """Return how the flow run ended, or that it waits for a task that is paused."""
        tasks = {slug: self._task_state(slug) for slug in self.graph.written}
        waiting = [slug for slug, each in tasks.items() if each.state in (State.PAUSED, State.RUNNING)]
        if waiting:
            return RunState(State.RUNNING, f"Waits for {', '.join(waiting)}.", None, tasks, self.flow.slugs)
        ending = self.endings.get(self.graph.closing_task or "") or self._verdict()
        return RunState(ending.state, ending.message, ending.result, tasks, self.flow.slugs)

    def _verdict(self) -> Ending:
        """Return how the flow run ends, as its tasks say."""
        results = {slug: ending.result for slug, ending in self.endings.items()}
        ending = final_ending(self.graph, states=self.states, results=results, cancelling=False)
        causes = {slug: each.message for slug, each in self.endings.items() if each.state in CAUSES}
        return with_causes(self.graph, ending, causes)

    def _closed(self) -> Ending:
        """Return what the flow's state handlers make of the verdict."""
        return closed(self.flow, self._verdict(), [self._task_state(slug) for slug in self.graph.deciders])

    def _task_state(self, slug: str) -> RunState:
        state = state_of(self.endings.get(slug) or Ending(State.PENDING))
        return replace(state, map_states=[state_of(each) for each in self.items.get(slug, [])])

    def step(self, slug: str) -> None:
        """Bring one task to its end, or to a pause that nobody here ends; wait where its upstreams wait."""
        states = self.states
        # What is followed item by item need not have ended, only have its items.
        followed = self.graph.pairs.get(slug, frozenset()) & self.items.keys()
        if any(states.get(upstream) not in TERMINAL for upstream in set(self.graph.upstreams[slug]) - followed):
            return
        if slug in (self.graph.opening_task, self.graph.closing_task):
            with entered(self._context(self.graph.tasks[slug], -1, Attempt(1, 0, {}))):
                self.endings[slug] = opened(self.flow) if slug == self.graph.opening_task else self._closed()
            return
        if slug in self.graph.mapped:
            self.endings[slug] = self._map(slug, states)
            return
        items = {name: self._item_states(name) for name in self.graph.upstreams[slug] if name in self.items}
        self.endings[slug] = self._run_task(slug, -1, items)

    @property
    def states(self) -> dict[str, State]:
        return {slug: ending.state for slug, ending in self.endings.items()}

    def _map(self, slug: str, states: Mapping[str, State]) -> Ending:
        """Bring every item of a mapped task to its end, one after the other."""
        lengths = {name: len(endings) for name, endings in self.items.items()}
        paired = self.graph.pairs.get(slug, frozenset()) & lengths.keys()
        others = {
            name: self._item_states(name) for name in self.graph.upstreams[slug] if name in lengths.keys() - paired
        }
        ending = judge_mapping(self.graph, slug, states, others, lengths)
        if ending is not None:
            return ending
        try:
            number = number_of_items(
                self.graph, slug, results=self._results(), parameters=self.parameters, lengths=lengths
            )
        except Unresolvable as error:
            return Ending(State.FAILED, str(error))
        endings = self.items[slug] = []
        for index in range(number):
            followed = {name: {label(name, index): self.items[name][index].state} for name in paired}
            if any(state not in TERMINAL for of_item in followed.values() for state in of_item.values()):
                endings.append(Ending(State.PENDING))
            else:
                endings.append(self._run_task(slug, index, {**others, **followed}))
        return _together(endings)

    def _item_states(self, slug: str) -> dict[str, State]:
        return {label(slug, index): ending.state for index, ending in enumerate(self.items[slug])}

    def _run_task(self, slug: str, index: int, items: ItemStates) -> Ending:
        """Return how a task ends, or an item of it: as it is judged, or as its last attempt does."""
        task = self.graph.tasks[slug]
        name = slug if index < 0 else label(slug, index)
        judge = judge_task if index < 0 else judge_item
        judged = judge(self.graph, slug, self.states, items)
        return run_attempts(task, name, judged, partial(self._attempt, task, index, items))

    def _attempt(self, task: Task, index: int, items: ItemStates, attempt: Attempt) -> Ending:
        with entered(self._context(task, index, attempt)):
            try:
                if task.judged_by_worker:
                    ended = self._judged(task, index, items, attempt)
                else:
                    ended = self._execute(task, index, attempt)
            except OutOfTime as late:
                ended = late.ending()
        if ended.cache is not None and ended.state is State.SUCCESS:
            remember(ended.cache, ended.result)
        return ended

    def _judged(self, task: Task, index: int, items: ItemStates, attempt: Attempt) -> Ending:
        """Make an attempt with people's own trigger and state handlers around it, as a worker does."""
        people = Judged(self.flow.get_tasks(slug=task.slug)[0], task)
        verdict = None if attempt.carried.get("resumed") else judge_rules(self.graph, task.slug, self.states, items)
        limit = task.timeout_seconds if task.kind is TaskKind.FUNCTION else None
        with time_limit(limit):
            begun = people.begin(verdict, lambda: self._upstreams(task.slug, index), is_retry=attempt.failures > 0)
        if begun is not None:
            return begun
        ended = self._execute(task, index, attempt)
        with time_limit(limit):
            return people.conclude(ended, failures=attempt.failures)

    def _upstreams(self, slug: str, index: int) -> dict[Edge, RunState]:
        followed = self.graph.pairs.get(slug, frozenset()) & self.items.keys() if index >= 0 else frozenset()
        edges = edges_to(self.flow, self.graph, slug)
        return {
            edge: state_of(self.items[upstream][index]) if upstream in followed else self._task_state(upstream)
            for edge, upstream in edges.items()
        }

    def _results(self) -> dict[str, Any]:
        return {
            slug: ending.result if ending.state in TERMINAL else _results_of(self.items[slug])
            for slug, ending in self.endings.items()
            if ending.state in SUCCESSFUL or slug in self.items
        }

    def _execute(self, task: Task, index: int, attempt: Attempt) -> Ending:
        results = self._results()
        if task.kind in DECIDING:
            skipped = {slug for slug, ending in self.endings.items() if ending.state is State.SKIPPED}
            return decide(task, Known(results, skipped, self.parameters, index))
        written = self.flow.get_tasks(slug=task.slug)[0]
        if task.kind is TaskKind.FLOW_RUN:
            results = unread(self.graph, results)
        try:
            inputs = {
                key: fresh(resolve(binding, results=results, parameters=self.parameters, index=index))
                for key, binding in task.inputs.items()
            }
            if task.kind is TaskKind.FLOW_RUN:
                return self._child(task, inputs)
            if task.kind in (TaskKind.WAIT, TaskKind.TASK_RESULT):
                return ending_of_watching(task, inputs, self.id, self.runs)
            if task.kind is TaskKind.APPROVAL:
                return ask_at_terminal(task, inputs.get("parameters"))
            return execute(written, task, inputs, flow=self.flow.name, carried=attempt.carried)
        except EXPLAINED as error:
            return ending_of(error, told(error), written.retry_on if task.kind is TaskKind.FUNCTION else ())

    def _context(self, task: Task, index: int, attempt: Attempt) -> Context:
        name = f"{self.id}/{task.slug if index < 0 else label(task.slug, index)}"
        return Context.told(
            attempt.carried,
            flow=f"{self.flow.project}/{self.flow.name}" if self.flow.project else self.flow.name,
            version=0,
            flow_run_id=self.id,
            task_run_id=name,
            task=task.slug,
            attempt=attempt.number,
            idempotency_key=name,
            parameters=fresh(self.parameters),
            map_index=index,
        )

    def _child(self, task: Task, inputs: Mapping[str, Any]) -> Ending:
        try:
            parameters = parameters_of(inputs.get("parameters"))
            name = flow_to_start(task, inputs, self.flow.project)
            key_of(inputs.get("idempotency_key"))
            moment_of(inputs.get("scheduled_start_time"), datetime.now(UTC))
        except (NoSuchFlow, Unstartable) as error:
            return Ending(State.FAILED, str(error))
        child = registry.find_flow(name)
        if child is None:
            return Ending(State.FAILED, f"Flow {name.name!r} not found in project {name.project!r}. Is it registered?")
        if self.depth >= MAX_DEPTH:
            return Ending(State.FAILED, f"Flow runs may be nested {MAX_DEPTH} deep.")
        try:
            ended = run_flow(child, parameters, self.depth + 1, self.runs)
        except InvalidParameters as error:
            return Ending(State.FAILED, f"{name} refuses these parameters. {error}")
        except (ValueError, TypeError) as error:
            return Ending(State.FAILED, f"{name} cannot be run. {error}")
        run_name = inputs.get("run_name") or (f"{self.flow.name}-{name.name}" if task.named_after_parent else "")
        started = LocalRun(str(uuid4()), run_name, name, parameters, ended)
        self.runs[started.id] = started
        if not task.wait:
            return Ending(State.SUCCESS, "", started.id)
        message = "" if ended.state is State.SUCCESS else f"Child flow run {ENDED[ended.state]}: {ended.message}"
        return Ending(ended.state, message, ended.result)
