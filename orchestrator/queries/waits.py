"""What flow runs wait for that a limit holds, in words: read from the limits as they are now."""

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, When

from orchestrator.core.admission import WAITS, room_text
from orchestrator.core.states import State
from orchestrator.models import FlowRun

_UNDER_WAY = [State.PENDING, State.RUNNING, State.PAUSED, State.CANCELLING]


def with_under_way(found: QuerySet[FlowRun]) -> QuerySet[FlowRun]:
    """Return flow runs that know as `under_way` how many of their flow are, where `flow_run_message` has to know."""
    of_flow = FlowRun.objects.filter(flow=OuterRef("flow"), state__in=_UNDER_WAY).order_by().values("flow")
    has_both = When(
        state=State.QUEUED,
        is_nested=False,
        flow__max_runs__isnull=False,
        flow__project__max_runs__isnull=False,
        then=Subquery(of_flow.annotate(number=Count("pk")).values("number")),
    )
    return found.annotate(under_way=Case(has_both, default=None, output_field=IntegerField()))


def flow_run_message(flow_run: FlowRun) -> str:
    """Return the message of a flow run from `with_under_way`; of a Queued one, which limit it waits for."""
    if flow_run.state != State.QUEUED:
        return flow_run.message
    flow, project = flow_run.flow, flow_run.flow.project
    of_flow, of_project = flow.max_runs, None if flow_run.is_nested else project.max_runs
    if of_flow is not None and of_project is not None and (getattr(flow_run, "under_way", None) or 0) < of_flow:
        of_flow = None
    if of_flow is not None:
        return flow_run.message.replace(WAITS, room_text(f"flow {flow}", of_flow))
    if of_project is not None:
        return flow_run.message.replace(WAITS, room_text(f"project {project}", of_project))
    return flow_run.message
