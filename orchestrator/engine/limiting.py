"""People say how many runs are under way at once, and how many task runs with a tag."""

from orchestrator.engine.admission_statements import NOTE_LIMITED
from orchestrator.engine.database import send
from orchestrator.engine.following import carry_out
from orchestrator.engine.steps import Admit, AdmitTagged, Step
from orchestrator.engine.tagged import hear_of_limits
from orchestrator.models import Flow, Project


def limit_flow(*, flow: Flow, **limits: int | str | None) -> Flow:
    """Change `max_runs` (None: any number) and `overlap` of a flow; runs for which there is room now begin."""
    for name, value in limits.items():
        setattr(flow, name, value)
    flow.save(update_fields=list(limits))
    _heed_runs(flow.project_id)
    return flow


def heed_limits(*, project: Project) -> None:
    """Let what waits in a project obey its limits as they are now: what there is room for begins, the rest is held."""
    hear_of_limits()
    _heed_runs(project.pk)
    carry_out([Step(follow_ups=[AdmitTagged(project.pk)])])


def _heed_runs(project_id: int) -> None:
    send(NOTE_LIMITED, project_id=project_id)
    carry_out([Step(follow_ups=[Admit(project_id, may_share=True)])])
