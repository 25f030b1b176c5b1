"""What workers hold: claim it, keep it."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from orchestrator import dispatch
from orchestrator.core.states import State
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import ask, retried, rows
from orchestrator.engine.passing import passed_on
from orchestrator.engine.statements import (
    CLAIM,
    HAS_SUBMITTED,
    RENEW_LEASES,
)
from orchestrator.engine.steps import Claim, Step, claim_of
from orchestrator.engine.wire import Rows


@retried
def claim(*, worker: str, limit: int) -> list[Claim]:
    """Take up to `limit` submitted task runs of the queues that this worker serves, and hold them by a lease.

    Those of higher priority come first, then the oldest.
    """
    found = _ask(worker, limit)()
    if found:
        dispatch.flow_runs_changed({row[1] for row in found})
    point("claimed")
    return [claim_of(row) for row in found]


def claim_with(step: Step, *, limit: int) -> None:
    """Claim for the step's worker, in its transaction, unless the worker has something to go on with by then."""
    if limit and not (step.claimed or step.follow_ups):
        step.claiming.append(_ask(step.worker, limit))


def _ask(worker: str, limit: int) -> Callable[[], Rows]:
    return ask(
        CLAIM,
        worker=worker,
        limit=limit,
        queues=sorted(dispatch.served_queues()),
        passed=passed_on(),
        lease=settings.ANABRANCH_LEASE_SECONDS,
        pending=State.PENDING,
    )


@retried
def renew(*, claims: list[Claim]) -> dict[UUID, bool]:
    """Hold claims for another lease; return task run id -> whether its flow run is being cancelled.

    A claim that is missing from the answer is no longer the worker's: somebody took it back.
    """
    held = rows(
        RENEW_LEASES,
        lease=settings.ANABRANCH_LEASE_SECONDS,
        ids=[held.task_run_id for held in claims],
        attempts=[held.attempt for held in claims],
    )
    return dict(held)


def is_work_left() -> bool:
    """Return whether any task run of the queues that this worker serves is submitted and not claimed."""
    return bool(rows(HAS_SUBMITTED, queues=sorted(dispatch.served_queues()), passed=passed_on()))
