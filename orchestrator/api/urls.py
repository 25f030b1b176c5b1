"""The addresses of the REST API. Where a flow's name ends is decided by what follows it, so the longest come first."""

from typing import Any

from django.http import Http404
from django.urls import path, re_path, register_converter
from rest_framework.request import Request

from orchestrator.api.documentation import Page, Schema
from orchestrator.api.names import FlowNameConverter, ProjectNameConverter
from orchestrator.api.permissions import ANYONE_SIGNED_IN
from orchestrator.api.view import ApiView
from orchestrator.api.views import backfills, drafts, flow_runs, flows, history, schedules, task_runs

register_converter(ProjectNameConverter, "project")
register_converter(FlowNameConverter, "flow")


class Nowhere(ApiView):
    """Answer for every other address as the API answers."""

    roles = dict.fromkeys(["GET", "POST", "PUT", "PATCH", "DELETE"], ANYONE_SIGNED_IN)
    schema = None

    def get(self, request: Request, **_: Any) -> None:
        raise Http404

    post = put = patch = delete = get


urlpatterns = [
    path("projects/", flows.Projects.as_view()),
    path("flows/", flows.Flows.as_view()),
    path("flows/<project:project>/<flow:name>/versions/<int:number>/", flows.OneVersion.as_view()),
    path("flows/<project:project>/<flow:name>/versions/", flows.Versions.as_view()),
    path("flows/<project:project>/<flow:name>/draft/", drafts.OneDraft.as_view()),
    path("flows/<project:project>/<flow:name>/publish/", drafts.Publish.as_view()),
    path("flows/<project:project>/<flow:name>/", flows.OneFlow.as_view()),
    path("flow-runs/", flow_runs.FlowRuns.as_view()),
    path("flow-runs/<uuid:flow_run_id>/", flow_runs.OneFlowRun.as_view()),
    path("flow-runs/<uuid:flow_run_id>/graph/", flow_runs.Graph.as_view()),
    path("flow-runs/<uuid:flow_run_id>/changes/", history.Changes.as_view()),
    path("flow-runs/<uuid:flow_run_id>/logs/", history.Logs.as_view()),
    path("flow-runs/<uuid:flow_run_id>/items/", flow_runs.Items.as_view()),
    path("flow-runs/<uuid:flow_run_id>/task-runs/<uuid:task_run_id>/", flow_runs.OneTaskRun.as_view()),
    path("flow-runs/<uuid:flow_run_id>/result/", flow_runs.Result.as_view()),
    path("flow-runs/<uuid:flow_run_id>/task-runs/<uuid:task_run_id>/result/", flow_runs.TaskRunResult.as_view()),
    path("flow-runs/<uuid:flow_run_id>/cancel/", flow_runs.Cancel.as_view()),
    path("flow-runs/<uuid:flow_run_id>/restart/", flow_runs.Restart.as_view()),
    path("flow-runs/<uuid:flow_run_id>/pause/", flow_runs.Pause.as_view()),
    path("flow-runs/<uuid:flow_run_id>/resume/", flow_runs.Resume.as_view()),
    path("flow-runs/<uuid:flow_run_id>/mark/", flow_runs.Mark.as_view()),
    path("task-runs/<uuid:task_run_id>/restart/", task_runs.Restart.as_view()),
    path("task-runs/<uuid:task_run_id>/approve/", task_runs.Approve.as_view()),
    path("task-runs/<uuid:task_run_id>/reject/", task_runs.Reject.as_view()),
    path("task-runs/<uuid:task_run_id>/mark/", task_runs.Mark.as_view()),
    path("schedules/", schedules.Schedules.as_view()),
    path("schedules/preview/", schedules.Preview.as_view()),
    path("schedules/<int:schedule_id>/", schedules.OneSchedule.as_view()),
    path("schedules/<int:schedule_id>/pause/", schedules.Pause.as_view()),
    path("schedules/<int:schedule_id>/resume/", schedules.Resume.as_view()),
    path("schedules/<int:schedule_id>/backfills/", backfills.Backfills.as_view()),
    path("schedules/<int:schedule_id>/backfills/preview/", backfills.Preview.as_view()),
    path("schedules/<int:schedule_id>/backfills/<int:backfill_id>/", backfills.OneBackfill.as_view()),
    path("schedules/<int:schedule_id>/backfills/<int:backfill_id>/cancel/", backfills.Cancel.as_view()),
    path("schema/", Schema.as_view(), name="api-schema"),
    path("docs/", Page.as_view(), name="api-docs"),
    re_path("", Nowhere.as_view()),
]
