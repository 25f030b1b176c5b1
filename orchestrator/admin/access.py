"""Who may do what: memberships, and the bearer tokens that there are."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from orchestrator.admin.looking import AnyModelAdmin
from orchestrator.models import ApiToken, Membership


@admin.register(Membership)
class MembershipAdmin(AnyModelAdmin):
    list_display = ["user", "project", "role"]
    list_filter = ["role", "project"]
    list_select_related = ["user", "project"]
    search_fields = ["user__username", "project__name"]
    autocomplete_fields = ["user", "project"]


@admin.register(ApiToken)
class ApiTokenAdmin(AnyModelAdmin):
    """Tokens are made by `manage.py create_token`, which shows them once; here they are only taken away."""

    list_display = ["prefix", "user", "created_at", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "prefix"]
    fields = ["prefix", "user", "created_at", "expires_at"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = "API tokens: made by manage.py create_token, which shows each once"
        return super().changelist_view(request, {**(extra_context or {}), "title": title})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False
