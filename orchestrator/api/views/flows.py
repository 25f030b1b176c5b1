"""Projects, flows and their versions."""

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.filters import FlowFilter
from orchestrator.api.permissions import ANYONE_SIGNED_IN
from orchestrator.api.serializers.flows import (
    FlowDetailSerializer,
    FlowLimitsSerializer,
    FlowSerializer,
    NewFlowSerializer,
    ProjectSerializer,
    VersionDetailSerializer,
    VersionSerializer,
)
from orchestrator.api.view import ApiView
from orchestrator.core.graph import FlowName
from orchestrator.engine.drafts import create_canvas_flow
from orchestrator.engine.limiting import limit_flow
from orchestrator.models import Flow, FlowVersion
from orchestrator.queries.access import Role, projects_visible_to
from orchestrator.queries.flows import (
    flow_detail_document,
    flow_documents,
    flows_for_reading,
    version_detail_document,
    version_document,
    versions_for_reading,
)
from orchestrator.queries.projects import project_documents


class Projects(ApiView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @answers("projects_list", 422, ok=ProjectSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the projects in which you have a role."""
        projects = self.listed(projects_visible_to(self.user).order_by("name"))
        return self.get_paginated_response(project_documents(projects, self.user))


class Flows(ApiView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": Role.EDITOR}
    queryset = Flow.objects.none()
    filterset_class = FlowFilter

    @answers("flows_list", 422, ok=FlowSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List flows by project and name."""
        flows = self.listed(flows_for_reading(self.user).order_by("project__name", "name"))
        return self.get_paginated_response(flow_documents(flows))

    @answers("flows_create", 400, 409, 413, 422, request=NewFlowSerializer, created=FlowDetailSerializer)
    def post(self, request: Request) -> Response:
        """Create a flow to compose on the canvas: without versions, with an empty draft."""
        given = self.read(NewFlowSerializer)
        name = given.pop("project")
        project = self.find(projects_visible_to(self.user), f"project {name}", name=name)
        flow = create_canvas_flow(project=project, user=self.user, **given)
        return Response(_detail(flow, self.user), status=201)


class OneFlow(ApiView):
    roles = {"GET": Role.VIEWER, "PATCH": Role.EDITOR}

    @answers("flows_retrieve", ok=FlowDetailSerializer)
    def get(self, request: Request, project: str, name: str) -> Response:
        """Show a flow with the graph of its latest version."""
        return Response(_detail(self.find_flow(FlowName(project, name)), self.user))

    @answers("flows_limit", 400, 413, 422, request=FlowLimitsSerializer, ok=FlowDetailSerializer)
    def patch(self, request: Request, project: str, name: str) -> Response:
        """Limit how many runs of the flow are under way at once."""
        flow = self.find_flow(FlowName(project, name))
        return Response(_detail(limit_flow(flow=flow, **self.read(FlowLimitsSerializer, partial=True)), self.user))


class Versions(ApiView):
    roles = {"GET": Role.VIEWER}
    queryset = FlowVersion.objects.none()

    @answers("versions_list", 422, ok=VersionSerializer(many=True))
    def get(self, request: Request, project: str, name: str) -> Response:
        """List the versions of a flow, newest first."""
        versions = self.listed(versions_for_reading(self.find_flow(FlowName(project, name))))
        return self.get_paginated_response([version_document(version) for version in versions])


class OneVersion(ApiView):
    roles = {"GET": Role.VIEWER}

    @answers("versions_retrieve", ok=VersionDetailSerializer)
    def get(self, request: Request, project: str, name: str, number: int) -> Response:
        """Show one version with its graph."""
        versions = versions_for_reading(self.find_flow(FlowName(project, name))).defer(None)
        version = versions.filter(number=number).first()
        if version is None:
            raise Http404
        return Response(version_detail_document(version))


def _detail(flow: Flow, user: User) -> dict[str, Any]:
    return flow_detail_document(flows_for_reading(user).defer(None).get(pk=flow.pk))
