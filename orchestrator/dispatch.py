"""Everything that leaves a process after a commit: hints to workers, hints to pages. Nothing here is ever awaited.

A hint may be lost, doubled or late: the rows are the truth, and `recover` finds whatever no hint was heard of. So a
sender that cannot reach the broker drops its hints, counts them, and never holds up whoever has just committed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterable
from uuid import UUID

from celery import current_app
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from orchestrator.models import Worker

log = logging.getLogger(__name__)

WORK = "orchestrator.work"
START_DUE = "orchestrator.start_due"
RECOVER = "orchestrator.recover"
RING = "orchestrator.ring"

# The channel group in which every page's socket listens, and what is said there: which flow runs changed. One message
# for all of them costs a worker one publish; a socket that is not concerned lets it pass.
LIVE_GROUP = "flow_runs"
_MOST_IN_A_MESSAGE = 1_000

# Later hints than this come from `recover` anyway.
_LATEST_SECONDS = 60.0
# Pages are told of a flow run's changes at most this often by one process.
_LIVE_SECONDS = 0.05
_SLOTS_SECONDS = 2.0


def wake_workers(ready: int, *, here: bool = False) -> None:
    """After commit, wake as many workers as could use `ready` submitted task runs.

    :param here: the calling worker goes on with one of them itself
    """
    transaction.on_commit(lambda: _sender().wake(ready - int(here)), robust=True)


def start_due(*, in_seconds: float) -> None:
    """After commit, have due task runs started when a delay is over."""
    at = time.monotonic() + in_seconds
    if in_seconds <= _LATEST_SECONDS:
        transaction.on_commit(lambda: _sender().send(START_DUE, at=at), robust=True)


def recover_soon() -> None:
    """After commit, have what is owed between flow runs carried out."""
    transaction.on_commit(lambda: _sender().send(RECOVER), robust=True)


def flow_runs_changed(flow_run_ids: Iterable[UUID]) -> None:
    """After commit, tell the pages that watch these flow runs to look again."""
    changed = set(flow_run_ids)
    transaction.on_commit(lambda: _sender().announce(changed), robust=True)


class Sender:
    """The background sender of one process: a thread, two small heaps of hints, connections that it keeps."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.dropped = 0
        self._changed: set[UUID] = set()
        self._hints: dict[str, float] = {}
        self._wakes = 0
        self._slots = 1
        self._slots_good_until = 0.0
        self._awake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self._thread.start()

    def wake(self, count: int) -> None:
        if count > 0:
            with self._awake:
                self._wakes += count
                self._awake.notify()

    def send(self, name: str, *, at: float = 0.0) -> None:
        with self._awake:
            self._hints[name] = min(at, self._hints.get(name, at))
            self._awake.notify()

    def announce(self, changed: set[UUID]) -> None:
        with self._awake:
            if not self._changed:
                self._awake.notify()
            self._changed |= changed

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        told = 0.0
        while True:
            with self._awake:
                pause = self._pause(told)
                if pause is None or pause > 0:
                    self._awake.wait(pause)
                now = time.monotonic()
                wakes, self._wakes = self._wakes, 0
                due = [name for name, at in self._hints.items() if at <= now]
                for name in due:
                    del self._hints[name]
                changed: set[UUID] = set()
                if self._changed and now - told >= _LIVE_SECONDS:
                    changed, self._changed, told = self._changed, set(), now
            if wakes:
                self._publish(WORK, min(wakes, self._worker_slots()))
            for name in due:
                self._publish(name, 1)
            if changed:
                self._tell(loop, changed)

    def _pause(self, told: float) -> float | None:
        """Return the seconds until something is to be sent; None: nothing is."""
        if self._wakes:
            return 0.0
        moments = list(self._hints.values())
        if self._changed:
            moments.append(told + _LIVE_SECONDS)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _publish(self, name: str, count: int) -> None:
        try:
            for _ in range(count):
                current_app.tasks[name].apply_async(retry=False, ignore_result=True, expires=3600)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: `recover` sends again
            self.dropped += count
            log.warning("Dropped %s hint(s) %s (%s in all): %s", count, name, self.dropped, error)

    def _tell(self, loop: asyncio.AbstractEventLoop, changed: set[UUID]) -> None:
        try:
            loop.run_until_complete(asyncio.wait_for(_announce(changed), timeout=3.0))
        except Exception as error:  # noqa: BLE001 - pages read again by themselves
            self.dropped += len(changed)
            log.warning("Dropped live hints of %s flow runs: %s", len(changed), error)

    def _worker_slots(self) -> int:
        """Return how many task runs all workers can execute at once; asked of the database every two seconds."""
        if time.monotonic() > self._slots_good_until:
            self._slots_good_until = time.monotonic() + _SLOTS_SECONDS
            try:
                alive = Worker.objects.filter(lease_until__gt=timezone.now())
                self._slots = max(1, alive.aggregate(slots=Sum("slots"))["slots"] or 1)
            except Exception as error:  # noqa: BLE001 - the database may be away; what was known is good enough
                log.warning("Could not count the workers' slots: %s", error)
            finally:
                connection.close()
        return self._slots


async def _announce(changed: set[UUID]) -> None:
    layer = get_channel_layer()
    ids = [flow_run_id.hex for flow_run_id in changed]
    for start in range(0, len(ids), _MOST_IN_A_MESSAGE):
        part = ids[start : start + _MOST_IN_A_MESSAGE]
        await layer.group_send(LIVE_GROUP, {"type": "flow_runs.changed", "ids": part})


_senders: dict[int, Sender] = {}
_starting = threading.Lock()


def _sender() -> Sender:
    """Return this process's sender. A forked process gets its own: threads do not survive a fork."""
    with _starting:
        pid = os.getpid()
        if pid not in _senders:
            _senders.clear()
            _senders[pid] = Sender()
        return _senders[pid]
