"""How many flow runs may come of one: counted now and then, so that no child flow run costs a statement more.

A process counts once it has created a few below a root, and again after a hundredth of those that were left, or a
second. In the last fifth it counts before it creates any, one transaction after the other. So the cap is exact, but for
the few of each process that has not counted yet, and unless a whole fifth of it is created within a second.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from orchestrator.engine.database import rows
from orchestrator.engine.statements import COUNT_OF_ROOT
from orchestrator.engine.turns import Turn, take_turn

UNCOUNTED = 20
SHARE = 100
SECONDS = 1.0
LAST_PART = 5
_MOST_KEPT = 1_000


@dataclass(slots=True)
class _Known:
    """How many flow runs this process may create below a root without counting, and until when."""

    free: int
    until: float


_known: OrderedDict[UUID, _Known] = OrderedDict()
_lock = threading.Lock()


def room_below(root_id: UUID, *, wanted: int) -> int:
    """Return how many of `wanted` further flow runs may come of a root, and take it that they will be created."""
    most = int(settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT)
    last_part = most // LAST_PART + 1
    if _is_free(root_id, wanted, at_first=min(UNCOUNTED, last_part)):
        return wanted
    left = most - _count(root_id, most)
    if left - wanted < last_part:
        take_turn(Turn.CAP)
        left = most - _count(root_id, most)
    room = max(0, min(wanted, left))
    left -= room
    with _lock:
        _known[root_id] = _Known(left // SHARE if left >= last_part else 0, time.monotonic() + SECONDS)
    return room


def _is_free(root_id: UUID, wanted: int, *, at_first: int) -> bool:
    with _lock:
        known = _known.setdefault(root_id, _Known(at_first, float("inf")))
        _known.move_to_end(root_id)
        if len(_known) > _MOST_KEPT:
            _known.popitem(last=False)
        if known.free < wanted or known.until < time.monotonic():
            return False
        known.free -= wanted
        return True


def _count(root_id: UUID, most: int) -> int:
    ((found,),) = rows(COUNT_OF_ROOT, root_id=root_id, most=most)
    return int(found)
