"""Projects, flows, their immutable versions, and the draft that the canvas works on."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from orchestrator.core.admission import Overlap


class Project(models.Model):
    """A team's place: flows are named within it, and people get their rights in it."""

    name = models.CharField(
        max_length=100,
        unique=True,
        validators=[RegexValidator(r"^[\w .-]+\Z", "Use letters, digits, space, dot, dash and underscore.")],
    )
    description = models.TextField(blank=True)
    max_runs = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many flow runs of it are under way at once; those that another of it started do not count."
        " Empty: any number.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(max_runs__gte=1), name="project_max_runs_from_one")]

    def __str__(self) -> str:
        return self.name


class TagLimit(models.Model):
    """How many task runs of a project with this tag are executed, or wait for a flow run, at once."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tag_limits")
    tag = models.CharField(max_length=200)
    max_running = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])

    class Meta:
        ordering = ["project", "tag"]
        constraints = [
            models.UniqueConstraint(fields=["project", "tag"], name="tag_limit_once_a_tag"),
            models.CheckConstraint(condition=Q(max_running__gte=1), name="tag_limit_max_running_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} in {self.project}: {self.max_running}"


class Source(models.TextChoices):
    """Where a flow version was written."""

    CODE = "code", "Python"
    CANVAS = "canvas", "Canvas"


OVERLAPS = [
    (Overlap.QUEUE.value, "It waits"),
    (Overlap.SKIP.value, "It is skipped"),
    (Overlap.CANCEL_OLDER.value, "The oldest is cancelled"),
]


class Flow(models.Model):
    """A registered unit of work, unique by name within its project. Its versions hold the definition."""

    # Found by the unique constraint, whose first column it is.
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="flows", db_index=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.CODE)
    max_runs = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many of its runs are under way at once. Empty: any number.",
    )
    overlap = models.CharField(
        max_length=12,
        choices=OVERLAPS,
        db_default=Overlap.QUEUE.value,
        default=Overlap.QUEUE.value,
        help_text="What becomes of a run that would be one too many.",
    )
    latest_version = models.ForeignKey(
        "FlowVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="flow_name_unique_in_project"),
            models.CheckConstraint(condition=~Q(name=""), name="flow_has_name"),
            models.CheckConstraint(condition=Q(max_runs__gte=1), name="flow_max_runs_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.project.name}/{self.name}"


class FlowVersion(models.Model):
    """One immutable definition of a flow. Numbers count from 1 within the flow."""

    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    graph = models.JSONField(help_text="The graph document of core/graph.py.")
    parameter_schema = models.JSONField(default=dict, help_text="JSON Schema of the parameters.")
    fingerprint = models.CharField(max_length=64)
    source = models.CharField(max_length=10, choices=Source.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["flow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="flow_version_number_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="flow_version_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} version {self.number}"


class Draft(models.Model):
    """A canvas in work. `revision` rises with every save, so that a save over somebody else's is refused."""

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="draft")
    graph = models.JSONField()
    parameter_schema = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    base_version = models.ForeignKey(FlowVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"draft of {self.flow}"


def new_id() -> uuid.UUID:
    """Return a fresh id for a flow run or a task run."""
    return uuid.uuid4()
