"""What people do to one task run; each answers with its flow run as it then is."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.serializers.runs import (
    ApproveSerializer,
    FlowRunSerializer,
    MarkSerializer,
    RejectSerializer,
    RestartFromSerializer,
)
from orchestrator.api.view import ApiView
from orchestrator.api.views.flow_runs import document_of
from orchestrator.engine.answering import approve_task_run, reject_task_run
from orchestrator.engine.marking import mark_task_run
from orchestrator.engine.restarting import restart_task_run
from orchestrator.models import TaskRun
from orchestrator.queries.access import Role, task_runs_visible_to


class _OfOneTaskRun(ApiView):
    """What the addresses below `task-runs/{id}/` share."""

    def task_run(self, task_run_id: UUID) -> TaskRun:
        return self.find(task_runs_visible_to(self.user).select_related("flow_run__flow__project"), pk=task_run_id)

    def flow_run_of(self, task_run: TaskRun) -> Response:
        return Response(document_of(task_run.flow_run_id, self.user))


class Restart(_OfOneTaskRun):
    roles = {"POST": Role.OPERATOR}
    limited = frozenset({"POST"})

    @answers("task_runs_restart", 400, 409, 422, request=RestartFromSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, task_run_id: UUID) -> Response:
        """Run a task and everything after it again, whatever their states; of a mapped task's item, that item alone."""
        task_run = self.task_run(task_run_id)
        restart_task_run(task_run_id=task_run.pk, user=self.user, **self.read(RestartFromSerializer))
        return self.flow_run_of(task_run)


class Mark(_OfOneTaskRun):
    roles = {"POST": Role.OPERATOR}

    @answers("task_runs_mark", 400, 409, 422, request=MarkSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, task_run_id: UUID) -> Response:
        """End a task run by hand, or give one that has ended another end; what follows from it happens."""
        task_run = self.task_run(task_run_id)
        mark_task_run(task_run_id=task_run.pk, user=self.user, **self.read(MarkSerializer))
        return self.flow_run_of(task_run)


class Approve(_OfOneTaskRun):
    # The task itself may ask for more: the engine checks.
    roles = {"POST": Role.OPERATOR}

    @answers("task_runs_approve", 400, 409, 422, request=ApproveSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, task_run_id: UUID) -> Response:
        """Let a paused task run go on; what an approval proposes may be edited."""
        task_run = self.task_run(task_run_id)
        approve_task_run(task_run_id=task_run.pk, user=self.user, **self.read(ApproveSerializer))
        return self.flow_run_of(task_run)


class Reject(_OfOneTaskRun):
    roles = {"POST": Role.OPERATOR}

    @answers("task_runs_reject", 400, 409, 422, request=RejectSerializer, ok=FlowRunSerializer)
    def post(self, request: Request, task_run_id: UUID) -> Response:
        """End a paused task run as failed."""
        task_run = self.task_run(task_run_id)
        reject_task_run(task_run_id=task_run.pk, user=self.user, **self.read(RejectSerializer))
        return self.flow_run_of(task_run)
