"""Backfills of a schedule, and the preview of one that is being planned."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.serializers.backfills import (
    BackfillPreviewSerializer,
    BackfillSerializer,
    CancelBackfillSerializer,
    NewBackfillSerializer,
    RangeSerializer,
)
from orchestrator.api.view import ApiView
from orchestrator.engine.backfilling import cancel_backfill, create_backfill, plan_backfill
from orchestrator.models import Backfill, Schedule
from orchestrator.queries.access import Role
from orchestrator.queries.backfills import backfill_document
from orchestrator.queries.schedules import schedules_for_reading


class _OfOneSchedule(ApiView):
    """What the addresses below `schedules/{id}/backfills/` share."""

    def schedule(self, schedule_id: int) -> Schedule:
        visible: QuerySet[Schedule] = schedules_for_reading(self.user)
        return self.find(visible, pk=schedule_id)

    def backfill(self, schedule_id: int, backfill_id: int) -> Backfill:
        found = Backfill.objects.filter(schedule=self.schedule(schedule_id))
        return self.find(found.select_related("created_by", "schedule__flow__project"), pk=backfill_id)


class Backfills(_OfOneSchedule):
    roles = {"GET": Role.VIEWER, "POST": Role.OPERATOR}
    limited = frozenset({"POST"})
    queryset = Backfill.objects.none()

    @answers("backfills_list", 422, ok=BackfillSerializer(many=True))
    def get(self, request: Request, schedule_id: int) -> Response:
        """List the backfills of a schedule, newest first, with their progress."""
        found = Backfill.objects.filter(schedule=self.schedule(schedule_id)).select_related("created_by")
        return self.get_paginated_response([backfill_document(each) for each in self.listed(found.order_by("-pk"))])

    @answers("backfills_create", 400, 413, 422, 429, request=NewBackfillSerializer, created=BackfillSerializer)
    def post(self, request: Request, schedule_id: int) -> Response:
        """Give the fire times of a range their runs, a few at a time; those that have a run get no second one."""
        schedule = self.schedule(schedule_id)
        given = self.read(NewBackfillSerializer)
        backfill = create_backfill(schedule=schedule, user=self.user, now=timezone.now(), **given)
        return Response(backfill_document(backfill), status=201)


class Preview(_OfOneSchedule):
    roles = {"POST": Role.VIEWER}

    @answers("backfills_preview", 400, 422, request=RangeSerializer, ok=BackfillPreviewSerializer)
    def post(self, request: Request, schedule_id: int) -> Response:
        """Show the fire times that a backfill of a range would run, without starting anything."""
        schedule = self.schedule(schedule_id)
        planned = plan_backfill(schedule=schedule, now=timezone.now(), **self.read(RangeSerializer))
        already_run = sum(each.has_run for each in planned)
        return Response(
            {
                "total": len(planned) - already_run,
                "already_run": already_run,
                "fire_times": [each.document() for each in planned],
            }
        )


class OneBackfill(_OfOneSchedule):
    roles = {"GET": Role.VIEWER}

    @answers("backfills_retrieve", ok=BackfillSerializer)
    def get(self, request: Request, schedule_id: int, backfill_id: int) -> Response:
        """Show a backfill with its progress."""
        return Response(backfill_document(self.backfill(schedule_id, backfill_id)))


class Cancel(_OfOneSchedule):
    roles = {"POST": Role.OPERATOR}

    @answers("backfills_cancel", 400, 409, 422, request=CancelBackfillSerializer, ok=BackfillSerializer)
    def post(self, request: Request, schedule_id: int, backfill_id: int) -> Response:
        """Cancel a backfill: it starts nothing more. Its unfinished runs go on unless asked otherwise."""
        backfill = self.backfill(schedule_id, backfill_id)
        given = self.read(CancelBackfillSerializer)
        cancelled = cancel_backfill(backfill=backfill, user=self.user, now=timezone.now(), **given)
        return Response(backfill_document(cancelled))
