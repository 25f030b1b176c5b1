"""Drafts of the canvas, and publishing them."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.api.answers import answers
from orchestrator.api.serializers.flows import (
    DraftChangeSerializer,
    DraftSerializer,
    PublicationSerializer,
    VersionDetailSerializer,
)
from orchestrator.api.view import ApiView
from orchestrator.core.graph import FlowName
from orchestrator.engine.drafts import publish_draft, save_draft
from orchestrator.models import Draft
from orchestrator.queries.access import Role
from orchestrator.queries.drafts import draft_problems
from orchestrator.queries.flows import draft_document, version_detail_document


class OneDraft(ApiView):
    roles = {"GET": Role.VIEWER, "PUT": Role.EDITOR}

    @answers("draft_retrieve", ok=DraftSerializer)
    def get(self, request: Request, project: str, name: str) -> Response:
        """Show the draft and what keeps it from being published."""
        drafts = Draft.objects.select_related("base_version", "updated_by", "flow__project")
        draft = drafts.filter(flow=self.find_flow(FlowName(project, name))).first()
        if draft is None:
            raise Http404
        return Response(draft_document(draft, draft_problems(draft, self.user)))

    @answers("draft_update", 400, 409, 413, 422, request=DraftChangeSerializer, ok=DraftSerializer)
    def put(self, request: Request, project: str, name: str) -> Response:
        """Save the draft, problems and all, unless somebody else has saved it since you read it."""
        flow = self.find_flow(FlowName(project, name))
        given = {"parameter_schema": None, **self.read(DraftChangeSerializer)}
        draft = save_draft(flow=flow, user=self.user, **given)
        return Response(draft_document(draft, draft_problems(draft, self.user)))


class Publish(ApiView):
    roles = {"POST": Role.EDITOR}

    @answers(
        "draft_publish",
        400,
        409,
        422,
        request=PublicationSerializer,
        created=VersionDetailSerializer,
        ok=VersionDetailSerializer,
    )
    def post(self, request: Request, project: str, name: str) -> Response:
        """Publish the draft as the next version; 200 and the latest version where nothing changed."""
        flow = self.find_flow(FlowName(project, name))
        published = publish_draft(flow=flow, user=self.user, **self.read(PublicationSerializer))
        return Response(version_detail_document(published.version), status=201 if published.created else 200)
