"""The workers that are there."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from orchestrator.core.graph import DEFAULT_QUEUE


def _default_queues() -> list[str]:
    return [DEFAULT_QUEUE]


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, now: datetime) -> WorkerQuerySet:
        """Return the workers that count as alive at `now`."""
        return self.filter(lease_until__gt=now)


class Worker(models.Model):
    """One Celery worker that has been heard of; `lease_until` is when it counts as lost."""

    name = models.CharField(max_length=200, primary_key=True)
    slots = models.PositiveSmallIntegerField()
    queues = ArrayField(
        models.CharField(max_length=50),
        db_default=[DEFAULT_QUEUE],
        default=_default_queues,
        help_text="Those that it serves.",
    )
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField(db_index=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
