"""Actions on several rows at once: each an operation of the engine, as allowed to the person as through the API."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest

from orchestrator.admin.looking import AnyModelAdmin
from orchestrator.models import Project
from orchestrator.queries.access import Role, can


class OperatorsAct(AnyModelAdmin):
    """An admin whose actions need the role of an operator in the project of each row."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Offer the actions to whom may see the rows; each row's project decides when it comes to it."""
        return self.has_view_permission(request)

    def act(
        self,
        request: HttpRequest,
        rows: Iterable[Any],
        operation: Callable[[Any, User], object],
        *,
        project_of: Callable[[Any], Project],
        done: str,
    ) -> None:
        """Do `operation` to each row, and tell the person how many were `done` and why others were not."""
        user = request.user
        assert isinstance(user, User)
        count = 0
        for row in rows:
            if not can(user, project_of(row), Role.OPERATOR):
                self.message_user(request, f"{row}: your role in its project does not allow that.", messages.ERROR)
                continue
            try:
                operation(row, user)
            except ValueError as refusal:
                # The engine's refusals are ValueErrors whose message says what was found and what to do.
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
                continue
            count += 1
        if count:
            self.message_user(request, f"{count} {done}.", messages.SUCCESS)
