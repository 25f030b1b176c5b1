"""The shape of every refusal."""

from typing import Any

from rest_framework import serializers


class EdgeSerializer(serializers.Serializer[Any]):
    upstream = serializers.CharField()
    downstream = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong, and where."""

    code = serializers.CharField()
    message = serializers.CharField()
    task = serializers.CharField(allow_null=True)
    field = serializers.CharField(allow_null=True)
    edge = EdgeSerializer(allow_null=True)


class RefusalSerializer(serializers.Serializer[Any]):
    """The body of every answer from 400 to 499."""

    code = serializers.CharField()
    message = serializers.CharField()
    errors = ProblemSerializer(many=True)  # type: ignore[assignment] # a field, like the others
