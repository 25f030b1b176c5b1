"""Task runs whose code this process does not have: in a rolling deploy another worker does.

They are passed on for a while. What nobody has taken by then is executed here after all, and fails, saying what is
missing.
"""

import time
from uuid import UUID

from django.utils import timezone

from orchestrator.engine.steps import Claim
from orchestrator.engine.versions import load_version
from orchestrator.models import Worker
from orchestrator.sdk.registry import UnknownTask, find_task

PASSED_SECONDS = 60.0

# Task run -> its attempt, and the monotonic time until which this process does not claim it again.
_passed: dict[UUID, tuple[int, float]] = {}


def passed_on() -> list[UUID]:
    """Return the task runs that this process leaves to others for now."""
    if not _passed:
        return []
    now = time.monotonic()
    return [task_run_id for task_run_id, (_, until) in _passed.items() if now < until]


def why_passed_on(held: Claim) -> str:
    """Return why a claimed function is for another worker; nothing if it is to be executed here."""
    try:
        find_task(load_version(held.version_id).flow, held.slug)
    except UnknownTask as error:
        attempt, _ = _passed.pop(held.task_run_id, (0, 0.0))
        if attempt == held.attempt or not _are_others_there():
            return ""
        _passed[held.task_run_id] = held.attempt, time.monotonic() + PASSED_SECONDS
        return f"Left to other workers for a minute: {error}"
    return ""


def _are_others_there() -> bool:
    return Worker.objects.filter(lease_until__gt=timezone.now()).count() > 1
