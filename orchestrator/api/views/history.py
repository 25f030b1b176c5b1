"""What happened in a flow run: its changes of state and its logs."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.filters import ChangeFilter, LogFilter
from orchestrator.api.permissions import Roles
from orchestrator.api.serializers.runs import LogLineSerializer, StateChangeSerializer
from orchestrator.api.view import ApiView
from orchestrator.models import FlowRun, LogLine, StateChange
from orchestrator.queries.access import Role, flow_runs_visible_to
from orchestrator.queries.history import change_document, changes_of, log_line_document, log_lines_of


class _History(ApiView):
    roles: Roles = {"GET": Role.VIEWER}

    def flow_run(self, flow_run_id: UUID) -> FlowRun:
        return self.find(flow_runs_visible_to(self.user).select_related("flow__project"), pk=flow_run_id)


class Changes(_History):
    queryset = StateChange.objects.none()
    filterset_class = ChangeFilter

    @answers("flow_runs_changes", 422, ok=StateChangeSerializer(many=True))
    def get(self, request: Request, flow_run_id: UUID) -> Response:
        """List the changes of state of a flow run and its task runs, oldest first."""
        changes = self.listed(changes_of(self.flow_run(flow_run_id).pk))
        return self.get_paginated_response([change_document(change) for change in changes])


class Logs(_History):
    queryset = LogLine.objects.none()
    filterset_class = LogFilter

    @answers("flow_runs_logs", 422, ok=LogLineSerializer(many=True))
    def get(self, request: Request, flow_run_id: UUID) -> Response:
        """List what the task runs logged, oldest first; `after` continues after a line's id."""
        lines = self.listed(log_lines_of(self.flow_run(flow_run_id).pk))
        return self.get_paginated_response([log_line_document(line) for line in lines])
