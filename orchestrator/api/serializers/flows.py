"""Shapes of projects, flows, versions and drafts."""

from typing import Any

from rest_framework import serializers

from orchestrator.api.serializers.problems import ProblemSerializer
from orchestrator.api.serializers.strict import JsonObject, StrictSerializer
from orchestrator.models import Role, Source
from orchestrator.models.flows import OVERLAPS
from orchestrator.models.runs import FLOW_RUN_STATES


class ProjectSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)


class LastRunSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(FLOW_RUN_STATES)
    created_at = serializers.DateTimeField()


class FlowSerializer(serializers.Serializer[Any]):
    project = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment] # the contract's name for it
    latest_version = serializers.IntegerField(allow_null=True)
    parameter_schema = serializers.DictField()
    has_draft = serializers.BooleanField()
    schedules = serializers.IntegerField()
    max_runs = serializers.IntegerField(allow_null=True, help_text="Runs under way at once; null: any number.")
    overlap = serializers.ChoiceField(OVERLAPS, help_text="What becomes of a run that would be one too many.")
    last_run = LastRunSerializer(allow_null=True)
    url = serializers.CharField()


class FlowDetailSerializer(FlowSerializer):
    graph = serializers.DictField(allow_null=True)
    draft_revision = serializers.IntegerField(allow_null=True)


class FlowLimitsSerializer(StrictSerializer):
    """How many runs of the flow are under way at once, and what becomes of one more. What is left out stays."""

    max_runs = serializers.IntegerField(min_value=1, max_value=30_000, allow_null=True)
    overlap = serializers.ChoiceField(OVERLAPS)


class NewFlowSerializer(StrictSerializer):
    """A flow to compose on the canvas."""

    project = serializers.CharField(max_length=100)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=10_000, allow_blank=True, default="")


class VersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    fingerprint = serializers.CharField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment] # the contract's name for it
    author = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    created_at = serializers.DateTimeField()
    parameter_schema = serializers.DictField()


class VersionDetailSerializer(VersionSerializer):
    graph = serializers.DictField()


class DraftSerializer(serializers.Serializer[Any]):
    graph = serializers.DictField()
    parameter_schema = serializers.DictField()
    revision = serializers.IntegerField()
    base_version = serializers.IntegerField(allow_null=True)
    updated_at = serializers.DateTimeField()
    updated_by = serializers.CharField(allow_null=True)
    problems = ProblemSerializer(many=True)


class DraftChangeSerializer(StrictSerializer):
    """`revision` is the one that was edited: a save over somebody else's is refused."""

    graph = JsonObject()
    parameter_schema = JsonObject(required=False)
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class PublicationSerializer(StrictSerializer):
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    message = serializers.CharField(max_length=500, allow_blank=True, default="")
