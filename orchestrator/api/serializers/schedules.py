"""Shapes of schedules."""

from typing import Any

from rest_framework import serializers

from orchestrator.api.serializers.strict import FlowNameField, JsonObject, StrictSerializer
from orchestrator.core.clocks import MOST_DATES
from orchestrator.models import Source
from orchestrator.models.schedules import CatchUp, ClockKind

MOST_PREVIEWED = 50


class FireTimeSerializer(serializers.Serializer[Any]):
    utc = serializers.DateTimeField()
    local = serializers.DateTimeField()
    offset = serializers.CharField()
    note = serializers.CharField()


class ScheduleSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    flow = serializers.CharField(help_text="project/name")
    kind = serializers.ChoiceField(ClockKind.choices)
    cron = serializers.CharField(help_text="Empty where the kind is another.")
    timezone = serializers.CharField()
    parameters = serializers.DictField()
    day_or = serializers.BooleanField()
    interval_seconds = serializers.IntegerField(allow_null=True)
    dates = serializers.ListField(child=serializers.DateTimeField())
    rules = serializers.DictField(help_text="filters, or_filters, not_filters, adjustments: lists of rules by name")
    is_active = serializers.BooleanField()
    pause_reason = serializers.CharField()
    catch_up = serializers.ChoiceField(CatchUp.choices)
    start_at = serializers.DateTimeField(allow_null=True)
    end_at = serializers.DateTimeField(allow_null=True)
    description = serializers.CharField()
    problem = serializers.CharField(help_text="Why the flow cannot be started with these parameters; empty if it can.")
    next_fire_times = FireTimeSerializer(many=True)
    next_fire_at = serializers.DateTimeField(allow_null=True)
    last_fire_at = serializers.DateTimeField(allow_null=True)
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment] # the contract's name for it


class TimesSerializer(StrictSerializer):
    """When: `cron`, or `interval_seconds` counted from `start_at`, or `dates`, as `kind` says; read in a time zone.

    `day_or`: day of month OR day of week where a cron line restricts both.
    """

    kind = serializers.ChoiceField(ClockKind.choices, default=ClockKind.CRON)
    cron = serializers.CharField(max_length=200, allow_blank=True, default="")
    timezone = serializers.CharField(max_length=64, allow_blank=True, default="UTC")
    day_or = serializers.BooleanField(default=True)
    interval_seconds = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=3_155_760_000)
    dates = serializers.ListField(child=serializers.DateTimeField(), default=list, max_length=MOST_DATES)
    rules = JsonObject(default=dict)
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
