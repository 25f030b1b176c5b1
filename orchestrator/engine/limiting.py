"""People say how many runs of a flow are under way at once."""

from orchestrator.engine.following import carry_out
from orchestrator.engine.steps import Admit, Step
from orchestrator.models import Flow


def limit_flow(*, flow: Flow, **limits: int | str | None) -> Flow:
    """Change `max_runs` (None: any number) and `overlap` of a flow; runs for which there is room now begin."""
    for name, value in limits.items():
        setattr(flow, name, value)
    flow.save(update_fields=list(limits))
    carry_out([Step(follow_ups=[Admit(flow.project_id)])])
    return flow
