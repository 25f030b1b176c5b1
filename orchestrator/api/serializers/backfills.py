"""Shapes of backfills."""

from typing import Any

from rest_framework import serializers

from orchestrator.api.serializers.schedules import FireTimeSerializer
from orchestrator.api.serializers.strict import JsonObject, StrictSerializer
from orchestrator.models.schedules import BackfillState


class BackfillSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    schedule = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    parameters = serializers.DictField()
    max_concurrent = serializers.IntegerField()
    state = serializers.ChoiceField(BackfillState.choices)
    message = serializers.CharField()
    total = serializers.IntegerField(help_text="Fire times that had no run when it was made.")
    already_run = serializers.IntegerField(help_text="Fire times of the range that had a run.")
    ended_runs = serializers.IntegerField()
    runs = serializers.DictField(child=serializers.IntegerField(), help_text="How many of its runs are in which state.")
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class RangeSerializer(StrictSerializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class NewBackfillSerializer(RangeSerializer):
    max_concurrent = serializers.IntegerField(default=1)
    parameters = JsonObject(allow_null=True, default=None, help_text="Instead of the schedule's; null: those.")


class CancelBackfillSerializer(StrictSerializer):
    cancel_runs = serializers.BooleanField(default=False, help_text="Cancel its unfinished runs too.")


class PlannedSerializer(FireTimeSerializer):
    has_run = serializers.BooleanField()


class BackfillPreviewSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Fire times that have no run yet.")
    already_run = serializers.IntegerField()
    fire_times = PlannedSerializer(many=True)
