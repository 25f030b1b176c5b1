"""Shapes of flow runs, task runs and their history."""

from typing import Any

from rest_framework import serializers

from orchestrator.api.serializers.strict import FlowNameField, JsonObject, StrictSerializer
from orchestrator.core.names import MAX_PRIORITY
from orchestrator.core.states import MARKABLE, SUCCESSFUL, State
from orchestrator.models import Origin
from orchestrator.models.runs import FLOW_RUN_STATES, TASK_RUN_STATES

MARKABLE_STATES = [(state.value, state.value) for state in State if state in MARKABLE]
STATES = [(state.value, state.value) for state in State]


class StartSerializer(StrictSerializer):
    """What to run. The same `idempotency_key` with the same parameters gives the same run, however often it is sent."""

    flow = FlowNameField()
    parameters = JsonObject(default=dict)
    idempotency_key = serializers.CharField(max_length=200, allow_null=True, default=None)
    scheduled_start_time = serializers.DateTimeField(allow_null=True, default=None)
    name = serializers.CharField(max_length=200, allow_blank=True, default="")
    priority = serializers.IntegerField(
        min_value=-MAX_PRIORITY,
        max_value=MAX_PRIORITY,
        allow_null=True,
        default=None,
        help_text="Higher is executed first; that of the flow unless given.",
    )


class CancelSerializer(StrictSerializer):
    leave_children = serializers.BooleanField(default=False, help_text="true: child flow runs run on.")


class RestartSerializer(StrictSerializer):
    """From what did not succeed, or from the tasks named; `parameters` replace those of the same names."""

    from_tasks = serializers.ListField(child=serializers.CharField(max_length=200), max_length=2_000, default=list)
    parameters = JsonObject(default=dict)


class RestartFromSerializer(StrictSerializer):
    parameters = JsonObject(default=dict, help_text="Replace the flow run's parameters of the same names.")


class PauseRunSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")
    leave_children = serializers.BooleanField(default=False, help_text="true: child flow runs run on.")


class MarkSerializer(StrictSerializer):
    """The state to give by hand, why, and for a success the result."""

    state = serializers.ChoiceField(MARKABLE_STATES)
    reason = serializers.CharField(max_length=500)
    result = serializers.JSONField(allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        state = State(attrs["state"])
        if attrs["result"] is not None and state not in SUCCESSFUL:
            raise serializers.ValidationError({"result": f"A run that is {state} has no result."})
        return {**attrs, "state": state}


class ApproveSerializer(StrictSerializer):
    """Why, and what an approval proposes as it shall be; what is left out stays as proposed."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="")
    parameters = JsonObject(default=dict)


class RejectSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class NothingSerializer(StrictSerializer):
    """An empty object."""


class ParentTaskRunSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    flow_run = serializers.UUIDField()
    flow = serializers.CharField()


class StoredResultSerializer(serializers.Serializer[Any]):
    """A result over 64 KB, or none in JSON; `result` is then null, and `.../result/` gives what is JSON."""

    type = serializers.CharField(help_text="What it is, in a few words.")
    bytes = serializers.IntegerField()
    serializer = serializers.CharField()
    is_json = serializers.BooleanField(help_text="false: only tasks of flows can read it.")
    preview = serializers.CharField(allow_blank=True, help_text="How its JSON begins.")


class FlowRunSummarySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    flow = serializers.CharField(help_text="project/name")
    version = serializers.IntegerField()
    state = serializers.ChoiceField(FLOW_RUN_STATES)
    message = serializers.CharField(help_text="Of a Queued one: which limit it waits for.")
    parameters = serializers.DictField()
    result = serializers.JSONField(allow_null=True)
    stored_result = StoredResultSerializer(allow_null=True)
    parent_task_run = ParentTaskRunSerializer(allow_null=True)
    root_run = serializers.UUIDField()
    origin = serializers.ChoiceField(Origin.choices)
    created_by = serializers.CharField(allow_null=True)
    schedule = serializers.IntegerField(allow_null=True)
    idempotency_key = serializers.CharField(allow_null=True)
    scheduled_start_time = serializers.DateTimeField(allow_null=True)
    scheduled_for = serializers.DateTimeField(allow_null=True)
    attempt = serializers.IntegerField()
    priority = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class ItemsSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    states = serializers.DictField(child=serializers.IntegerField(), help_text="State -> how many items are in it.")
    held = serializers.IntegerField(help_text="How many of them wait for the limits of their tags.")


class TaskRunSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    map_index = serializers.IntegerField()
    state = serializers.ChoiceField(TASK_RUN_STATES)
    message = serializers.CharField()
    attempt = serializers.IntegerField()
    child_flow_run = serializers.UUIDField(allow_null=True)
    child_flow = serializers.CharField(allow_null=True)
    child_state = serializers.ChoiceField(FLOW_RUN_STATES, allow_null=True, help_text="Of its child flow run.")
    due_at = serializers.DateTimeField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    worker = serializers.CharField()
    queue = serializers.CharField()
    is_served = serializers.BooleanField(help_text="false: it waits for a worker, and none serves its queue.")
    is_held = serializers.BooleanField(help_text="It waits for a limit of its tags, which `message` names.")
    items = ItemsSerializer(allow_null=True, help_text="Of a mapped task, once it has been given its items.")


class StandingBelowSerializer(serializers.Serializer[Any]):
    flow_run = serializers.UUIDField()
    flow = serializers.CharField(help_text="project/name")
    message = serializers.CharField(help_text="What it waits for; empty where that is its next try.")
    is_served = serializers.BooleanField(help_text="false: for a worker of a queue that none serves.")
    tries_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(allow_blank=True, help_text="What went wrong before that try.")


class FlowRunSerializer(FlowRunSummarySerializer):
    below = StandingBelowSerializer(many=True, help_text="Flow runs below it that stand still.")
    task_runs = TaskRunSerializer(many=True)


class TaskRunDetailSerializer(TaskRunSerializer):
    result = serializers.JSONField(allow_null=True)
    stored_result = StoredResultSerializer(allow_null=True)
    inputs = serializers.DictField(help_text="The bindings of the task's inputs, as in the graph.")


class GraphSerializer(serializers.Serializer[Any]):
    """The graph document of docs/graph.md."""

    schema = serializers.IntegerField(required=False)
    tasks = serializers.ListField(child=serializers.DictField())
    edges = serializers.ListField(child=serializers.DictField())
    reference_tasks = serializers.ListField(child=serializers.CharField(), required=False)
    result_task = serializers.CharField(allow_null=True, required=False)


class StateChangeSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    slug = serializers.CharField(allow_null=True)
    map_index = serializers.IntegerField(allow_null=True)
    attempt = serializers.IntegerField()
    before = serializers.ChoiceField(STATES, allow_blank=True)
    after = serializers.ChoiceField(STATES)
    message = serializers.CharField()
    actor = serializers.CharField(allow_null=True)


class LogLineSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    task_run = serializers.UUIDField()
    slug = serializers.CharField()
    attempt = serializers.IntegerField()
    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    level = serializers.IntegerField()
    message = serializers.CharField()
