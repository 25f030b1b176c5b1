"""What lists can be narrowed by."""

import uuid
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django_filters import filters
from django_filters.filterset import FilterSet

from orchestrator.core.states import State
from orchestrator.models import Flow, FlowRun, Schedule, Source, TaskRun
from orchestrator.models.runs import TASK_RUN_STATES


class _FlowNamed(filters.CharFilter):
    """`?flow=project/name`."""

    def filter(self, qs: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        if not value:
            return qs
        project, _, name = value.partition("/")
        return qs.filter(flow__project__name=project, flow__name=name)


class _TrueOrFalseField(forms.NullBooleanField):
    """Django's own reads what is neither as if nothing had been said."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if (word := str(value).lower()) not in ("true", "false"):
            raise forms.ValidationError(f"This is true or false, not {value!r:.80}.", code="invalid")
        return word == "true"


class _TrueOrFalse(filters.BooleanFilter):
    field_class = _TrueOrFalseField


class FlowFilter(FilterSet):
    project = filters.CharFilter(field_name="project__name")
    source = filters.ChoiceFilter(choices=Source.choices)
    search = filters.CharFilter(method="found", label="A part of the name or the description.")

    class Meta:
        model = Flow
        fields = ["project", "source", "search"]

    def found(self, flows: QuerySet[Flow], name: str, words: str) -> QuerySet[Flow]:
        return flows.filter(
            Q(name__icontains=words) | Q(description__icontains=words) | Q(project__name__icontains=words)
        )


class FlowRunFilter(FilterSet):
    flow = _FlowNamed(label="project/name")  # type: ignore[no-untyped-call]  # django-filter has no types
    project = filters.CharFilter(field_name="flow__project__name")
    state = filters.MultipleChoiceFilter(
        choices=[(state.value, state.value) for state in State], label="May be given several times."
    )
    root = _TrueOrFalse(  # type: ignore[no-untyped-call]  # django-filter has no types
        field_name="parent_task_run", lookup_expr="isnull", label="true: only runs that no other run started."
    )
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    parent = filters.UUIDFilter(
        field_name="parent_task_run__flow_run", label="Only the child flow runs of this flow run."
    )
    search = filters.CharFilter(method="found", label="A part of the run's or the flow's name, or an id.")

    class Meta:
        model = FlowRun
        fields = ["flow", "project", "state", "root", "created_after", "created_before", "parent", "search"]

    def found(self, flow_runs: QuerySet[FlowRun], name: str, words: str) -> QuerySet[FlowRun]:
        try:
            return flow_runs.filter(pk=uuid.UUID(words))
        except ValueError:
            return flow_runs.filter(
                Q(name__icontains=words) | Q(flow__name__icontains=words) | Q(flow__project__name__icontains=words)
            )


class ScheduleFilter(FilterSet):
    flow = _FlowNamed(label="project/name")  # type: ignore[no-untyped-call]  # django-filter has no types
    project = filters.CharFilter(field_name="flow__project__name")
    is_active = _TrueOrFalse()  # type: ignore[no-untyped-call]  # django-filter has no types

    class Meta:
        model = Schedule
        fields = ["flow", "project", "is_active"]


class ChangeFilter(FilterSet):
    task_run = filters.UUIDFilter(label="Only the changes of this task run.")
    flow_run_only = _TrueOrFalse(  # type: ignore[no-untyped-call]  # django-filter has no types
        field_name="task_run", lookup_expr="isnull", label="true: only the changes of the flow run itself."
    )


class LogFilter(FilterSet):
    task_run = filters.UUIDFilter(label="Only what this task run logged.")
    after = filters.NumberFilter(
        field_name="id", lookup_expr="gt", min_value=0, max_value=2**63 - 1, label="Only lines after this id."
    )


class ItemFilter(FilterSet):
    slug = filters.CharFilter(required=True, label="The mapped task.")
    state = filters.ChoiceFilter(choices=TASK_RUN_STATES)
    index = filters.NumberFilter(field_name="map_index")

    class Meta:
        model = TaskRun
        fields = ["slug", "state", "index"]
