"""The workers that are there."""

from django.db import models


class Worker(models.Model):
    """One Celery worker that has been heard of; `lease_until` is when it counts as lost."""

    name = models.CharField(max_length=200, primary_key=True)
    slots = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
