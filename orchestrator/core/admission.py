"""May a flow run start, where a limit says how many are under way at once? Pure decisions over counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Overlap(StrEnum):
    """What becomes of a flow run that would be one too many of its flow."""

    QUEUE = "queue"
    SKIP = "skip"
    CANCEL_OLDER = "cancel_older"


WAITS = "Waits until the limit of its flow or its project leaves room."


def room_text(whose: str, limit: int) -> str:
    """Return what a flow run waits for, in words: room among those of a flow, or of a project."""
    return f"Waits for room: {whose} may have {limit} run{'' if limit == 1 else 's'} under way at once."


@dataclass(frozen=True, slots=True)
class Queued:
    """The first flow run of its kind that waits of one flow, with what is under way of that flow.

    `is_nested`: a flow run of its own project started it, or waits for it, which has that project's place for both.
    `limit`: None also where a flow run of its own flow waits for it, whose place it shares. `ending`: how many of those
    under way are being cancelled.
    """

    flow_run_id: UUID
    flow_id: int
    priority: int
    waits_since: datetime
    is_nested: bool
    under_way: int
    limit: int | None
    overlap: Overlap
    ending: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done next: let one start, skip one, or cancel the oldest of one's flow."""

    queued: Queued
    action: Overlap | None = None  # None: it may start


def next_verdict(queued: Sequence[Queued], *, limit: int | None, under_way: int) -> Verdict | None:
    """Return what is to be done next in a project; None: all that wait go on waiting.

    Higher priority first, then who has waited longer.

    :param limit: of the project's flow runs that are not nested; None: any number
    :param under_way: how many of those are
    """
    for one in sorted(queued, key=lambda found: (-found.priority, found.waits_since)):
        if one.limit is not None and one.under_way >= one.limit:
            is_room_near = one.overlap is Overlap.CANCEL_OLDER and one.under_way - one.ending < one.limit
            if one.overlap is not Overlap.QUEUE and not is_room_near:
                return Verdict(one, one.overlap)
        elif limit is None or one.is_nested or under_way < limit:
            return Verdict(one)
    return None
