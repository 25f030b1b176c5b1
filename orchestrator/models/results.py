"""Results that are kept outside the rows they belong to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orchestrator.models.flows import new_id

JSON = "json"
PARTS = "parts"


class CachedResult(models.Model):
    """A task's result that later runs may use instead of executing the task, until it expires.

    `key` is made of the project, the task or its cache key, and the values that its validator compares.
    """

    key = models.CharField(max_length=64, primary_key=True)
    project = models.ForeignKey("orchestrator.Project", on_delete=models.CASCADE, related_name="+")
    flow_run_id = models.UUIDField(help_text="The flow run that made it; it may be deleted by now.")
    result = models.JSONField(null=True, blank=True)
    stored_result = models.ForeignKey(
        "orchestrator.StoredResult", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    inputs = models.JSONField(null=True, blank=True, help_text="For a validator that is people's code.")
    parameters = models.JSONField(null=True, blank=True, help_text="For a validator that is people's code.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["expires_at"]

    def __str__(self) -> str:
        return f"Cached until {self.expires_at}"


class StoredResult(models.Model):
    """A result too large for its row, or no JSON. Rows name it; one that no row names any more is swept.

    Its bytes are in Django's storage `results`. A flow run's result that is put together from those of its tasks
    (serializer `parts`) is here instead: what is small as JSON, what is stored by the ids in `part_ids`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    serializer = models.CharField(max_length=50, help_text="json, parts, pickle, or what flows register.")
    path = models.CharField(max_length=200, blank=True, help_text="The name in the storage.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the bytes, in hexadecimal.")
    type_name = models.CharField(max_length=200, help_text="What it is, in a few words.")
    preview = models.TextField(blank=True, help_text="How its JSON begins.")
    document = models.JSONField(null=True, blank=True)
    part_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(serializer=PARTS, document__isnull=False, path="")
                | (~Q(serializer=PARTS) & Q(document__isnull=True) & ~Q(path="")),
                name="stored_result_is_in_one_place",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="stored_result_oldest"),
            GinIndex(fields=["part_ids"], name="stored_result_parts"),
        ]

    def __str__(self) -> str:
        return f"{self.type_name}, {self.size:,} bytes"
