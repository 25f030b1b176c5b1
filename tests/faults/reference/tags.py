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
        placed = [place for place in self._placed() if not self._is_kept(place)]
        found = []
        for place in reversed(placed[:]):
            others = [one for one in placed if one is not place]
            if place[1].state is State.SUBMITTED and not self._is_room(others, place):
                placed = others
                found.append(place[1])
        return found

    def those_let_go(self) -> list[TaskRun]:
        """Return who waits for places that there are."""
        placed = [place for place in self._placed() if not self._is_kept(place)]
        found = []
        for place in filter(self._is_kept, self._placed()):
            if self._is_room(placed, place):
                placed.append(place)
                found.append(place[1])
        return found

    def _is_room(self, placed: list[Placed], one: Placed) -> bool:
        """Return whether there is a place of each tag for one more: it is lent some, or they are left."""
        before, after = self._taken(placed), self._taken([*placed, one])
        executed = Counter(tag for _, other in placed if not other.waits for tag in other.tags)
        return all(
            after[tag] <= max(before[tag], limit) and executed[tag] < limit
            for tag, limit in self.tag_limits.items()
            if tag in one[1].tags
        )

    def _placed(self) -> list[Placed]:
        """Return who has places or wants some, in the order in which they get them."""
        placed = [
            (run, one)
            for run, one in self._tagged(State.SUBMITTED, State.RUNNING)
            if one.items is None and (self._is_tag_limited(one) or self._is_kept((run, one)))
        ]
        return sorted(placed, key=lambda place: self.in_line(*place)) if len(placed) > 1 else placed

    def _is_kept(self, place: Placed) -> bool:
        return place[1].state is State.SUBMITTED and place[1].kept

    def _tagged(self, *states: State) -> list[Placed]:
        going = [run for run in self.runs if run.state not in ENDED]
        return [(run, one) for run in going for one in run.everything() if one.tags and one.state in states]

    def _taken(self, placed: list[Placed]) -> Counter[str]:
        """Return how many places of each tag they have: who waits lends its own to one at a time of those below it."""
        taken: Counter[str] = Counter()
        for tag in self.tag_limits:
            having = [place for place in placed if tag in place[1].tags]
            lenders = {id(one) for _, one in having}
            above = [{id(one) for one in self._above(run)} & lenders for run, _ in having]
            taken[tag] = len(having) - _most_pairs([some for some in above if some])
        return taken

    def _above(self, run: FlowRun) -> list[TaskRun]:
        """Return who waits for a flow run, at any depth."""
        waiting = [(other, one) for other in self.runs for one in other.everything() if one.waits and one.child is run]
        return [one for other, waits in waiting for one in [waits, *self._above(other)]]


def _most_pairs(wanted: list[set[int]]) -> int:
    """Return how many can each have one of what they want, if nobody has what another has: all ways are tried."""
    if not wanted:
        return 0
    first, *others = wanted
    with_first = [1 + _most_pairs([other - {one} for other in others]) for one in first]
    return max([_most_pairs(others), *with_first])
