"""The items of mapped tasks: counted with their task, listed by the page."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Subquery

from orchestrator.models import FlowRun, TaskRun


def item_counts(flow_run_id: UUID, numbers: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return slug -> state -> how many items of the mapped task are in it.

    :param numbers: slug -> how many items it was given
    """
    counts: dict[str, dict[str, int]] = {slug: {} for slug in numbers}
    if not numbers:
        return counts
    given = Q(pk__in=[])
    for slug, number in numbers.items():
        given |= Q(slug=slug, map_index__gte=0, map_index__lt=number)
    found = TaskRun.objects.filter(given, flow_run=flow_run_id).order_by().values_list("slug", "state")
    for slug, state, number in found.annotate(number=Count("pk")):
        counts[slug][state] = number
    return counts


def items_of(flow_run: FlowRun, slug: str) -> QuerySet[TaskRun]:
    """Return the items that a mapped task was given, in their order."""
    number = TaskRun.objects.filter(flow_run=flow_run, slug=slug, map_index=-1).values("items")
    found = TaskRun.objects.filter(flow_run=flow_run, slug=slug, map_index__gte=0)
    return found.filter(map_index__lt=Subquery(number)).order_by("map_index")
