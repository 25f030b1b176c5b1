"""Workers make themselves known: how many slots there are, and until when each worker counts as alive."""

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from orchestrator.models import Worker

log = logging.getLogger(__name__)


class Presence:
    """A thread of the worker's main process that renews its row."""

    def __init__(self, *, name: str, slots: int, queues: list[str]) -> None:
        self.name = name
        self.slots = slots
        self.queues = queues
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take the row away, so that nothing is sent for a worker that has gone."""
        self._gone.set()
        self._thread.join(timeout=5)
        Worker.objects.filter(pk=self.name).delete()

    def _run(self) -> None:
        started = timezone.now()
        lease = timedelta(seconds=settings.ANABRANCH_LEASE_SECONDS)
        while True:
            try:
                Worker.objects.update_or_create(
                    name=self.name,
                    defaults={
                        "slots": self.slots,
                        "queues": self.queues,
                        "started_at": started,
                        "lease_until": timezone.now() + lease,
                    },
                )
            except Exception as error:  # noqa: BLE001 - the database may be away for a while; the row is renewed later
                log.warning("Could not renew worker %s: %s", self.name, error)
                connection.close()
            if self._gone.wait(lease.total_seconds() / 3):
                return
