"""Limits of how many flow runs are under way at once, of a flow and of the project that all are in.

A flow run with a parent, or for which one under way waits, has that one's place in the project. That flow runs which
wait for each other share the place of their flow is not known here: no random flow starts itself, at any depth.
"""

from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.core.states import State
from tests.faults.reference.people import People
from tests.faults.reference.runs import FlowRun

UNDER_WAY = {State.PENDING, State.RUNNING, State.PAUSED, State.CANCELLING}


class Admission(People):
    """Who waits for room, begins, is skipped, or has others cancelled.

    `waits_since`, `born`: what orders flow runs that wait, and those of one flow; told by whoever has a clock.
    """

    waits_since: Callable[[FlowRun], Any]
    born: Callable[[FlowRun], Any]

    def admit(self, *, may_share: bool = True) -> None:
        """Let those begin for whom there is room: higher priority first, then who has waited longer.

        :param may_share: False: who waits on is not asked whether others wait for it, whose place it would share
        """
        for run in iter(lambda: self._next(may_share), None):
            limit = self.limits[run.flow]
            if limit.most is None or not self._is_full(run.flow):
                self._begin_run(run)
            elif limit.overlap == "skip":
                self._skip(run)
            else:
                lasting = self._lasting(run.flow)
                # What has a higher priority may have passed it: then it may be the oldest itself.
                for older in sorted([*lasting, run], key=self.born)[: len(lasting) - limit.most + 1]:
                    self.cancel(older)

    def _next(self, may_share: bool) -> FlowRun | None:
        run = self.next_admitted(sharing=False)
        is_looked_at = may_share if run is None else self._is_full(run.flow)
        return self.next_admitted() if is_looked_at else run

    def next_admitted(self, *, sharing: bool = True) -> FlowRun | None:
        """Return the flow run that waits for room and is the next that need not wait any longer."""
        able = [run for run in self.runs if run.state is State.QUEUED and self._need_not_wait(run, sharing)]
        return min(able, key=lambda run: (-run.priority, self.waits_since(run))) if len(able) > 1 else (*able, None)[0]

    def _is_full(self, flow: str) -> bool:
        most = self.limits[flow].most
        return most is not None and len(self._under_way(flow)) >= most

    def _need_not_wait(self, run: FlowRun, sharing: bool) -> bool:
        limit = self.limits[run.flow]
        if limit.most is not None and self._is_full(run.flow):
            if limit.overlap == "cancel_older" and len(self._lasting(run.flow)) < limit.most:
                return False
            # One that had begun before is never skipped, and nobody is cancelled for it.
            return limit.overlap != "queue" and run.attempt == 1
        outermost = sum(other.parent is None for other in self._all_under_way())
        has_a_place = run.parent is not None or (sharing and self._is_awaited(run))
        return self.most is None or has_a_place or outermost < self.most

    def _is_awaited(self, run: FlowRun) -> bool:
        """Return whether a flow run under way waits for this one, at any depth."""
        waiting = [other for other in self.runs if any(one.waits and one.child is run for one in other.everything())]
        return any(other.state in UNDER_WAY or self._is_awaited(other) for other in waiting)

    def _begin_run(self, run: FlowRun) -> None:
        run.state = State.PENDING
        self.pause_child(run)
        self._settle(run)

    def _skip(self, run: FlowRun) -> None:
        for task_run in run.everything():
            task_run.take(State.SKIPPED)
        run.state = State.SKIPPED

    def _all_under_way(self) -> Iterator[FlowRun]:
        return (run for run in self.runs if run.state in UNDER_WAY)

    def _under_way(self, flow: str) -> list[FlowRun]:
        return [run for run in self._all_under_way() if run.flow == flow]

    def _lasting(self, flow: str) -> list[FlowRun]:
        """Return those that are not being cancelled: the others will soon leave room."""
        return [run for run in self._under_way(flow) if run.state is not State.CANCELLING]
