"""Celery beat's scheduler: django-celery-beat's, at a cost a ring that does not grow with the number of schedules."""

import time
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

# A change of the rows is noticed after so long at the latest. Beat itself would ask before every single ring.
LOOK_SECONDS = 1.0


class Scheduler(DatabaseScheduler):
    """Rings the rows of django-celery-beat.

    Before every ring Celery's scheduler compares all entries with those of the ring before: of 500 bells at one minute
    the last rang seconds late. These entries are only ever replaced together, which their scheduler notes.
    """

    _looked = float("-inf")

    def schedules_equal(self, *_: Any, **__: Any) -> bool:
        """Return whether the entries are those of the last time."""
        changed, self._heap_invalidated = self._heap_invalidated, False
        return not changed

    def schedule_changed(self) -> bool:
        """Return whether rows have changed since it was last looked."""
        if time.monotonic() < self._looked + LOOK_SECONDS:
            return False
        self._looked = time.monotonic()
        return bool(super().schedule_changed())  # type: ignore[no-untyped-call]
