"""Run what failed again, in the same flow run: its successful task runs keep their results."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.engine.following import carry_out
from orchestrator.engine.restarts import NotFinished, restart_one

__all__ = ["NotFinished", "restart_flow_run"]


def restart_flow_run(*, flow_run_id: UUID, user: AbstractBaseUser | None = None) -> None:
    """Restart a flow run that has ended from what did not succeed: those task runs and all after them.

    The flow run keeps its id, its version and its parameters; children that failed restart likewise, children that
    succeeded do not run again. A flow run in which everything succeeded is left as it is.

    :raises UnknownFlowRun: there is none of that id
    :raises NotFinished: it has not ended
    """
    carry_out([restart_one(flow_run_id=flow_run_id, user=user)])
