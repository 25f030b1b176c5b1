"""Flow runs: start, list, show, and all that people do to one."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.filters import FlowRunFilter, ItemFilter
from orchestrator.api.permissions import ANYONE_SIGNED_IN
from orchestrator.api.serializers.runs import (
    CancelSerializer,
    FlowRunSerializer,
    FlowRunSummarySerializer,
    GraphSerializer,
    MarkSerializer,
    NothingSerializer,
    PauseRunSerializer,
    RestartSerializer,
    StartSerializer,
    TaskRunDetailSerializer,
    TaskRunSerializer,
)
from orchestrator.api.view import ApiView
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.marking import mark_flow_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun, Origin, TaskRun
from orchestrator.queries.access import Role, flow_runs_visible_to
from orchestrator.queries.items import items_of
from orchestrator.queries.results import result_as_json
from orchestrator.queries.runs import (
    flow_run_document,
    flow_run_summary,
    flow_runs_for_reading,
    graph_document,
    item_documents,
    task_run_detail_document,
)


class FlowRuns(ApiView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": Role.OPERATOR}
    limited = frozenset({"POST"})
    queryset = FlowRun.objects.none()
    filterset_class = FlowRunFilter

    @answers("flow_runs_list", 422, ok=FlowRunSummarySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List flow runs, newest first, without their task runs."""
        flow_runs = self.listed(flow_runs_for_reading(self.user))
        return self.get_paginated_response([flow_run_summary(flow_run) for flow_run in flow_runs])

    @answers(
        "flow_runs_create",
        400,
        409,
        413,
        422,
        429,
        request=StartSerializer,
        created=FlowRunSerializer,
        ok=FlowRunSerializer,
    )
    def post(self, request: Request) -> Response:
        """Start a flow run; 200 and the run that there is already for the same key and parameters."""
        given = self.read(StartSerializer)
        started = start_flow_run(
            flow=self.find_flow(given.pop("flow"), in_body=True),
            user=self.user,
            now=timezone.now(),
            # A bearer token is a program; a session is a person at the page.
            origin=Origin.API if request.auth else Origin.PERSON,
            **given,
        )
        document = document_of(started.flow_run_id, self.user)
        return Response(document, status=201 if started.created else 200)


class _OfOneFlowRun(ApiView):
    """What the addresses below `flow-runs/{id}/` share."""

    def flow_run(self, flow_run_id: UUID) -> FlowRun:
        return self.find(flow_runs_visible_to(self.user).select_related("flow__project"), pk=flow_run_id)

    def task_run(self, flow_run_id: UUID, task_run_id: UUID) -> TaskRun:
        task_runs = TaskRun.objects.select_related("flow_run", "stored_result")
        found = task_runs.filter(flow_run=self.flow_run(flow_run_id), pk=task_run_id).first()
        if found is None:
            raise Http404
        return found


class OneFlowRun(_OfOneFlowRun):
    roles = {"GET": Role.VIEWER}

    @answers("flow_runs_retrieve", ok=FlowRunSerializer)
    def get(self, request: Request, flow_run_id: UUID) -> Response:
        """Show a flow run with all its task runs."""
        return Response(flow_run_document(self.find(flow_runs_for_reading(self.user), pk=flow_run_id)))


class Graph(_OfOneFlowRun):
    roles = {"GET": Role.VIEWER}

    @answers("flow_runs_graph", ok=GraphSerializer)
    def get(self, request: Request, flow_run_id: UUID) -> Response:
        """Show the graph of the version that runs."""
        return Response(graph_document(self.flow_run(flow_run_id)))


class Items(_OfOneFlowRun):
    roles = {"GET": Role.VIEWER}
    queryset = TaskRun.objects.none()
    filterset_class = ItemFilter

    @answers("flow_runs_items", 422, ok=TaskRunSerializer(many=True))
    def get(self, request: Request, flow_run_id: UUID) -> Response:
        """List the items of a mapped task, in their order."""
        flow_run = self.flow_run(flow_run_id)
        items = self.listed(items_of(flow_run, request.GET.get("slug", "")))
        return self.get_paginated_response(item_documents(flow_run, [item.pk for item in items]))


class OneTaskRun(_OfOneFlowRun):
    roles = {"GET": Role.VIEWER}

    @answers("task_runs_retrieve", ok=TaskRunDetailSerializer)
    def get(self, request: Request, flow_run_id: UUID, task_run_id: UUID) -> Response:
        """Show one task run with its result and its inputs."""
        return Response(task_run_detail_document(self.task_run(flow_run_id, task_run_id)))


class Result(_OfOneFlowRun):
    roles = {"GET": Role.VIEWER}

    @answers("flow_runs_result", 409, 410, ok=OpenApiTypes.ANY)
    def get(self, request: Request, flow_run_id: UUID) -> HttpResponse:
        """Give a flow run's result whole, wherever it is kept; for download."""
        found = self.find(flow_runs_for_reading(self.user), pk=flow_run_id)
        return _download(found, f"{found.flow.name}-{found.pk}")


class TaskRunResult(_OfOneFlowRun):
    roles = {"GET": Role.VIEWER}

    @answers("task_runs_result", 409, 410, ok=OpenApiTypes.ANY)
    def get(self, request: Request, flow_run_id: UUID, task_run_id: UUID) -> HttpResponse:
        """Give a task run's result whole, wherever it is kept; for download."""
        found = self.task_run(flow_run_id, task_run_id)
        return _download(found, f"{found.slug}-{found.pk}")


class Cancel(_OfOneFlowRun):
    roles = {"POST": Role.OPERATOR}

    @answers("flow_runs_cancel", 400, 422, request=CancelSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, flow_run_id: UUID) -> Response:
        """Cancel a flow run and, unless asked otherwise, its child flow runs; a finished one stays as it is."""
        flow_run = self.flow_run(flow_run_id)
        given = self.read(CancelSerializer)
        cancel_flow_run(flow_run_id=flow_run.pk, user=self.user, **given)
        return Response(document_of(flow_run.pk, self.user))


class Restart(_OfOneFlowRun):
    roles = {"POST": Role.OPERATOR}
    limited = frozenset({"POST"})

    @answers("flow_runs_restart", 400, 409, 422, request=RestartSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, flow_run_id: UUID) -> Response:
        """Run a flow run again from where it failed, or from tasks; what ended well before them stays."""
        flow_run = self.flow_run(flow_run_id)
        restart_flow_run(flow_run_id=flow_run.pk, user=self.user, **self.read(RestartSerializer))
        return Response(document_of(flow_run.pk, self.user))


class Pause(_OfOneFlowRun):
    roles = {"POST": Role.OPERATOR}

    @answers("flow_runs_pause", 400, 409, 422, request=PauseRunSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, flow_run_id: UUID) -> Response:
        """Let nothing new of a flow run start, nor of the child flow runs that it waits for; what runs goes on."""
        flow_run = self.flow_run(flow_run_id)
        pause_flow_run(flow_run_id=flow_run.pk, user=self.user, **self.read(PauseRunSerializer))
        return Response(document_of(flow_run.pk, self.user))


class Resume(_OfOneFlowRun):
    roles = {"POST": Role.OPERATOR}

    @answers("flow_runs_resume", 400, 409, 422, request=NothingSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, flow_run_id: UUID) -> Response:
        """Start what could have started in a flow run while it was paused."""
        flow_run = self.flow_run(flow_run_id)
        self.read(NothingSerializer)
        resume_flow_run(flow_run_id=flow_run.pk, user=self.user)
        return Response(document_of(flow_run.pk, self.user))


class Mark(_OfOneFlowRun):
    roles = {"POST": Role.OPERATOR}

    @answers("flow_runs_mark", 400, 409, 422, request=MarkSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, flow_run_id: UUID) -> Response:
        """End a flow run by hand, or give one that has ended another end."""
        flow_run = self.flow_run(flow_run_id)
        mark_flow_run(flow_run_id=flow_run.pk, user=self.user, **self.read(MarkSerializer))
        return Response(document_of(flow_run.pk, self.user))


def _download(run: FlowRun | TaskRun, name: str) -> HttpResponse:
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=f"{name}.json") or ""}
    return HttpResponse(result_as_json(run), content_type="application/json", headers=headers)


def document_of(flow_run_id: UUID, user: User) -> dict[str, Any]:
    """Return a flow run as it is now, to show what an action came to."""
    return flow_run_document(flow_runs_for_reading(user).get(pk=flow_run_id))
