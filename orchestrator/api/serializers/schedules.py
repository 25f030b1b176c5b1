"""Shapes of schedules."""

from typing import Any

from rest_framework import serializers

from orchestrator.api.serializers.strict import FlowNameField, JsonObject, StrictSerializer
from orchestrator.models import Source
from orchestrator.models.schedules import CatchUp

MOST_PREVIEWED = 50


class FireTimeSerializer(serializers.Serializer[Any]):
    utc = serializers.DateTimeField()
    local = serializers.DateTimeField()
    offset = serializers.CharField()
    note = serializers.CharField()


class ScheduleSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    flow = serializers.CharField(help_text="project/name")
    cron = serializers.CharField()
    timezone = serializers.CharField()
    parameters = serializers.DictField()
    day_or = serializers.BooleanField()
    is_active = serializers.BooleanField()
    pause_reason = serializers.CharField()
    catch_up = serializers.ChoiceField(CatchUp.choices)
    start_at = serializers.DateTimeField(allow_null=True)
    end_at = serializers.DateTimeField(allow_null=True)
    description = serializers.CharField()
    next_fire_times = FireTimeSerializer(many=True)
    next_fire_at = serializers.DateTimeField(allow_null=True)
    last_fire_at = serializers.DateTimeField(allow_null=True)
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment] # the contract's name for it


class TimesSerializer(StrictSerializer):
    """When: a cron line read in a time zone. `day_or`: day of month OR day of week where both are restricted."""

    cron = serializers.CharField(max_length=200, allow_blank=True)
    timezone = serializers.CharField(max_length=64, allow_blank=True, default="UTC")
    day_or = serializers.BooleanField(default=True)
    start_at = serializers.DateTimeField(allow_null=True, default=None)
    end_at = serializers.DateTimeField(allow_null=True, default=None)


class ScheduleChangeSerializer(TimesSerializer):
    parameters = JsonObject(default=dict)
    catch_up = serializers.ChoiceField(CatchUp.choices, default=CatchUp.LATEST)


class NewScheduleSerializer(ScheduleChangeSerializer):
    flow = FlowNameField()


class PauseSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class PreviewQuestionSerializer(TimesSerializer):
    count = serializers.IntegerField(min_value=1, max_value=MOST_PREVIEWED, default=5)


class PreviewSerializer(serializers.Serializer[Any]):
    description = serializers.CharField()
    next_fire_times = FireTimeSerializer(many=True)
