"""People say how many runs are under way at once, and how many task runs with a tag."""

from orchestrator.engine.following import carry_out
from orchestrator.engine.steps import Admit, AdmitTagged, Step
from orchestrator.engine.tagged import hear_of_limits
from orchestrator.models import Flow, Project


def limit_flow(*, flow: Flow, **limits: int | str | None) -> Flow:
    """Change `max_runs` (None: any number) and `overlap` of a flow; runs for which there is room now begin."""
    for name, value in limits.items():
        setattr(flow, name, value)
    flow.save(update_fields=list(limits))
    carry_out([Step(follow_ups=[Admit(flow.project_id)])])
    return flow


def heed_limits(*, project: Project) -> None:
    """Let what waits in a project obey its limits as they are now: what there is room for begins, the rest is held."""
    hear_of_limits()
    carry_out([Step(follow_ups=[Admit(project.pk), AdmitTagged(project.pk)])])
