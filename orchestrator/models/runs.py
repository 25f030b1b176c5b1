"""Flow runs and task runs: the only truth about what was started, what waits and what ended."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from orchestrator.core.graph import DEFAULT_QUEUE
from orchestrator.core.states import FLOW_RUN_TRANSITIONS, TASK_RUN_TRANSITIONS, TERMINAL, State
from orchestrator.models.flows import Flow, FlowVersion, new_id
from orchestrator.models.results import StoredResult

FLOW_RUN_STATES = [(state.value, state.value) for state in State if state in FLOW_RUN_TRANSITIONS]
TASK_RUN_STATES = [(state.value, state.value) for state in State if state in TASK_RUN_TRANSITIONS]
_TERMINAL = sorted(state.value for state in TERMINAL)


class Origin(models.TextChoices):
    """How a flow run came about."""

    PERSON = "person", "Run by a person"
    API = "api", "API"
    COMMAND = "command", "Command line"
    SCHEDULE = "schedule", "Schedule"
    BACKFILL = "backfill", "Backfill"
    PARENT = "parent", "Parent flow run"


class FlowRunQuerySet(models.QuerySet["FlowRun"]):
    def unfinished(self) -> FlowRunQuerySet:
        return self.exclude(state__in=_TERMINAL)

    def roots(self) -> FlowRunQuerySet:
        """Return the runs that no other run started."""
        return self.filter(parent_task_run=None)


class FlowRun(models.Model):
    """One execution of a flow version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Every index costs each flow run several writes: those of `flow` and `schedule` are the first columns of others.
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="runs", db_index=False)
    version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="runs", db_index=False)
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=20, choices=FLOW_RUN_STATES, default=State.PENDING)
    message = models.TextField(blank=True)
    parameters = models.JSONField(default=dict)
    result = models.JSONField(null=True, blank=True)
    stored_result = models.ForeignKey(
        StoredResult, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    attempt = models.PositiveIntegerField(default=1, help_text="Rises with every restart.")
    unfinished = models.PositiveIntegerField(help_text="Task runs that have not ended.")
    is_limited = models.BooleanField(
        db_default=False, default=False, help_text="Its flow or project limits how many are under way at once."
    )
    is_nested = models.BooleanField(
        db_default=False, default=False, help_text="A flow run of the same project started it."
    )
    priority = models.SmallIntegerField(
        db_default=0,
        default=0,
        help_text="Higher is claimed first; children have their parent's.",
    )
    depth = models.PositiveSmallIntegerField(default=0, help_text="Flow runs above this one.")
    parent_task_run = models.ForeignKey(
        "TaskRun", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    root_run = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: is a root.",
    )
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - NULL: no key, never equal
    origin = models.CharField(max_length=10, choices=Origin.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    schedule = models.ForeignKey(
        "orchestrator.Schedule",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="runs",
        db_index=False,
    )
    scheduled_for = models.DateTimeField(null=True, blank=True, help_text="The schedule's time this run stands for.")
    holds_children_since = models.DateTimeField(
        null=True, blank=True, help_text="Paused then, with the children that it waits for."
    )
    held_since = models.DateTimeField(
        null=True, blank=True, help_text="The parent's hold that it heard of last: while Paused, it was paused with it."
    )
    scheduled_start_time = models.DateTimeField(null=True, blank=True, help_text="Not started before this.")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    objects = FlowRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # By the key first: PostgreSQL cannot take another index of the flow for as good.
            models.UniqueConstraint(fields=["idempotency_key", "flow"], name="flow_run_once_a_key"),
            models.UniqueConstraint(
                fields=["schedule", "scheduled_for"],
                name="flow_run_once_a_fire_time",
                condition=Q(schedule__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in FLOW_RUN_STATES]), name="flow_run_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_TERMINAL, ended_at__isnull=False)
                | (~Q(state__in=_TERMINAL) & Q(ended_at__isnull=True)),
                name="flow_run_end_time_when_terminal",
            ),
        ]
        indexes = [
            models.Index(fields=["flow", "-created_at"], name="flow_run_newest_of_flow"),
            models.Index(fields=["-created_at"], name="flow_run_newest"),
            models.Index(
                fields=["parent_task_run"],
                name="flow_run_children",
                condition=Q(parent_task_run__isnull=False),
            ),
            models.Index(fields=["scheduled_start_time"], name="flow_run_due", condition=Q(state=State.SCHEDULED)),
            models.Index(fields=["state"], name="flow_run_unfinished", condition=~Q(state__in=_TERMINAL)),
            models.Index(fields=["ended_at"], name="flow_run_restarted", condition=Q(attempt__gt=1)),
            models.Index(
                fields=["stored_result"],
                name="flow_run_of_stored_result",
                condition=Q(stored_result__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.flow} ({self.state})"


class TaskRun(models.Model):
    """One execution of one task of a flow run. `attempt` rises whenever it is started anew, for any reason."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    flow_run = models.ForeignKey(FlowRun, on_delete=models.CASCADE, related_name="task_runs", db_index=False)
    slug = models.CharField(max_length=200)
    map_index = models.IntegerField(default=-1, help_text="-1: not an item of a mapped task.")
    state = models.CharField(max_length=20, choices=TASK_RUN_STATES, default=State.PENDING)
    message = models.TextField(db_default="", default="", blank=True)
    attempt = models.PositiveIntegerField(db_default=1, default=1)
    failures = models.PositiveIntegerField(
        db_default=0,
        default=0,
        help_text="Attempts that failed since the last restart; retries count against it.",
    )
    lost = models.PositiveIntegerField(
        db_default=0, default=0, help_text="Times that a worker died with it since the last restart."
    )
    waiting_on = models.PositiveIntegerField(help_text="Upstream task runs, or own items, that have not ended.")
    items = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of a mapped task: how many items it was given; then it waits for these."
    )
    result = models.JSONField(null=True, blank=True)
    stored_result = models.ForeignKey(
        StoredResult, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    child_flow_run = models.ForeignKey(
        FlowRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    child_attempt = models.PositiveIntegerField(
        db_default=1, default=1, help_text="The attempt of the child flow run that this waits for."
    )
    carried = models.JSONField(
        null=True,
        blank=True,
        help_text="What the next execution is told: loop_count, loop_result, resumed.",
    )
    queue = models.CharField(
        max_length=50, db_default=DEFAULT_QUEUE, default=DEFAULT_QUEUE, help_text="Workers of this queue execute it."
    )
    priority = models.SmallIntegerField(db_default=0, default=0, help_text="That of its flow run.")
    tags = ArrayField(
        models.CharField(max_length=200),
        null=True,
        blank=True,
        help_text="Of its task, where a limit of its project may name them.",
    )
    worker = models.CharField(max_length=200, db_default="", default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["flow_run", "slug", "map_index"]
        constraints = [
            models.UniqueConstraint(fields=["flow_run", "slug", "map_index"], name="task_run_once_a_task"),
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in TASK_RUN_STATES]), name="task_run_state_known"
            ),
            models.CheckConstraint(
                # Whoever is Running is held by a worker, or waits for a child or its items: nothing else can end it.
                condition=~Q(state=State.RUNNING)
                | Q(lease_until__isnull=False)
                | Q(child_flow_run__isnull=False)
                | Q(items__isnull=False),
                name="task_run_running_is_held",
            ),
        ]
        indexes = [
            models.Index(
                F("queue"),
                F("priority").desc(),
                F("submitted_at"),
                name="task_run_submitted",
                condition=Q(state=State.SUBMITTED),
            ),
            models.Index(
                # Those without a lease wait for child flow runs: `recover` finds them here, however many have ended.
                F("lease_until"),
                name="task_run_running",
                condition=Q(state=State.RUNNING),
            ),
            models.Index(
                F("flow_run"),
                name="task_run_tagged",
                condition=Q(tags__isnull=False) & ~Q(state__in=_TERMINAL),
            ),
            models.Index(F("changed_at"), name="task_run_paused", condition=Q(state=State.PAUSED)),
            models.Index(F("due_at"), name="task_run_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["child_flow_run"],
                name="task_run_of_child",
                condition=Q(child_flow_run__isnull=False),
            ),
            models.Index(
                fields=["stored_result"],
                name="task_run_of_stored_result",
                condition=Q(stored_result__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} ({self.state})"
