"""A flow run as the semantics say, in the simplest words: no database, no counters, nothing of the engine.

A `World` holds flow runs and does to them, one after the other, what may happen to a flow run: a task run ends, a
parent hears of its child, a cancel, a restart. After each, everything that can follow within that one flow run has
followed. What crosses to another flow run is owed until somebody does it, as between the engine's transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.states import State

GOOD = {State.SUCCESS, State.CACHED, State.SKIPPED}
BAD = {State.FAILED, State.TRIGGER_FAILED, State.TIMED_OUT}
ENDED = GOOD | BAD | {State.CANCELLED}

Graph = Mapping[str, Any]

TRIGGERS: dict[str, Callable[[list[State]], bool]] = {
    "all_successful": lambda ends: all(end in GOOD for end in ends),
    "all_failed": lambda ends: all(end in BAD for end in ends),
    "any_successful": lambda ends: any(end in GOOD for end in ends),
    "any_failed": lambda ends: any(end in BAD for end in ends),
    "all_finished": lambda ends: True,
    "always_run": lambda ends: True,
}


@dataclass(eq=False)
class TaskRun:
    """A task run. `held`: a worker executes it; if it only runs, it waits for attempt `child_attempt` of `child`."""

    task: Mapping[str, Any]
    state: State = State.PENDING
    attempt: int = 1
    failures: int = 0
    lost: int = 0
    held: bool = False
    is_lost: bool = False
    child: FlowRun | None = None
    child_attempt: int = 1

    @property
    def waits(self) -> bool:
        return self.state is State.RUNNING and not self.held


@dataclass(eq=False)
class FlowRun:
    """A flow run and its task runs, by slug."""

    flow: str
    graph: Graph
    parent: FlowRun | None = None
    state: State = State.PENDING
    attempt: int = 1
    tasks: dict[str, TaskRun] = field(default_factory=dict)

    def upstreams(self, slug: str) -> list[str]:
        edges = self.graph.get("edges", [])
        return sorted({edge["upstream"] for edge in edges if edge["downstream"] == slug})

    def waiting_on(self, slug: str) -> int | None:
        """Of how many upstreams a task run waits for the end; None: it has ended itself."""
        if self.tasks[slug].state in ENDED:
            return None
        return sum(self.tasks[name].state not in ENDED for name in self.upstreams(slug))

    def reference_tasks(self) -> list[str]:
        """The tasks that decide how the flow run ends: those named, else those that nothing comes after."""
        before = {edge["upstream"] for edge in self.graph.get("edges", [])}
        return list(self.graph.get("reference_tasks") or [slug for slug in self.tasks if slug not in before])


@dataclass(frozen=True)
class Debt:
    """What crosses from one flow run to another and has not been done: "tell", "restart", "cancel" or "heal"."""

    kind: str
    child: FlowRun
    attempt: int = 0


class World:
    """Flow runs, and what may happen to them.

    :param flows: name -> graph document; tasks that start a flow name it
    """

    def __init__(self, flows: Mapping[str, Graph]) -> None:
        self.flows = flows
        self.runs: list[FlowRun] = []

    def start(self, flow: str, *, parent: FlowRun | None = None) -> FlowRun:
        graph = self.flows[flow]
        run = FlowRun(flow, graph, parent, tasks={task["slug"]: TaskRun(task) for task in graph["tasks"]})
        if any(one.task["kind"] == "flow_run" and not run.upstreams(slug) for slug, one in run.tasks.items()):
            run.state = State.RUNNING
        self.runs.append(run)
        self._settle(run)
        return run

    def claim(self, run: FlowRun, slug: str) -> None:
        """A worker takes a submitted task run; so its flow run runs."""
        task_run = run.tasks[slug]
        assert task_run.state is State.SUBMITTED, task_run
        task_run.state, task_run.held = State.RUNNING, True
        self._runs(run)

    def give_back(self, run: FlowRun, slug: str, *, started: bool) -> None:
        """Its worker was told to stop."""
        if run.state is State.CANCELLING:
            self.end(run, slug, State.CANCELLED)
            return
        task_run = run.tasks[slug]
        task_run.state, task_run.held = State.SUBMITTED, False
        task_run.attempt += started

    def lose(self, run: FlowRun, slug: str, *, most: int) -> None:
        """Its worker died, and somebody noticed."""
        task_run = run.tasks[slug]
        task_run.is_lost = False
        if run.state is State.CANCELLING:
            self.end(run, slug, State.CANCELLED)
        elif task_run.lost >= most:
            self.end(run, slug, State.FAILED)
        else:
            task_run.state, task_run.held = State.SUBMITTED, False
            task_run.attempt += 1
            task_run.lost += 1

    def end(self, run: FlowRun, slug: str, state: State) -> None:
        """What a worker held ends."""
        self._end(run, run.tasks[slug], state)
        self._settle(run)

    def start_child(self, run: FlowRun, slug: str) -> None:
        """What a worker held is a task that starts a flow run; it does, and holds it no longer."""
        task_run = run.tasks[slug]
        task_run.held = False
        if run.state is State.CANCELLING:
            self.end(run, slug, State.CANCELLED)
        else:
            self._begin_child(run, task_run)
            self._settle(run)

    def due(self, run: FlowRun, slug: str) -> None:
        """The pause before a retry is over."""
        task_run = run.tasks[slug]
        task_run.state = State.SUBMITTED
        task_run.attempt += 1

    def tell(self, child: FlowRun) -> None:
        """Whoever waits for this attempt of the child hears of its end, if it has ended."""
        if child.state not in ENDED:
            return
        for run in self.runs:
            waiting = [one for one in run.tasks.values() if one.waits and one.child is child]
            for task_run in waiting:
                if child.attempt >= task_run.child_attempt:
                    self._end(run, task_run, child.state)
            self._settle(run)

    def restart(self, run: FlowRun, *, attempt: int | None = None) -> None:
        """Run again what did not succeed, and all after it; `attempt`: for a parent's retry, if it has not happened."""
        attempt = attempt or run.attempt + 1
        if run.state not in ENDED or attempt <= run.attempt:
            return
        self._run_again(run, {slug for slug, one in run.tasks.items() if one.state not in GOOD})
        run.state, run.attempt = State.PENDING, attempt
        self._settle(run)

    def heal(self, child: FlowRun) -> None:
        """A person restarted a child by which a task run ended: it waits again, and what came after runs again."""
        for run, slug in self._to_heal(child):
            if run.tasks[slug].task.get("wait", True):
                was_over = run.state in ENDED
                self._run_again(run, {slug})
                if was_over:
                    run.state, run.attempt = State.PENDING, run.attempt + 1
                run.tasks[slug].state, run.tasks[slug].child_attempt = State.RUNNING, child.attempt
                self._runs(run)
                self._settle(run)

    def cancel_child(self, child: FlowRun) -> None:
        """Cancel a child because one that waits for it is being cancelled; nothing else is a reason to."""
        for run in self.runs:
            if run.state is State.CANCELLING and any(one.waits and one.child is child for one in run.tasks.values()):
                self.cancel(child)

    def cancel(self, run: FlowRun) -> None:
        """End what has not begun; what is held or waits ends by its worker or its child."""
        if run.state in ENDED:
            return
        run.state = State.CANCELLING
        for task_run in run.tasks.values():
            if task_run.state is not State.RUNNING and task_run.state not in ENDED:
                task_run.state = State.CANCELLED
        self._settle(run)

    def owed(self) -> Iterator[Debt]:
        for run in list(self.runs):
            for task_run in run.tasks.values():
                child = task_run.child
                if child is None or not task_run.waits:
                    continue
                if child.state in ENDED and child.attempt >= task_run.child_attempt:
                    yield Debt("tell", child)
                elif child.state in ENDED:
                    yield Debt("restart", child, task_run.child_attempt)
                elif run.state is State.CANCELLING and child.state is not State.CANCELLING:
                    yield Debt("cancel", child)

        for child in self.runs:
            if child.state not in ENDED | {State.SCHEDULED} and child.attempt > 1 and self._to_heal(child):
                yield Debt("heal", child)

    def do(self, debt: Debt) -> None:
        """Do what is owed; again, or too late, it changes nothing."""
        if debt.kind == "tell":
            self.tell(debt.child)
        elif debt.kind == "restart":
            self.restart(debt.child, attempt=debt.attempt)
        elif debt.kind == "heal":
            self.heal(debt.child)
        else:
            self.cancel_child(debt.child)

    def settle_debts(self) -> None:
        """Do what is owed, and what is owed by that, until nothing is."""
        while debt := next(self.owed(), None):
            self.do(debt)

    def run_to_end(self, flow: str, outcome: Callable[[str, int], State]) -> FlowRun:
        """Return a run of a flow that nothing befell.

        :param outcome: (slug, attempt) -> how a function ends
        """
        root = self.start(flow)
        while root.state not in ENDED:
            self.settle_debts()
            for run in list(self.runs):
                for slug, task_run in run.tasks.items():
                    if task_run.state is State.RETRYING:
                        self.due(run, slug)
                    if task_run.state is State.SUBMITTED:
                        self.claim(run, slug)
                        if task_run.task["kind"] == "flow_run":
                            self.start_child(run, slug)
                        else:
                            self.end(run, slug, outcome(slug, task_run.attempt))
        return root

    def _run_again(self, run: FlowRun, seeds: set[str]) -> None:
        """Put back to Pending what has ended of some tasks and all that come after them."""
        after = set(seeds)
        while more := {slug for slug in run.tasks if slug not in after and after & set(run.upstreams(slug))}:
            after |= more
        for slug in after:
            task_run = run.tasks[slug]
            if task_run.state in ENDED:
                task_run.state, task_run.attempt = State.PENDING, task_run.attempt + 1
                task_run.failures = task_run.lost = 0

    def _to_heal(self, child: FlowRun) -> list[tuple[FlowRun, str]]:
        run = child.parent
        if run is None or run.state is State.CANCELLING:
            return []
        return [
            (run, slug)
            for slug, one in run.tasks.items()
            if one.child is child and one.state in BAD | {State.CANCELLED} and child.attempt > one.child_attempt
        ]

    def _settle(self, run: FlowRun) -> None:
        """Do all that follows in one flow run: tasks whose upstreams have ended begin or end, at last the flow run."""
        while free := [slug for slug in run.tasks if self._is_free(run, slug)]:
            for slug in free:
                self._begin(run, slug)
        if run.state not in ENDED and all(one.state in ENDED for one in run.tasks.values()):
            ends = [run.tasks[slug].state for slug in run.reference_tasks()]
            cancelled = run.state is State.CANCELLING
            failed = any(end in BAD for end in ends)
            stopped = cancelled or (not failed and State.CANCELLED in ends)
            run.state = State.CANCELLED if stopped else State.FAILED if failed else State.SUCCESS

    def _is_free(self, run: FlowRun, slug: str) -> bool:
        ends = [run.tasks[name].state for name in run.upstreams(slug)]
        return run.tasks[slug].state is State.PENDING and all(end in ENDED for end in ends)

    def _begin(self, run: FlowRun, slug: str) -> None:
        task_run = run.tasks[slug]
        ends = [run.tasks[name].state for name in run.upstreams(slug)]
        if State.SKIPPED in ends and task_run.task.get("skip_on_upstream_skip", True):
            task_run.state = State.SKIPPED
        elif ends and not TRIGGERS[task_run.task.get("trigger", "all_successful")](ends):
            task_run.state = State.TRIGGER_FAILED
        elif task_run.task["kind"] == "function":
            task_run.state = State.SUBMITTED
        else:
            self._begin_child(run, task_run)

    def _begin_child(self, run: FlowRun, task_run: TaskRun) -> None:
        waits = task_run.task.get("wait", True)
        if task_run.child is None:
            task_run.child = self.start(task_run.task["flow"]["name"], parent=run)
            task_run.child_attempt = 1
        elif task_run.child.state in BAD | {State.CANCELLED}:
            task_run.child_attempt = task_run.child.attempt + 1
        else:
            task_run.child_attempt = task_run.child.attempt
        task_run.state = State.RUNNING if waits else State.SUCCESS
        if waits:
            self._runs(run)

    def _runs(self, run: FlowRun) -> None:
        if run.state is State.PENDING:
            run.state = State.RUNNING

    def _end(self, run: FlowRun, task_run: TaskRun, state: State) -> None:
        task_run.held = False
        task_run.failures += state is State.FAILED
        left = task_run.failures <= task_run.task.get("max_retries", 0)
        retries = state is State.FAILED and left and run.state is not State.CANCELLING
        task_run.state = State.RETRYING if retries else state
