"""Schedules, and the preview of one that is being written."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.filters import ScheduleFilter
from orchestrator.api.permissions import ANYONE_SIGNED_IN
from orchestrator.api.serializers.runs import NothingSerializer
from orchestrator.api.serializers.schedules import (
    NewScheduleSerializer,
    PauseSerializer,
    PreviewQuestionSerializer,
    PreviewSerializer,
    ScheduleChangeSerializer,
    ScheduleSerializer,
)
from orchestrator.api.view import ApiView
from orchestrator.core.schedules import describe, preview, read_timing
from orchestrator.engine.scheduling import (
    counted_from,
    create_schedule,
    delete_schedule,
    pause_schedule,
    resume_schedule,
    update_schedule,
)
from orchestrator.models import Schedule
from orchestrator.models.schedules import ClockKind
from orchestrator.queries.access import Role
from orchestrator.queries.schedules import schedule_document, schedule_documents, schedules_for_reading


class Schedules(ApiView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": Role.OPERATOR}
    queryset = Schedule.objects.none()
    filterset_class = ScheduleFilter

    @answers("schedules_list", 422, ok=ScheduleSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List schedules by flow."""
        schedules = self.listed(schedules_for_reading(self.user))
        return self.get_paginated_response(schedule_documents(schedules, now=timezone.now()))

    @answers("schedules_create", 400, 413, 422, request=NewScheduleSerializer, created=ScheduleSerializer)
    def post(self, request: Request) -> Response:
        """Give a flow a schedule."""
        given = self.read(NewScheduleSerializer)
        flow = self.find_flow(given.pop("flow"), in_body=True)
        schedule = create_schedule(flow=flow, user=self.user, now=timezone.now(), **given)
        return Response(schedule_document(schedule, now=timezone.now()), status=201)


class _OfOneSchedule(ApiView):
    """What the addresses below `schedules/{id}/` share."""

    def schedule(self, schedule_id: int) -> Schedule:
        visible: QuerySet[Schedule] = schedules_for_reading(self.user)
        return self.find(visible, pk=schedule_id)

    def answer(self, schedule: Schedule) -> Response:
        return Response(schedule_document(schedule, now=timezone.now()))


class OneSchedule(_OfOneSchedule):
    roles = {"GET": Role.VIEWER, "PATCH": Role.OPERATOR, "DELETE": Role.OPERATOR}

    @answers("schedules_retrieve", ok=ScheduleSerializer)
    def get(self, request: Request, schedule_id: int) -> Response:
        """Show a schedule in words, with its next fire times."""
        return self.answer(self.schedule(schedule_id))

    @answers("schedules_update", 400, 413, 422, request=ScheduleChangeSerializer, ok=ScheduleSerializer)
    def patch(self, request: Request, schedule_id: int) -> Response:
        """Change a schedule; what is left out stays."""
        schedule = self.schedule(schedule_id)
        changes = self.read(ScheduleChangeSerializer, partial=True)
        return self.answer(update_schedule(schedule=schedule, now=timezone.now(), **changes))

    @answers("schedules_delete")
    def delete(self, request: Request, schedule_id: int) -> Response:
        """Remove a schedule; the runs that it started stay."""
        delete_schedule(schedule=self.schedule(schedule_id))
        return Response(status=204)


class Pause(_OfOneSchedule):
    roles = {"POST": Role.OPERATOR}

    @answers("schedules_pause", 400, 422, request=PauseSerializer, ok=ScheduleSerializer)
    def post(self, request: Request, schedule_id: int) -> Response:
        """Pause a schedule: it starts nothing until it is resumed."""
        schedule = self.schedule(schedule_id)
        given = self.read(PauseSerializer)
        return self.answer(pause_schedule(schedule=schedule, now=timezone.now(), **given))


class Resume(_OfOneSchedule):
    roles = {"POST": Role.OPERATOR}

    @answers("schedules_resume", 400, 422, request=NothingSerializer, ok=ScheduleSerializer)
    def post(self, request: Request, schedule_id: int) -> Response:
        """Resume a paused schedule, from now on."""
        schedule = self.schedule(schedule_id)
        self.read(NothingSerializer)
        return self.answer(resume_schedule(schedule=schedule, now=timezone.now()))


class Preview(ApiView):
    roles = {"POST": ANYONE_SIGNED_IN}

    @answers("schedules_preview", 400, 422, request=PreviewQuestionSerializer, ok=PreviewSerializer)
    def post(self, request: Request) -> Response:
        """Say in words when a schedule fires, and the next times, without saving anything."""
        asked, now = self.read(PreviewQuestionSerializer), timezone.now()
        count = asked.pop("count")
        if asked["kind"] == ClockKind.INTERVAL:
            asked["start_at"] = asked["start_at"] or counted_from(now)
        timing = read_timing(Schedule(**asked).timing_document())
        fire_times = preview(timing, after=now, count=count)
        return Response(
            {"description": describe(timing), "next_fire_times": [fire_time.document() for fire_time in fire_times]}
        )
