"""Which task runs may be claimed, where limits say how many with a tag there are at once. Pure decisions.

What waits for a flow run has its places for nothing: it lends each of them to one at a time of those that are executed,
or wait in turn, in that flow run or below it. So none of them waits for ever for who waits for it, and there are never
more executed at once than there are places.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

# How the queue of what waits for its places begins: no queue of workers can be called so.
HELD = "~"


@dataclass(frozen=True, slots=True)
class Placed:
    """A task run that has a place of each of these tags (it is executed, waits for a flow run, or may be claimed).

    `is_held`: it wants those places and has none of them yet. `is_claimable`: it has them, and nobody has claimed it.
    `waits`: for a flow run, and is not executed. `above`: the task runs that wait for its own flow run, at any depth,
    the nearest first.
    """

    id: UUID
    tags: frozenset[str]
    is_held: bool = False
    is_claimable: bool = False
    waits: bool = False
    above: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """Who may have its places now, and who of those that nobody has claimed has one too many."""

    may_go: list[UUID]
    too_many: list[UUID]


def room_text(tags: Sequence[str], limits: Mapping[str, int]) -> str:
    """Return what a held task run with these tags waits for, in words; empty where none of them is limited (any more).

    :param limits: tag -> how many task runs with it may run at once
    """
    named = [f"of tag '{tag}' {limits[tag]}" for tag in tags if tag in limits]
    return f"Waits for room: {' and '.join(named)} may run at once." if named else ""


def lines_above(waits: Iterable[tuple[UUID, UUID, UUID]], flow_runs: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return flow run -> the task runs that wait for it, at any depth, the nearest first.

    :param waits: (flow run, a task run that waits for it, the flow run of that)
    """
    direct: dict[UUID, list[tuple[UUID, UUID]]] = {}
    for flow_run, task_run, its_flow_run in waits:
        direct.setdefault(flow_run, []).append((task_run, its_flow_run))
    lines = {}
    for first in set(flow_runs):
        line: dict[UUID, None] = {}
        left = deque([first])
        while left:
            for task_run, its_flow_run in direct.get(left.popleft(), ()):
                if task_run not in line:
                    line[task_run] = None
                    left.append(its_flow_run)
        lines[first] = list(line)
    return lines


class _Places:
    """Who has which places.

    `room`: tag -> how many are left. `idle`: tag -> how many more may be executed: fewer than there are places, where
    who waits was marked, or a limit lowered, while what is below goes on. `own`: of whom, those that nobody lends it.
    """

    def __init__(self, found: Sequence[Placed], limits: Mapping[str, int]) -> None:
        self.room, self.idle = Counter(limits), Counter(limits)
        self.own: dict[UUID, set[str]] = {}
        self._tags = {one.id: one.tags for one in found if one.waits}
        self._lent: dict[tuple[UUID, str], Placed] = {}
        # Those that have begun come first: nobody can take their places from them.
        for one in sorted(found, key=lambda one: one.is_claimable):
            if not one.is_held:
                self._put_in(one, self._not_lent(one))

    def let_in(self, one: Placed) -> bool:
        """Give one all the places that it wants, or none."""
        if any(self.idle[tag] <= 0 for tag in one.tags):
            return False
        before = dict(self._lent)
        own = self._not_lent(one)
        if any(self.room[tag] <= 0 for tag in own):
            self._lent = before
            return False
        self._put_in(one, own)
        return True

    def is_too_many(self, one: Placed) -> bool:
        return any(self.idle[tag] < 0 for tag in one.tags) or any(self.room[tag] < 0 for tag in self.own[one.id])

    def put_out(self, one: Placed) -> None:
        self.room.update(self.own[one.id])
        self.idle.update(one.tags)

    def _put_in(self, one: Placed, own: set[str]) -> None:
        self.own[one.id] = own
        self.room.subtract(own)
        if not one.waits:
            self.idle.subtract(one.tags)

    def _not_lent(self, one: Placed) -> set[str]:
        """Have one be lent what can be, and return the tags of which it needs a place of its own."""
        return {tag for tag in one.tags if not self._lend(tag, one, set())}

    def _lend(self, tag: str, borrower: Placed, asked: set[UUID]) -> bool:
        """Find one who lends a place; who has lent it already may take it back where its borrower finds another."""
        for lender in borrower.above:
            if tag in self._tags.get(lender, ()) and lender not in asked:
                asked.add(lender)
                before = self._lent.get((lender, tag))
                if before is None or self._lend(tag, before, asked):
                    self._lent[lender, tag] = borrower
                    return True
        return False


def places_taken(found: Sequence[Placed]) -> Counter[str]:
    """Return tag -> how many places those have together that have some."""
    return Counter({tag: -left for tag, left in _Places(found, {}).room.items()})


def judge_places(found: Sequence[Placed], limits: Mapping[str, int]) -> Judged:
    """Return who gets places and who loses some.

    :param found: in the order in which they get places
    :param limits: tag -> how many places there are; at least those of all tags named
    """
    places = _Places(found, limits)
    too_many = []
    for one in reversed(found):
        if one.is_claimable and places.is_too_many(one):
            places.put_out(one)
            too_many.append(one.id)
    return Judged([one.id for one in found if one.is_held and places.let_in(one)], too_many)
