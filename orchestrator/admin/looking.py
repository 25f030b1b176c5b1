"""Admins of rows that are looked at, not edited: the engine writes them, and would be misled by anybody else."""

import json
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.queries.access import projects_visible_to

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyTabularInline = admin.TabularInline[Any, Any]
    AnyInlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    # Django's classes take type parameters only while types are checked.
    AnyModelAdmin, AnyTabularInline, AnyInlineFormSet = admin.ModelAdmin, admin.TabularInline, BaseInlineFormSet

MOST_INLINE = 200
_MOST_CHARACTERS = 100_000


class Scoped(AnyModelAdmin):
    """Rows of the projects in which the person has a role; superusers see all."""

    # How a row's project is found from the row.
    project = "project"
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.project}__in": projects_visible_to(request.user)})


class LookingOnly(AnyModelAdmin):
    """Rows that nobody adds, changes or deletes here."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FoundById(AnyModelAdmin):
    """Rows that a whole id finds by its index; whatever else is searched for is text."""

    ids: tuple[str, ...] = ("pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(reduce(or_, (Q(**{name: wanted}) for name in self.ids))), False


class FirstRows(AnyInlineFormSet):
    """The first rows only: a flow run can have ten thousand task runs, and a page cannot."""

    def get_queryset(self) -> QuerySet[Any]:
        return self._first_rows

    @cached_property
    def _first_rows(self) -> QuerySet[Any]:
        # Django asks once a row: the same object each time, so that the rows are read once.
        return super().get_queryset()[:MOST_INLINE]


class LookingOnlyInline(AnyTabularInline):
    """The first `MOST_INLINE` rows that belong to the one shown."""

    formset = FirstRows
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VisibleProjects(admin.RelatedFieldListFilter):
    """A filter that names only the projects that the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: AnyModelAdmin) -> list[tuple[str, Any]]:
        visible = projects_visible_to(request.user).order_by("name")
        return [(str(project.pk), project.name) for project in visible]


def badge(state: str) -> SafeString:
    """Return the state with its colour and icon, as the pages show it."""
    return format_html('<span class="badge" data-state="{}">{}</span>', state, state)


def link_to(row: Any, text: object = None) -> SafeString:
    """Return a link to another row's page in the admin; a dash for no row."""
    if row is None:
        return SafeString("-")
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, text or row)


def pretty(value: Any) -> SafeString:
    """Return JSON as people read it, cut where it becomes too much for a page."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:_MOST_CHARACTERS]}\n... ({len(text):,} characters in all)"
    return format_html("<pre>{}</pre>", text)
