"""The OpenAPI document, and the page to read and try it on."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication

from orchestrator.api.authentication import TokenAuthentication
from orchestrator.api.permissions import ANYONE_SIGNED_IN, DenyByDefault, Roles


class BearerToken(OpenApiAuthenticationExtension):
    """Tell the document how `TokenAuthentication` is used."""

    target_class = TokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return build_bearer_security_scheme_object("Authorization", "Bearer", "anb_...")


class Schema(SpectacularAPIView):
    """The OpenAPI document, for signed-in people."""

    roles: Roles = {"GET": ANYONE_SIGNED_IN}
    permission_classes = [DenyByDefault]
    authentication_classes = [TokenAuthentication, SessionAuthentication]


class Page(SpectacularSwaggerSplitView):
    """The document as a page. Its script comes by an address of its own, as the content security policy asks."""

    roles: Roles = {"GET": ANYONE_SIGNED_IN}
    permission_classes = [DenyByDefault]
    authentication_classes = [TokenAuthentication, SessionAuthentication]
    url_name = "api-schema"
