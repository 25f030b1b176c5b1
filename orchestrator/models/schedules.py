"""When a flow starts by itself, and the ranges of its past that are run again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

from orchestrator.core.schedules import Timing, describe, read_timing
from orchestrator.core.wall_clock import ScheduleError
from orchestrator.models.flows import Flow, Source


class CatchUp(models.TextChoices):
    """What happens with fire times that passed while nothing could ring."""

    SKIP = "skip", "Skip what was missed"
    LATEST = "latest", "Run the latest that was missed"
    ALL = "all", "Run all that were missed"


class ClockKind(models.TextChoices):
    """How a schedule tells its times."""

    CRON = "cron", "At the times of a cron line"
    INTERVAL = "interval", "Every so often"
    DATES = "dates", "On dates"


class Schedule(models.Model):
    """One clock of a flow, with its rules and parameters. `next_fire_at` decides what is due.

    `bells` are the beat rows of a cron line; all kinds are also rung for by whoever looked last for what is due.
    """

    # What the times follow from; a schedule that code writes has these from there.
    TIMING = ("kind", "cron", "timezone", "day_or", "interval_seconds", "dates", "start_at", "end_at", "rules")

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="schedules")
    kind = models.CharField(max_length=10, choices=ClockKind.choices, db_default=ClockKind.CRON, default=ClockKind.CRON)
    cron = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    day_or = models.BooleanField(
        default=True, help_text="Day of month OR day of week where both are restricted; off: both."
    )
    interval_seconds = models.PositiveBigIntegerField(null=True, blank=True)
    dates = ArrayField(models.DateTimeField(), db_default=[], default=list, blank=True)
    rules = models.JSONField(
        db_default={}, default=dict, blank=True, help_text="Filters and adjustments of the clock's times."
    )
    parameters = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    start_at = models.DateTimeField(null=True, blank=True)
    end_at = models.DateTimeField(null=True, blank=True)
    catch_up = models.CharField(max_length=10, choices=CatchUp.choices, default=CatchUp.LATEST)
    next_fire_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never again.")
    last_fire_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.CANVAS)
    written = models.JSONField(null=True, blank=True, help_text="The clock as the flow's code wrote it last.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    bells = models.ManyToManyField(PeriodicTask, related_name="+", blank=True)

    class Meta:
        ordering = ["flow", "id"]
        indexes = [models.Index(fields=["next_fire_at"], name="schedule_due", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """The times in words, or what is wrong with them: a zone can vanish with an update of the zone data."""
        try:
            return describe(self.timing())
        except ScheduleError as error:
            return str(error)

    def timing(self) -> Timing:
        """Return the clock and its rules as the core reads them.

        :raises ScheduleError: a field is missing or wrong, or does not belong to this kind
        """
        return read_timing(self.timing_document())

    def timing_document(self) -> dict[str, Any]:
        """Return the fields that the times follow from, those that are empty left out."""
        fields = {name: getattr(self, name) for name in self.TIMING if name not in ("day_or", "timezone")}
        document = {name: value for name, value in fields.items() if value not in (None, "", [])}
        document["timezone"] = self.timezone
        return {**document, "day_or": self.day_or} if self.kind == ClockKind.CRON else document


class BackfillState(models.TextChoices):
    """Where a backfill is."""

    ACTIVE = "active", "Active"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"


class Backfill(models.Model):
    """A range of a schedule's fire times that gets its runs late, a few at a time, in the order of the times."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="backfills")
    since = models.DateTimeField()
    until = models.DateTimeField()
    fire_times = ArrayField(models.DateTimeField(), help_text="Those that had no run when it was made.")
    position = models.PositiveIntegerField(default=0, help_text="How many of the fire times have been dealt with.")
    already_run = models.PositiveIntegerField(default=0, help_text="Fire times of the range that had a run before.")
    parameters = models.JSONField(default=dict, blank=True)
    max_concurrent = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="Unfinished runs at a time."
    )
    state = models.CharField(max_length=10, choices=BackfillState.choices, default=BackfillState.ACTIVE)
    message = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule"], condition=Q(state=BackfillState.ACTIVE), name="backfill_one_active_a_schedule"
            ),
            models.CheckConstraint(condition=Q(state__in=BackfillState.values), name="backfill_state_known"),
        ]

    def __str__(self) -> str:
        return f"{len(self.fire_times)} fire times of schedule {self.schedule_id}"
