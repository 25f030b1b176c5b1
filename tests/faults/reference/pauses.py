"""Flow runs that are paused and resumed, alone or with the children that they wait for."""

from collections.abc import Iterator

from orchestrator.core.states import State
from tests.faults.reference.runs import FlowRun
from tests.faults.reference.settling import Settling

PAUSABLE = {State.PENDING, State.RUNNING}


class Pauses(Settling):
    """Pause and resume."""

    def pause(self, run: FlowRun, *, leave_children: bool = False) -> None:
        """Let nothing new start; the children that it waits for are owed the same."""
        self._hold(run, holds=None if leave_children else object(), held=None)

    def resume(self, run: FlowRun) -> None:
        """Start what could have started meanwhile; whatever holds its parent, it was heard of."""
        run.holds, run.held = None, self._hold_of_parent(run)
        has_begun = any(one.state is not State.PENDING for one in run.tasks.values())
        run.state = State.RUNNING if has_begun else State.PENDING
        self._settle(run)

    def pause_child(self, child: FlowRun) -> None:
        """Pause a child with its parent, unless it has heard of that pause already."""
        hold = self._hold_of_parent(child)
        if child.state in PAUSABLE and hold is not None and hold is not child.held:
            self._hold(child, holds=object(), held=hold)

    def resume_child(self, child: FlowRun) -> None:
        """Resume a child that was paused with its parent, which no longer is, or no longer waits for it."""
        if child.state is State.PAUSED and child.held is not None and self._hold_of_parent(child) is None:
            self.resume(child)

    def owed_pauses(self) -> Iterator[FlowRun]:
        for child in self.runs:
            hold = self._hold_of_parent(child)
            if child.state in PAUSABLE and hold is not None and hold is not child.held:
                yield child

    def owed_resumes(self) -> Iterator[FlowRun]:
        for child in self.runs:
            if child.state is State.PAUSED and child.held is not None and self._hold_of_parent(child) is None:
                yield child

    def _hold(self, run: FlowRun, *, holds: object | None, held: object | None) -> None:
        for task_run in run.everything():
            if task_run.state is State.SUBMITTED:
                task_run.state, task_run.may_start = State.PENDING, True
        run.state, run.holds, run.held = State.PAUSED, holds, held

    def _hold_of_parent(self, child: FlowRun) -> object | None:
        parent = child.parent
        if parent is None or parent.state is not State.PAUSED:
            return None
        return parent.holds if any(one.waits and one.child is child for one in parent.everything()) else None
