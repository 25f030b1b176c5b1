"""Nobody may do anything that a view does not say."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from orchestrator.models import Project
from orchestrator.queries.access import Role, can

# What a view asks for where any signed-in person may do it and the query sets say what that person sees.
ANYONE_SIGNED_IN = None

Roles = dict[str, Role | None]


class DenyByDefault(BasePermission):
    """Allow a method only where the view's `roles` names it, and only to whom has that role in the project."""

    message = "Your role in this project does not allow that."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        handler = method_of(request).lower()
        if handler not in view.http_method_names or not hasattr(view, handler):
            return True  # answered with 405 by the view
        return method_of(request) in roles_of_view(view)

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """Views ask this for the project that the request is about (see `ApiView.find`)."""
        role = roles_of_view(view)[method_of(request)]
        return isinstance(obj, Project) and role is not ANYONE_SIGNED_IN and can(request.user, obj, role)


def roles_of_view(view: Any) -> Roles:
    """Return method -> role of a view; a view that says nothing allows nothing."""
    return getattr(view, "roles", {})


def method_of(request: Request) -> str:
    """Return the method; HEAD is a GET without its body."""
    method = request.method or ""
    return "GET" if method == "HEAD" else method
