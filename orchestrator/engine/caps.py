"""How many flow runs may come of one: counted now and then, so that no child flow run costs a statement more."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from orchestrator.engine.database import rows
from orchestrator.engine.statements import COUNT_OF_ROOT

# A process counts anew when it has created this many: each may miss as many of the others' in between.
COUNT_EVERY = 500
_MOST_KEPT = 1_000


@dataclass(slots=True)
class _Known:
    """The flow runs below a root: how many there were when they were counted, how many this process made since."""

    counted: int = 0
    made: int = 0


_known: OrderedDict[UUID, _Known] = OrderedDict()
_lock = threading.Lock()


def room_below(root_id: UUID, *, wanted: int) -> int:
    """Return how many of `wanted` further flow runs may come of a root, and take it that they will be created."""
    most = int(settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT)
    with _lock:
        known = _known.setdefault(root_id, _Known())
        _known.move_to_end(root_id)
        if len(_known) > _MOST_KEPT:
            _known.popitem(last=False)
    if known.made + wanted >= COUNT_EVERY or known.counted + known.made + wanted > most:
        # What was rolled back was taken as made: nobody is refused without counting.
        ((known.counted,),) = rows(COUNT_OF_ROOT, overtakes=True, root_id=root_id, most=most)
        known.made = 0
    room = max(0, min(wanted, most - known.counted - known.made))
    known.made += room
    return room
