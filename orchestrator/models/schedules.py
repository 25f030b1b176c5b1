"""When a flow starts by itself."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

from orchestrator.models.flows import Flow, Source


class CatchUp(models.TextChoices):
    """What happens with fire times that passed while nothing could ring."""

    SKIP = "skip", "Skip what was missed"
    LATEST = "latest", "Run the latest that was missed"
    ALL = "all", "Run all that were missed"


class Schedule(models.Model):
    """A cron line in a time zone. `next_fire_at` decides what is due; the beat rows are the bells that ring on time."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="schedules")
    cron = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="UTC")
    day_or = models.BooleanField(
        default=True, help_text="Day of month OR day of week where both are restricted; off: both."
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
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    bells = models.ManyToManyField(PeriodicTask, related_name="+", blank=True)

    class Meta:
        ordering = ["flow", "id"]
        indexes = [models.Index(fields=["next_fire_at"], name="schedule_due", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return f"{self.cron} {self.timezone}"
