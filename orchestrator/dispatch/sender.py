"""The background sender of a process: hints to workers and to pages leave from here, after their commit."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from uuid import UUID

from celery import current_app
from channels.layers import get_channel_layer
from django.db import connection
from django.utils import timezone

from orchestrator.core.graph import DEFAULT_QUEUE
from orchestrator.dispatch import lingering
from orchestrator.dispatch.hints import LIVE_GROUP, WORK
from orchestrator.models import Worker

log = logging.getLogger(__name__)

_MOST_IN_A_MESSAGE = 1_000
# Pages are told of changes so long after the first of them: short flow runs are over by then, and no worker that is
# in a hurry shares its time with it.
_LIVE_SECONDS = 0.05
# Hints to workers that follow each other closer than this leave together: whoever is woken finds all that there is.
_WAKE_SECONDS = 0.005
_SLOTS_SECONDS = 2.0


class Sender:
    """The background sender of one process: a thread, two small heaps of hints, connections that it keeps."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.dropped = 0
        self._changed: set[UUID] = set()
        self._changed_at = 0.0
        self._hints: dict[str, float] = {}
        self._wakes: Counter[str] = Counter()
        self._is_sending = False
        self._slots: dict[str, int] = {}
        self._slots_good_until = 0.0
        self._awake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self._thread.start()

    def wake(self, wanted: Counter[str]) -> None:
        if wanted:
            with self._awake:
                self._wakes += wanted
                self._awake.notify_all()

    def send(self, name: str, *, at: float = 0.0) -> None:
        with self._awake:
            self._hints[name] = min(at, self._hints.get(name, at))
            self._awake.notify_all()

    def announce(self, changed: set[UUID]) -> None:
        with self._awake:
            if not self._changed:
                self._changed_at = time.monotonic()
                self._awake.notify_all()
            self._changed |= changed

    def wait_until_sent(self, *, seconds: float) -> None:
        """Return when what is to be sent now has been, or after that time."""
        with self._awake:
            self._awake.wait_for(
                lambda: not (self._is_sending or self._wakes or self._changed) and self._pause(0.0) != 0.0, seconds
            )

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        woke = 0.0
        while True:
            with self._awake:
                self._is_sending = False
                self._awake.notify_all()
                pause = self._pause(woke)
                if pause is None or pause > 0:
                    self._awake.wait(pause)
                now = time.monotonic()
                wakes: Counter[str] = Counter()
                if self._wakes and now - woke >= _WAKE_SECONDS:
                    wakes, self._wakes, woke = self._wakes, Counter(), now
                due = [name for name, at in self._hints.items() if at <= now]
                for name in due:
                    del self._hints[name]
                changed: set[UUID] = set()
                if self._changed and now - self._changed_at >= _LIVE_SECONDS:
                    changed, self._changed = self._changed, set()
                self._is_sending = True
            for queue, count in wakes.items():
                self._wake(queue, count)
            for name in due:
                self._publish(name, 1)
            if changed:
                self._tell(loop, changed)

    def _pause(self, woke: float) -> float | None:
        """Return the seconds until something is to be sent; None: nothing is.

        :param woke: when workers were last sent hints
        """
        moments = list(self._hints.values())
        if self._wakes:
            moments.append(woke + _WAKE_SECONDS)
        if self._changed:
            moments.append(self._changed_at + _LIVE_SECONDS)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _wake(self, queue: str, count: int) -> None:
        """Wake workers that linger; if they are too few, others by Celery, as many as may have a free slot.

        Whoever is at work, or takes a message, takes all the work that it finds: the others need a message each.
        """
        slots = self._worker_slots(queue)
        count = min(count, slots)
        woken, provided = lingering.wake(queue, count)
        self._publish(WORK, min(count, slots - provided) - woken, queue)

    def _publish(self, name: str, count: int, queue: str = DEFAULT_QUEUE) -> None:
        try:
            for _ in range(count):
                current_app.tasks[name].apply_async(queue=queue, retry=False, ignore_result=True, expires=3600)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: `recover` sends again
            self.dropped += count
            log.warning("Dropped %s hint(s) %s (%s in all): %s", count, name, self.dropped, error)

    def _tell(self, loop: asyncio.AbstractEventLoop, changed: set[UUID]) -> None:
        try:
            loop.run_until_complete(asyncio.wait_for(_announce(changed), timeout=3.0))
        except Exception as error:  # noqa: BLE001 - pages read again by themselves
            self.dropped += len(changed)
            log.warning("Dropped live hints of %s flow runs: %s", len(changed), error)

    def _worker_slots(self, queue: str) -> int:
        """Return how many task runs of a queue can be executed at once; asked of the database every two seconds."""
        if time.monotonic() > self._slots_good_until:
            self._slots_good_until = time.monotonic() + _SLOTS_SECONDS
            try:
                slots: Counter[str] = Counter()
                for queues, count in Worker.objects.alive(timezone.now()).values_list("queues", "slots"):
                    slots.update(dict.fromkeys(queues, count))
                self._slots = slots
            except Exception as error:  # noqa: BLE001 - the database may be away; what was known is good enough
                log.warning("Could not count the workers' slots: %s", error)
            finally:
                connection.close()
        # A message waits for the first worker that comes to serve the queue.
        return max(1, self._slots.get(queue, 1))


async def _announce(changed: set[UUID]) -> None:
    layer = get_channel_layer()
    ids = [flow_run_id.hex for flow_run_id in changed]
    for start in range(0, len(ids), _MOST_IN_A_MESSAGE):
        part = ids[start : start + _MOST_IN_A_MESSAGE]
        await layer.group_send(LIVE_GROUP, {"type": "flow_runs.changed", "ids": part})


_senders: dict[int, Sender] = {}
_starting = threading.Lock()


def sender() -> Sender:
    """Return this process's sender. A forked process gets its own: threads do not survive a fork."""
    with _starting:
        pid = os.getpid()
        if pid not in _senders:
            _senders.clear()
            _senders[pid] = Sender()
        return _senders[pid]
