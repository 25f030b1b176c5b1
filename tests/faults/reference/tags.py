"""Limits of how many task runs with a tag are executed, or wait for a flow run, at once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from orchestrator.core.states import State
from tests.faults.reference.admission import Admission
from tests.faults.reference.rules import ENDED
from tests.faults.reference.runs import FlowRun, TaskRun

Placed = tuple[FlowRun, TaskRun]


class Tags(Admission):
    """Who gets places of its tags, and who loses some that it has not used yet.

    `in_line`: what orders those who get places; told by whoever has a clock.
    """

    in_line: Callable[[FlowRun, TaskRun], Any]

    def admit_tagged(self) -> None:
        """Keep back what a limit names, and let those be claimed for whom there are places."""
        for _, task_run in self._tagged(State.PENDING, State.RETRYING, State.PAUSED):
            task_run.kept = self._is_tag_limited(task_run)
        for task_run in self.those_too_many():
            task_run.kept = True
        for task_run in self.those_let_go():
            task_run.kept = False

    def those_too_many(self) -> list[TaskRun]:
        """Return who may be claimed, has not been, and has one place too many: the last ones first."""
        placed, room = self._placed()
        found = []
        for run, task_run in reversed(placed):
            wanted = self._wanted(run, task_run)
            if task_run.state is State.SUBMITTED and not task_run.kept and any(room[tag] < 0 for tag in wanted):
                room.update(wanted)
                found.append(task_run)
        return found

    def those_let_go(self) -> list[TaskRun]:
        """Return who waits for places that there are."""
        placed, room = self._placed()
        found = []
        for run, task_run in placed:
            wanted = self._wanted(run, task_run)
            if task_run.state is State.SUBMITTED and task_run.kept and all(room[tag] > 0 for tag in wanted):
                room.subtract(wanted)
                found.append(task_run)
        return found

    def _placed(self) -> tuple[list[Placed], Counter[str]]:
        """Return who has places or wants some, and how many are left of each tag."""
        placed = [
            (run, one)
            for run, one in self._tagged(State.SUBMITTED, State.RUNNING)
            if one.items is None and (self._is_tag_limited(one) or (one.state is State.SUBMITTED and one.kept))
        ]
        room = Counter(self.tag_limits)
        for run, one in placed:
            if not (one.state is State.SUBMITTED and one.kept):
                room.subtract(self._wanted(run, one))
        return sorted(placed, key=lambda place: self.in_line(*place)) if len(placed) > 1 else placed, room

    def _tagged(self, *states: State) -> list[Placed]:
        going = [run for run in self.runs if run.state not in ENDED]
        return [(run, one) for run in going for one in run.everything() if one.tags and one.state in states]

    def _wanted(self, run: FlowRun, task_run: TaskRun) -> set[str]:
        """Return the limited tags of which it needs a place of its own: it shares those of whoever waits for it."""
        return (task_run.tags & self.tag_limits.keys()) - self._above(run)

    def _above(self, run: FlowRun) -> set[str]:
        waiting = [(other, one) for other in self.runs for one in other.everything() if one.waits and one.child is run]
        return set().union(*(one.tags | self._above(other) for other, one in waiting))
