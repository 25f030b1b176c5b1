"""What people do to flow runs and task runs."""

from orchestrator.core.states import State
from tests.faults.reference.pauses import Pauses
from tests.faults.reference.rules import ENDED, GOOD
from tests.faults.reference.runs import FlowRun, TaskRun


class People(Pauses):
    """Restart, cancel, approve, reject and mark."""

    def restart(self, run: FlowRun, *, attempt: int | None = None) -> None:
        """Run again what did not succeed, and all after it; `attempt`: for a parent's retry, if it has not happened."""
        attempt = attempt or run.attempt + 1
        if run.state not in ENDED or attempt <= run.attempt:
            return
        self._run_again(run, {slug for slug, one in run.tasks.items() if one.state not in GOOD})
        self._reopen(run, attempt)
        self._settle(run)

    def can_restart(self, run: FlowRun) -> bool:
        """Return whether anything of a flow run that has ended was not successful."""
        return run.state not in GOOD or any(one.state not in GOOD for one in run.tasks.values())

    def can_restart_from(self, run: FlowRun, slugs: set[str]) -> bool:
        """Return whether tasks have ended, and nothing after them is under way."""
        if run.state in ENDED:
            return True
        if run.state in (State.QUEUED, State.CANCELLING):
            return False
        named, after = [[run.tasks[slug] for slug in some] for some in (slugs, run.after(slugs) - slugs)]
        return all(one.has_ended for one in named) and all(one.has_ended or one.state is State.PENDING for one in after)

    def restart_from(self, run: FlowRun, slugs: set[str]) -> None:
        """Run tasks and all after them again, those that succeeded with new children."""
        self._run_again(run, slugs, anew={slug for slug, one in run.tasks.items() if one.state in GOOD})
        if run.state in ENDED:
            self._reopen(run, run.attempt + 1)
        self._settle(run)

    def cancel(self, run: FlowRun, *, leave_children: bool = False) -> None:
        """End what has not begun; what is held or waits ends by its worker or its child."""
        if run.state in ENDED:
            return
        run.state = State.CANCELLING
        for task_run in run.everything():
            is_left = leave_children and task_run.waits
            if (task_run.state is not State.RUNNING or is_left) and not task_run.has_ended:
                task_run.leave_child()
                task_run.take(State.CANCELLED)
        self._settle(run)

    def approve(self, run: FlowRun, task_run: TaskRun, *, reason: str = "") -> None:
        """Let a paused task run go on; an approval ends by it."""
        if task_run.task["kind"] == "approval":
            task_run.take(State.SUCCESS, {"approved_by": None, "reason": reason})
        else:
            task_run.take(State.PENDING)
            task_run.may_start = True
        self._settle(run)

    def reject(self, run: FlowRun, task_run: TaskRun) -> None:
        task_run.take(State.FAILED)
        self._settle(run)

    def can_mark(self, run: FlowRun, task_run: TaskRun, state: State) -> bool:
        if run.state is State.QUEUED or task_run.state is state:
            return False
        if task_run.index >= 0 and task_run.has_ended:
            return False  # what comes of that is tested by itself
        return not (task_run.is_mapped and task_run.state is State.RUNNING)

    def mark(self, run: FlowRun, task_run: TaskRun, state: State, result: object) -> None:
        """Give a task run an end by hand; what came after it and never started is judged again."""
        had_ended = task_run.has_ended
        task_run.attempt += task_run.state is State.RUNNING
        task_run.leave_child()
        task_run.take(state, result)
        task_run.items = None
        if had_ended:
            after = [run.tasks[slug] for slug in run.after({task_run.slug})]
            never = {State.SKIPPED, State.CANCELLED}
            seeds = {
                one.slug
                for one in after
                if one.state is State.TRIGGER_FAILED or (one.state in never and not one.has_started)
            }
            if run.state is not State.CANCELLING:
                self._run_again(run, seeds)
            if run.state in ENDED:
                self._reopen(run, run.attempt + 1)
        self._settle(run)

    def can_mark_run(self, run: FlowRun, state: State) -> bool:
        return run.state is not state and (run.state is not State.CANCELLING or state is State.CANCELLED)

    def mark_run(self, run: FlowRun, state: State, result: object) -> None:
        """Give a flow run an end by hand; what of it has not ended is cancelled."""
        run.attempt += run.state in ENDED
        for task_run in run.everything():
            if not task_run.has_ended and not (task_run.items is not None and task_run.state is State.RUNNING):
                task_run.attempt += task_run.state is State.RUNNING
                task_run.leave_child()
                task_run.take(State.CANCELLED)
        self._end_mapped(run)
        run.state, run.result = state, result

    def _reopen(self, run: FlowRun, attempt: int) -> None:
        goes_on = any(not one.has_ended for one in run.tasks.values())
        run.state = State.QUEUED if goes_on and self._is_limited(run) else State.PENDING
        run.attempt, run.result = attempt, None

    def _run_again(self, run: FlowRun, seeds: set[str], anew: frozenset[str] | set[str] = frozenset()) -> list[TaskRun]:
        """Put back to Pending what has ended of some tasks and all that come after them.

        A mapped task keeps its items, of which single ones run again, where of what is before it only such run again
        as keep theirs, too, and as it follows item by item. Return those that keep them.
        """
        again = {slug for slug in seeds | run.after(seeds) if run.tasks[slug].has_ended}
        kept: list[TaskRun] = []
        for slug, task_run in run.tasks.items():
            if slug in again and task_run.items is not None and slug not in anew:
                before = [run.tasks[name] for name in again & set(run.upstreams(slug))]
                kept += [task_run] if all(one in kept and one in run.followed(slug) for one in before) else []
        for slug in again:
            self._put_back(run.tasks[slug], anew=slug in anew)
            if run.tasks[slug] not in kept:
                run.tasks[slug].items = None
        return kept
