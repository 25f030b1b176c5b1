"""The items of mapped tasks: counted with their task, listed by the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Subquery

from orchestrator.core.states import State
from orchestrator.core.tags import HELD
from orchestrator.models import FlowRun, TaskRun


@dataclass
class ItemCounts:
    """State -> how many items of a mapped task are in it, and how many of all wait for the limits of their tags."""

    states: dict[str, int] = field(default_factory=dict)
    held: int = 0


def item_counts(flow_run_id: UUID, numbers: Mapping[str, int]) -> dict[str, ItemCounts]:
    """Return slug -> the counts of the items of the mapped task.

    :param numbers: slug -> how many items it was given
    """
    counts = {slug: ItemCounts() for slug in numbers}
    if not numbers:
        return counts
    given = Q(pk__in=[])
    for slug, number in numbers.items():
        given |= Q(slug=slug, map_index__gte=0, map_index__lt=number)
    found = TaskRun.objects.filter(given, flow_run=flow_run_id).order_by().values_list("slug", "state")
    held = Count("pk", filter=Q(state=State.SUBMITTED, queue__startswith=HELD))
    for slug, state, number, waiting in found.annotate(number=Count("pk"), held=held):
        counts[slug].states[state] = number
        counts[slug].held += waiting
    return counts


def items_of(flow_run: FlowRun, slug: str) -> QuerySet[TaskRun]:
    """Return the items that a mapped task was given, in their order."""
    number = TaskRun.objects.filter(flow_run=flow_run, slug=slug, map_index=-1).values("items")
    found = TaskRun.objects.filter(flow_run=flow_run, slug=slug, map_index__gte=0)
    return found.filter(map_index__lt=Subquery(number)).order_by("map_index")
