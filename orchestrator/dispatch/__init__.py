"""Everything that leaves a process after a commit: hints to workers, hints to pages. Nothing here is ever awaited.

A hint may be lost, doubled or late: the rows are the truth, and `recover` finds whatever no hint was heard of. So a
sender that cannot reach the broker drops its hints, counts them, and never holds up whoever has just committed.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from orchestrator.core.tags import HELD
from orchestrator.dispatch.hints import ADVANCE_BACKFILLS, LIVE_GROUP, RECOVER, RING, START_DUE, SWEEP, WORK
from orchestrator.dispatch.lingering import be_at_work, go_back, linger, release, served_queues
from orchestrator.dispatch.sender import sender

__all__ = [
    "ADVANCE_BACKFILLS",
    "LIVE_GROUP",
    "RECOVER",
    "RING",
    "START_DUE",
    "SWEEP",
    "WORK",
    "advance_backfills_soon",
    "be_at_work",
    "flow_runs_changed",
    "go_back",
    "linger",
    "recover_soon",
    "release",
    "ring",
    "served_queues",
    "start_due",
    "wait_until_sent",
    "wake_workers",
]

# Later hints than this come from `recover` anyway.
_LATEST_SECONDS = 60.0


def wake_workers(ready: Mapping[str, int], *, here: bool = False) -> None:
    """After commit, wake as many workers as could use what was submitted; what waits for its tags wakes nobody.

    :param ready: a queue -> how many task runs were submitted to it
    :param here: the calling worker goes on with one of them itself, where it serves their queue
    """
    wanted = Counter({queue: count for queue, count in ready.items() if not queue.startswith(HELD)})
    if here:
        wanted -= Counter([queue for queue in wanted if queue in served_queues()][:1])
    transaction.on_commit(lambda: sender().wake(wanted), robust=True)


def start_due(*, in_seconds: float) -> None:
    """After commit, have due task runs started when a delay is over."""
    at = time.monotonic() + in_seconds
    if in_seconds <= _LATEST_SECONDS:
        transaction.on_commit(lambda: sender().send(START_DUE, at=at), robust=True)


def ring(*, at: datetime) -> None:
    """After commit, have the schedules that are due at a moment fired when it comes."""
    transaction.on_commit(lambda: sender().send(RING, at=time.monotonic() + _seconds_until(at)), robust=True)


def _seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - timezone.now()).total_seconds())


def recover_soon() -> None:
    """After commit, have what is owed between flow runs carried out."""
    transaction.on_commit(lambda: sender().send(RECOVER), robust=True)


def advance_backfills_soon() -> None:
    """After commit, have backfills start what they now have room for."""
    transaction.on_commit(lambda: sender().send(ADVANCE_BACKFILLS), robust=True)


def wait_until_sent(*, seconds: float = 2.0) -> None:
    """Return when this process's hints have left it, or after that time: for a process that is about to end."""
    sender().wait_until_sent(seconds=seconds)


def flow_runs_changed(flow_run_ids: Iterable[UUID]) -> None:
    """After commit, tell the pages that watch these flow runs to look again."""
    changed = set(flow_run_ids)
    transaction.on_commit(lambda: sender().announce(changed), robust=True)
