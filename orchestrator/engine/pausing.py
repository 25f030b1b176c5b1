"""Hold a flow run, so that nothing new of it starts, and let it go on."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.engine.following import carry_out
from orchestrator.engine.pauses import NotPausable, NotPaused, pause_one, resume_one

__all__ = ["NotPausable", "NotPaused", "pause_flow_run", "resume_flow_run"]


def pause_flow_run(
    *, flow_run_id: UUID, user: AbstractBaseUser | None = None, reason: str = "", leave_children: bool = False
) -> None:
    """Let nothing new of a flow run start; what runs goes on, and ends. One that is Paused stays so.

    The child flow runs that it waits for are paused with it, on every level, unless `leave_children`; those that were
    paused already stay so by themselves. A task run that a worker loses, or gives back unstarted, was running: it goes
    on elsewhere.

    :raises UnknownFlowRun: there is none of that id
    :raises NotPausable: it has not begun, is being cancelled, or has ended
    """
    carry_out([pause_one(flow_run_id=flow_run_id, user=user, reason=reason, leave_children=leave_children)])


def resume_flow_run(*, flow_run_id: UUID, user: AbstractBaseUser | None = None) -> None:
    """Start what could have started in a flow run while it was paused, and in those that were paused with it.

    Resumed below a flow run that is still paused, it goes on all the same, until that one is paused anew.

    :raises UnknownFlowRun: there is none of that id
    :raises NotPaused: it is not Paused
    """
    carry_out([resume_one(flow_run_id=flow_run_id, user=user)])
