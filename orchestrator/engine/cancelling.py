"""Cancel a flow run, and what it waits for."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.engine.cancels import cancel_one
from orchestrator.engine.following import carry_out


def cancel_flow_run(*, flow_run_id: UUID, user: AbstractBaseUser | None = None, leave_children: bool = False) -> None:
    """Cancel a flow run: what has not started at once, what is running as soon as it stops. A finished one stays.

    Children that it waits for are cancelled too, unless `leave_children`; they then run on by themselves.

    :raises UnknownFlowRun: there is none of that id
    """
    carry_out([cancel_one(flow_run_id=flow_run_id, user=user, leave_children=leave_children)])
