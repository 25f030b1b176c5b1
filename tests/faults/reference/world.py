"""Flow runs, and all that may happen to them, one thing after the other.

After each, everything that can follow within that one flow run has followed. What crosses to another flow run is owed
until somebody does it, as between the engine's transactions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.core.states import State
from tests.faults.reference.rules import BAD, ENDED
from tests.faults.reference.runs import Due, FlowRun, TaskRun
from tests.faults.reference.tags import Tags


@dataclass(frozen=True)
class Debt:
    """What crosses from one flow run to another and has not been done: "tell", "restart", "cancel", "pause", ...

    `parent`, `task_run`: who is to be told; None: whoever waits.
    """

    kind: str
    child: FlowRun
    attempt: int = 0
    parent: FlowRun | None = None
    task_run: TaskRun | None = None


class World(Tags):
    """What workers, time and messages do."""

    # What workers do

    def claim(self, run: FlowRun, task_run: TaskRun) -> None:
        """A worker takes a submitted task run; so its flow run runs."""
        assert task_run.state is State.SUBMITTED, task_run
        task_run.state, task_run.held, task_run.has_started = State.RUNNING, True, True
        self._runs(run)

    def give_back(self, run: FlowRun, task_run: TaskRun, *, started: bool) -> None:
        """Its worker was told to stop."""
        if run.state is State.CANCELLING:
            self.end(run, task_run, State.CANCELLED)
            return
        task_run.state, task_run.held, task_run.has_started = State.SUBMITTED, False, False
        task_run.attempt += started

    def lose(self, run: FlowRun, task_run: TaskRun, *, most: int) -> None:
        """Its worker died, and somebody noticed."""
        task_run.is_lost = False
        if run.state is State.CANCELLING:
            self.end(run, task_run, State.CANCELLED)
        elif task_run.lost >= most:
            # What was lost while it was told of an end is not told of another.
            (self._end if task_run.told else self._find)(run, task_run, State.FAILED)
            self._settle(run)
        else:
            task_run.state, task_run.held, task_run.has_started = State.SUBMITTED, False, False
            task_run.attempt += 1
            task_run.lost += 1

    def end(self, run: FlowRun, task_run: TaskRun, state: State, result: Any = None, *, later: bool = False) -> None:
        """What a worker held ends, or is to be executed again, or pauses."""
        self._end(run, task_run, state, result, later=later)
        self._settle(run)

    def start_child(self, run: FlowRun, task_run: TaskRun) -> None:
        """What a worker held is a task that starts a flow run; it does, and holds it no longer."""
        task_run.held = False
        if run.state is State.CANCELLING:
            self.end(run, task_run, State.CANCELLED)
            return
        self._begin_child(run, task_run)
        # Nobody need claim the items after it that wait only for this.
        if task_run.index >= 0 and not task_run.is_judged and not run.is_paired(task_run.slug):
            for item in (run.tasks[task_run.slug].items or [])[task_run.index + 1 :]:
                if item.state is State.SUBMITTED and not item.kept:
                    self._begin_child(run, item)
        self._settle(run)

    # What time does

    def pass_time(self, run: FlowRun, task_run: TaskRun) -> None:
        """The moment has come that a task run waits for: of its next attempt, or of its time limit."""
        task_run.due = Due.NOW
        if task_run.waits:
            task_run.leave_child()
            self._find(run, task_run, State.TIMED_OUT)
            self._settle(run)
        elif task_run.state is State.PAUSED and task_run.task["kind"] == "approval":
            if task_run.task.get("on_time_limit") == "approve":
                self.approve(run, task_run, reason="The time limit was over.")
            else:
                task_run.take(State.TIMED_OUT)
                self._settle(run)

    def start_due(self) -> None:
        """Submit what waits for no moment any more; not in a flow run that is paused."""
        for run in self.runs:
            for task_run in run.everything():
                if task_run.due is Due.NOW and run.state is not State.PAUSED:
                    task_run.attempt += task_run.state is State.RETRYING
                    task_run.take(State.SUBMITTED)

    # What messages do

    def tell(self, child: FlowRun, parent: FlowRun | None = None, told: TaskRun | None = None) -> None:
        """Whoever waits for this attempt of the child hears of its end, if it has ended; or only one of them."""
        if child.state not in ENDED:
            return
        for run in [parent] if parent else list(self.runs):
            waiting = [one for one in run.everything() if one.waits and one.child is child and told in (None, one)]
            for task_run in waiting:
                if child.attempt >= task_run.child_attempt:
                    self._find(run, task_run, child.state, child.result)
            self._settle(run)

    def heal(self, child: FlowRun) -> None:
        """A person restarted a child by which a task run ended: it waits again, and what came after runs again."""
        run = child.parent
        for task_run in self._to_heal(child):
            assert run is not None
            was_over = run.state in ENDED
            parent = run.tasks[task_run.slug]
            kept = self._run_again(run, {parent.slug})
            if task_run is not parent:
                self._put_item_back(run, task_run, kept)
            if was_over:
                self._reopen(run, run.attempt + 1)
            # Where something before it runs again meanwhile, it waits for that first; and where there is no room.
            may_wait = run.state is not State.QUEUED and self._is_free(run, task_run)
            task_run.heals = run.state is State.QUEUED or (may_wait and task_run.kept)
            if may_wait and task_run.kept:
                task_run.may_start = True
            elif may_wait:
                task_run.state, task_run.may_start = State.RUNNING, False
                task_run.has_started, task_run.child_attempt = True, child.attempt
                task_run.due = Due.LATER if task_run.task.get("timeout_seconds") else None
                self._runs(run)
            self._settle(run)

    def _put_item_back(self, run: FlowRun, item: TaskRun, kept: list[TaskRun]) -> None:
        """Let one item run again, and those of the same index that follow it; the others stay as they are.

        :param kept: the tasks that run again for this
        """
        for task_run in run.chain(item.slug):
            if task_run not in kept and task_run.state is not State.RUNNING:
                continue
            task_run.state, task_run.has_started = State.RUNNING, True
            for one in (task_run.items or [])[item.index :][:1]:
                never_started = one.state is State.TRIGGER_FAILED or (
                    one.state in (State.SKIPPED, State.CANCELLED) and not one.has_started
                )
                if one.has_ended and (one is item or run.waits_for(one) or never_started):
                    self._put_back(one, anew=False)
                    # Where there is no room, it waits with its flow run.
                    one.may_start = not run.is_paired(one.slug)

    def cancel_child(self, child: FlowRun) -> None:
        """Cancel a child because one that waits for it is being cancelled; nothing else is a reason to."""
        for run in self.runs:
            waits = any(one.waits and one.child is child for one in run.everything())
            if run.state is State.CANCELLING and waits:
                self.cancel(child)

    # What is owed

    def owed(self) -> Iterator[Debt]:
        for run in list(self.runs):
            for task_run in run.everything():
                child = task_run.child
                if child is None or not task_run.waits:
                    continue
                if child.state in ENDED and child.attempt >= task_run.child_attempt:
                    yield Debt("tell", child, parent=run, task_run=task_run)
                elif child.state in ENDED:
                    yield Debt("restart", child, task_run.child_attempt)
                elif run.state is State.CANCELLING and child.state is not State.CANCELLING:
                    yield Debt("cancel", child)

        yield from (Debt("pause", child) for child in self.owed_pauses())
        yield from (Debt("resume", child) for child in self.owed_resumes())
        yield from (Debt("heal", child) for child in self._owed_heals())

    def do(self, debt: Debt) -> None:
        """Do what is owed; again, or too late, it changes nothing."""
        match debt.kind:
            case "tell":
                self.tell(debt.child, debt.parent, debt.task_run)
            case "restart":
                self.restart(debt.child, attempt=debt.attempt)
            case "heal":
                self.heal(debt.child)
            case "cancel":
                self.cancel_child(debt.child)
            case "pause":
                self.pause_child(debt.child)
            case "resume":
                self.resume_child(debt.child)

    def settle_debts(self, *, besides: set[Debt] | frozenset[Debt] = frozenset()) -> None:
        """Do what is owed, and what is owed by that, until nothing is but what is left out."""
        while debt := next((debt for debt in self.owed() if debt not in besides), None):
            self.do(debt)

    def run_to_end(self, flow: str, outcome: Callable[[str, int], State]) -> FlowRun:
        """Return a run of a flow that nothing befell.

        :param outcome: (slug, attempt) -> how a function ends
        """
        root = self.start(flow)
        while root.state not in ENDED:
            self.settle_debts()
            self.start_due()
            for run in list(self.runs):
                for task_run in list(run.everything()):
                    if task_run.state is State.SUBMITTED:
                        self.claim(run, task_run)
                        if task_run.task["kind"] == "flow_run" and not task_run.told:
                            self.start_child(run, task_run)
                        else:
                            self.end(run, task_run, outcome(task_run.slug, task_run.attempt))
        return root

    def _owed_heals(self) -> list[FlowRun]:
        """Return the children that were restarted unheard of: the deepest first, and what goes on before what ended."""
        found = [(one, child) for child in self.runs if child.attempt > 1 for one in self._to_heal(child)]
        found.sort(key=lambda each: (-each[1].depth, each[1].state in ENDED, each[0].slug, each[0].index))
        return [child for _, child in found]

    def _to_heal(self, child: FlowRun) -> list[TaskRun]:
        run = child.parent
        if run is None or run.state is State.CANCELLING:
            return []
        return [
            one
            for one in run.everything()
            if one is child.starter
            and one.child is child
            and one.task.get("wait", True)
            and one.has_started
            and one.state in BAD | {State.CANCELLED}
            and child.attempt > one.child_attempt > 0
            and (one.index < 0 or run.tasks[one.slug].state in ENDED | {State.RUNNING})
        ]
