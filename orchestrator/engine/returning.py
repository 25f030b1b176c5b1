"""What a worker holds and does not end: it goes back, for other workers."""

from collections import Counter
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from orchestrator import dispatch
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.completing import complete
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import one_transaction, retried, rows
from orchestrator.engine.following import carry_out
from orchestrator.engine.statements import GIVE_BACK
from orchestrator.engine.steps import Claim


def give_back(*, claims: list[Claim], message: str, started: bool = False) -> None:
    """Let other workers have claims of this one, as neither failures nor losses; in a cancelled flow run they end.

    :param started: they were executed in part, so that whoever takes them executes the next attempt
    """
    point("giving back")
    for flow_run_id, group in groupby(sorted(claims, key=attrgetter("flow_run_id")), key=attrgetter("flow_run_id")):
        of_one = list(group)
        given = _give_back(flow_run_id, of_one, message, started)
        kept = [held for held in of_one if held.task_run_id not in given]
        if kept:
            # They are no longer the worker's, which changes nothing, or their flow run is being cancelled.
            stopped = Ending(State.CANCELLED, "Cancelled while its worker stopped.")
            carry_out(complete(ended=[(held, stopped) for held in kept]))


@retried
def _give_back(flow_run_id: UUID, claims: list[Claim], message: str, started: bool) -> set[UUID]:
    with one_transaction():
        given = rows(
            GIVE_BACK,
            flow_run_id=flow_run_id,
            ids=[held.task_run_id for held in claims],
            attempts=[held.attempt for held in claims],
            attempt_step=int(started),
            message=message,
        )
        if given:
            dispatch.wake_workers(Counter(queue for _, queue in given))
            dispatch.flow_runs_changed([flow_run_id])
    return {identity for identity, _ in given}
