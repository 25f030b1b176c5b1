"""What happened to a run: its changes of state, and what its tasks logged."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from orchestrator.models.runs import FlowRun, TaskRun


class StateChange(models.Model):
    """One change of state of a flow run (`task_run` empty) or of a task run. Written with the change, never edited.

    The two references are not checked by the database: one such row is written for every change on the engine's
    hottest path, and whoever deletes a flow run deletes its history with it.
    """

    flow_run = models.ForeignKey(FlowRun, on_delete=models.CASCADE, related_name="state_changes", db_constraint=False)
    task_run = models.ForeignKey(
        TaskRun,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="state_changes",
        db_constraint=False,
        db_index=False,
    )
    attempt = models.PositiveIntegerField()
    before = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    message = models.TextField(blank=True, db_default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.before} -> {self.after}"


class LogLine(models.Model):
    """One line that a task run logged or printed. `number` counts from 1 within (task run, attempt)."""

    flow_run = models.ForeignKey(FlowRun, on_delete=models.CASCADE, related_name="log_lines", db_constraint=False)
    task_run = models.ForeignKey(
        TaskRun, on_delete=models.CASCADE, related_name="log_lines", db_constraint=False, db_index=False
    )
    attempt = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(help_text="Python's logging level; 20 is INFO, also for print.")
    message = models.TextField()

    class Meta:
        ordering = ["task_run", "attempt", "number"]
        constraints = [
            # A log batch that is sent twice (its first commit was not heard of) is stored once.
            models.UniqueConstraint(fields=["task_run", "attempt", "number"], name="log_line_stored_once"),
        ]

    def __str__(self) -> str:
        return self.message
