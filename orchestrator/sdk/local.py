"""Run a flow in this process, by the engine's own judgement: a developer's quick try. Nothing is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orchestrator.core.bindings import Unresolvable, fresh, resolve
from orchestrator.core.control import DECIDING, Known, decide, hands_on_whole
from orchestrator.core.graph import FlowGraph, FlowName, Task, TaskKind
from orchestrator.core.mapping import judge_item, judge_mapping, label, mapped_ending, number_of_items
from orchestrator.core.parameters import check_parameters, with_defaults
from orchestrator.core.planner import CAUSES, Ending, ItemStates, final_ending, judge_rules, judge_task, with_causes
from orchestrator.core.problems import ProblemsFound
from orchestrator.core.restarts import not_successful, what_runs_again
from orchestrator.core.results import to_json
from orchestrator.core.states import SUCCESSFUL, TERMINAL, UNSUCCESSFUL, State
from orchestrator.sdk.answering import ask_at_terminal
from orchestrator.sdk.attempts import Attempt, run_attempts
from orchestrator.sdk.caching import remember
from orchestrator.sdk.context import Context, entered
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.flow_handlers import closed
from orchestrator.sdk.flow_handlers import opened as let_begin
from orchestrator.sdk.handlers import state_of
from orchestrator.sdk.judging import Judged, edges_to
from orchestrator.sdk.limits import OutOfTime, time_limit
from orchestrator.sdk.local_children import end_of_child
from orchestrator.sdk.local_functions import execute
from orchestrator.sdk.local_results import Kept, holds_kept, keep, opened, unread
from orchestrator.sdk.local_watching import end_of_watching
from orchestrator.sdk.raised import EXPLAINED, told
from orchestrator.sdk.signals import ending_of
from orchestrator.sdk.states import RunState

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow


class InvalidParameters(ProblemsFound):
    """The parameters given are not what the flow takes; nothing was run."""


# A task of a flow run, or an item of one: its slug and map index.
Place = tuple[str, int]


def run_flow(flow: Flow, parameters: Mapping[str, Any]) -> RunState:
    """Run a flow to its end, each task after its upstreams, retries after their delays.

    :raises InvalidParameters: before anything runs
    """
    return LocalRun.of(flow, parameters, LocalRuns()).go_on()


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


def _shown(ending: Ending) -> RunState:
    """Return an ending as people's code sees it."""
    return state_of(replace(ending, result=opened(ending.result)))


@dataclass
class LocalRuns:
    """The flow runs of one flow.run(): by id, and those that were started with an idempotency key."""

    by_id: dict[str, LocalRun] = field(default_factory=dict)
    by_key: dict[tuple[FlowName, str], LocalRun] = field(default_factory=dict)


@dataclass
class LocalRun:
    """A flow run in this process.

    `ending`: its last one; none while it is under way. `attempts`: of task runs, the number of their last one. `again`:
    of mapped tasks that kept their items over a restart, those items that run again. `with_objects`: the tasks whose
    results are not all JSON. `started_by`: the id and the place of the task run that started it.
    """

    flow: Flow
    graph: FlowGraph
    parameters: dict[str, Any]
    runs: LocalRuns
    name: str = ""
    depth: int = 0
    started_by: tuple[str, Place] | None = None
    ending: Ending | None = None
    endings: dict[str, Ending] = field(default_factory=dict)
    items: dict[str, list[Ending]] = field(default_factory=dict)  # of the mapped tasks that were given theirs
    attempts: Counter[Place] = field(default_factory=Counter)
    again: dict[str, set[int]] = field(default_factory=dict)
    with_objects: set[str] = field(default_factory=set)
    children: dict[Place, LocalRun] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid4()))

    @classmethod
    def of(cls, flow: Flow, parameters: Mapping[str, Any], runs: LocalRuns, **more: Any) -> LocalRun:
        """Return a new flow run, which has not begun.

        :raises InvalidParameters: the flow does not take these
        """
        schema, given = flow.parameter_schema(), to_json(parameters, "parameters")
        if problems := check_parameters(schema, given):
            raise InvalidParameters(problems)
        return cls(flow, flow.graph(), with_defaults(schema, given), runs, **more)

    def below(self, flow: Flow, parameters: Mapping[str, Any], place: Place, name: str) -> LocalRun:
        """Return a new flow run that a task of this one starts.

        :raises InvalidParameters: the flow does not take these
        """
        return LocalRun.of(flow, parameters, self.runs, name=name, depth=self.depth + 1, started_by=(self.id, place))

    @property
    def flow_name(self) -> str:
        return f"{self.flow.project}/{self.flow.name}" if self.flow.project else self.flow.name

    def go_on(self) -> RunState:
        """Bring every task to its end, or to a pause that nobody here ends; return how the flow run ended."""
        self.runs.by_id[self.id], self.ending = self, None
        for slug in self.graph.order:
            if slug not in self.endings:
                self._step(slug)
        waiting = [slug for slug in self.graph.written if self._state(slug) in (State.PAUSED, State.RUNNING)]
        if waiting:
            self.ending = Ending(State.RUNNING, f"Waits for {', '.join(waiting)}.")
        elif not self.graph.tasks:
            self.ending = Ending(State.SUCCESS, "The flow has no tasks.")
        else:
            self.ending = self.endings.get(self.graph.closing_task or "") or self._verdict()
        tasks = {slug: self._task_state(slug) for slug in self.graph.written}
        return replace(_shown(self.ending), task_states=tasks, slugs=self.flow.slugs)

    def restart(self) -> None:
        """Run again what did not succeed, and what comes after it, as the retry of a parent has it."""
        states = self.states
        found = what_runs_again(self.graph, not_successful(states), states, self.items.keys())
        for slug in found.kept:
            followed = self.graph.pairs.get(slug, frozenset()) & self.again.keys()
            self.again[slug] = {
                index
                for index, ending in enumerate(self.items[slug])
                if ending.state not in SUCCESSFUL or any(index in self.again[name] for name in followed)
            }
        for slug in found.again:
            del self.endings[slug]
            if slug not in self.again:
                self.items.pop(slug, None)
        self.go_on()

    def _verdict(self) -> Ending:
        """Return how the flow run ends, as its tasks say."""
        results = {slug: ending.result for slug, ending in self.endings.items()}
        ending = final_ending(self.graph, states=self.states, results=results, cancelling=False)
        causes = {slug: each.message for slug, each in self.endings.items() if each.state in CAUSES}
        return with_causes(self.graph, ending, causes)

    def _closed(self) -> Ending:
        """Return what the flow's state handlers make of the verdict."""
        verdict = self._verdict()
        shown = replace(verdict, result=opened(verdict.result))
        ended = closed(self.flow, shown, [self._task_state(slug) for slug in self.graph.deciders])
        return replace(ended, result=verdict.result) if ended.result is shown.result else ended

    def _state(self, slug: str) -> State:
        return self.endings[slug].state if slug in self.endings else State.PENDING

    def _task_state(self, slug: str) -> RunState:
        state = _shown(self.endings.get(slug) or Ending(State.PENDING))
        return replace(state, map_states=[_shown(each) for each in self.items.get(slug, [])])

    def _step(self, slug: str) -> None:
        """Bring one task to its end, or to a pause that nobody here ends; wait where its upstreams wait."""
        states = self.states
        # What is followed item by item need not have ended, only have its items.
        followed = self.graph.pairs.get(slug, frozenset()) & self.items.keys()
        if any(states.get(upstream) not in TERMINAL for upstream in set(self.graph.upstreams[slug]) - followed):
            return
        if slug in (self.graph.opening_task, self.graph.closing_task):
            with entered(self._context(self.graph.tasks[slug], -1, Attempt(1, 0, {}))):
                ending = let_begin(self.flow) if slug == self.graph.opening_task else self._closed()
        elif slug in self.graph.mapped:
            ending = self._map(slug, states)
        else:
            items = {name: self._item_states(name) for name in self.graph.upstreams[slug] if name in self.items}
            ending = self._run_task(slug, -1, items)
        self.endings[slug] = ending
        if holds_kept([ending.result, *_results_of(self.items.get(slug, []))]):
            self.with_objects.add(slug)

    @property
    def states(self) -> dict[str, State]:
        return {slug: ending.state for slug, ending in self.endings.items()}

    def _map(self, slug: str, states: Mapping[str, State]) -> Ending:
        """Bring the items of a mapped task to their ends, one after the other; after a restart perhaps only some."""
        lengths = {name: len(endings) for name, endings in self.items.items()}
        paired = self.graph.pairs.get(slug, frozenset()) & lengths.keys()
        others = {
            name: self._item_states(name) for name in self.graph.upstreams[slug] if name in lengths.keys() - paired
        }
        if slug not in self.again:
            ending = judge_mapping(self.graph, slug, states, others, lengths)
            if ending is not None:
                return ending
            try:
                number = self._number_of_items(slug, lengths)
            except Unresolvable as error:
                return Ending(State.FAILED, str(error))
            self.items[slug] = [Ending(State.PENDING)] * number
        endings = self.items[slug]
        for index in sorted(self.again.pop(slug, range(len(endings)))):
            followed = {name: {label(name, index): self.items[name][index].state} for name in paired}
            if any(state not in TERMINAL for of_item in followed.values() for state in of_item.values()):
                endings[index] = Ending(State.PENDING)
            else:
                endings[index] = self._run_task(slug, index, {**others, **followed})
        return _together(endings)

    def _number_of_items(self, slug: str, lengths: Mapping[str, int]) -> int:
        results = {name: unread(result) for name, result in self._results(self.graph.reads[slug]).items()}
        return number_of_items(self.graph, slug, results=results, parameters=self.parameters, lengths=lengths)

    def _item_states(self, slug: str) -> dict[str, State]:
        return {label(slug, index): ending.state for index, ending in enumerate(self.items[slug])}

    def _run_task(self, slug: str, index: int, items: ItemStates) -> Ending:
        """Return how a task ends, or an item of it: as it is judged, or as its last attempt does."""
        task = self.graph.tasks[slug]
        name = slug if index < 0 else label(slug, index)
        judge = judge_task if index < 0 else judge_item
        judged = judge(self.graph, slug, self.states, items)
        self.attempts[slug, index] += 1
        first = self.attempts[slug, index]
        return run_attempts(task, name, judged, partial(self._attempt, task, index, items), first=first)

    def _attempt(self, task: Task, index: int, items: ItemStates, attempt: Attempt) -> Ending:
        self.attempts[task.slug, index] = attempt.number
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
        if ended.state is State.RUNNING:
            return ended
        shown = replace(ended, result=opened(ended.result)) if isinstance(ended.result, Kept) else ended
        with time_limit(limit):
            made = people.conclude(shown, failures=attempt.failures)
        try:
            result = ended.result if made.result is shown.result else keep(made.result, task.result_serializer)
        except Exception as error:  # noqa: BLE001 - people's serializer may raise anything
            return ending_of(error, told(error))
        return replace(made, result=result)

    def _upstreams(self, slug: str, index: int) -> dict[Edge, RunState]:
        followed = self.graph.pairs.get(slug, frozenset()) & self.items.keys() if index >= 0 else frozenset()
        edges = edges_to(self.flow, self.graph, slug)
        return {
            edge: _shown(self.items[upstream][index]) if upstream in followed else self._task_state(upstream)
            for edge, upstream in edges.items()
        }

    def _results(self, slugs: Collection[str]) -> dict[str, Any]:
        """Return slug -> result of those of these tasks that hand one on."""
        return {
            slug: ending.result if ending.state in TERMINAL else _results_of(self.items[slug])
            for slug in slugs
            if (ending := self.endings.get(slug)) and (ending.state in SUCCESSFUL or slug in self.items)
        }

    def _execute(self, task: Task, index: int, attempt: Attempt) -> Ending:
        if task.kind in DECIDING:
            return self._decide(task, index)
        inputs = partial(self._inputs, task, index)
        retry_on: tuple[type[BaseException], ...] = ()
        try:
            if task.kind is TaskKind.FLOW_RUN:
                return end_of_child(self, task, (task.slug, index), attempt, inputs)
            if task.kind in (TaskKind.WAIT, TaskKind.TASK_RESULT):
                return end_of_watching(self, task, inputs())
            if task.kind is TaskKind.APPROVAL:
                return ask_at_terminal(task, inputs().get("parameters"))
            written = self.flow.get_tasks(slug=task.slug)[0]
            retry_on = written.retry_on
            return execute(written, task, inputs(), flow=self.flow.name, carried=attempt.carried)
        except EXPLAINED as error:
            return ending_of(error, told(error), retry_on)

    def _decide(self, task: Task, index: int) -> Ending:
        results = self._results(self.graph.reads[task.slug])
        if not hands_on_whole(task):
            results = {slug: unread(result) for slug, result in results.items()}
        skipped = {slug for slug, ending in self.endings.items() if ending.state is State.SKIPPED}
        return decide(task, Known(results, skipped, self.parameters, index))

    def _inputs(self, task: Task, index: int) -> dict[str, Any]:
        """Return what a task is given: a function everything, others what is JSON.

        :raises Unresolvable: a place in a result is not there
        """
        made = opened if task.kind is TaskKind.FUNCTION else unread
        results = self._results(self.graph.reads[task.slug])
        # What they hold may be looked into.
        results |= {slug: made(results[slug]) for slug in self.with_objects & results.keys()}
        return {
            key: fresh(resolve(binding, results=results, parameters=self.parameters, index=index))
            for key, binding in task.inputs.items()
        }

    def _context(self, task: Task, index: int, attempt: Attempt) -> Context:
        name = f"{self.id}/{task.slug if index < 0 else label(task.slug, index)}"
        return Context.told(
            attempt.carried,
            flow=self.flow_name,
            version=0,
            flow_run_id=self.id,
            task_run_id=name,
            task=task.slug,
            attempt=attempt.number,
            idempotency_key=name,
            parameters=fresh(self.parameters),
            map_index=index,
        )
