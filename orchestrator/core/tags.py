"""Which task runs may be claimed, where limits say how many with a tag there are at once. Pure decisions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

# How the queue of what waits for its places begins: no queue of workers can be called so.
HELD = "~"


@dataclass(frozen=True, slots=True)
class Placed:
    """A task run that has a place of each of these tags (it is executed, waits for a flow run, or may be claimed).

    `is_held`: it wants those places and has none of them yet. `is_claimable`: it has them, and nobody has claimed it.
    """

    id: UUID
    tags: frozenset[str]
    is_held: bool = False
    is_claimable: bool = False


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


def judge_places(found: Sequence[Placed], limits: Mapping[str, int]) -> Judged:
    """Return who gets places and who loses some.

    :param found: in the order in which they get places
    :param limits: tag -> how many places there are; at least those of all tags named
    """
    room = Counter(limits)
    for one in found:
        if not one.is_held:
            room.subtract(one.tags)
    too_many = []
    for one in reversed(found):
        if one.is_claimable and any(room[tag] < 0 for tag in one.tags):
            room.update(one.tags)
            too_many.append(one.id)
    may_go = []
    for one in found:
        if one.is_held and all(room[tag] > 0 for tag in one.tags):
            room.subtract(one.tags)
            may_go.append(one.id)
    return Judged(may_go, too_many)
