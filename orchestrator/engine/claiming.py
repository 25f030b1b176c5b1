"""What workers hold: claim it, keep it."""

from uuid import UUID

from django.conf import settings

from orchestrator import dispatch
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import retried, rows
from orchestrator.engine.passing import passed_on
from orchestrator.engine.statements import (
    CLAIM,
    HAS_SUBMITTED,
    RENEW_LEASES,
)
from orchestrator.engine.steps import Claim


@retried
def claim(*, worker: str, limit: int) -> list[Claim]:
    """Take up to `limit` submitted task runs of the queues that this worker serves, and hold them by a lease.

    Those of higher priority come first, then the oldest.
    """
    found = rows(
        CLAIM,
        worker=worker,
        limit=limit,
        queues=sorted(dispatch.served_queues()),
        passed=passed_on(),
        lease=settings.ANABRANCH_LEASE_SECONDS,
    )
    if found:
        dispatch.flow_runs_changed({row[1] for row in found})
    point("claimed")
    return [Claim(*row) for row in found]


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
