"""Results that later runs may use instead of executing a task again. Keys hold the project: nobody reads another's."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from orchestrator.core.caching import CacheEntry
from orchestrator.core.large import Stored
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import records, send
from orchestrator.engine.result_statements import STORE_CACHED
from orchestrator.engine.results import load_for_function, named
from orchestrator.engine.steps import Run
from orchestrator.models import CachedResult
from orchestrator.sdk.cache_validators import Remembered
from orchestrator.sdk.caching import holds
from orchestrator.sdk.tasks import Task


def find_cached(
    entry: CacheEntry,
    task: Task,
    inputs: Mapping[str, Any],
    parameters: Mapping[str, Any],
    call: Callable[[Callable[[], Any]], Any],
) -> Ending | None:
    """Return how a task ends whose result was cached and still holds, None if there is none.

    :param call: runs people's code: a validator of their own
    """
    row = CachedResult.objects.filter(key=entry.key, expires_at__gt=Now()).first()
    if row is None:
        return None
    result = named(row.result, row.stored_result_id)

    # The values of the validators that we know are part of the key: they need not look at the result.
    if entry.inputs is not None:
        cached = Remembered(load_for_function({"": result})[""], row.inputs, row.parameters)
        if not call(lambda: holds(task, cached, inputs, parameters)):
            return None
    until = row.expires_at.isoformat(timespec="seconds")
    return Ending(State.CACHED, f"Cached by flow run {row.flow_run_id}; holds until {until}.", result)


def store_cached(run: Run, entries: list[tuple[CacheEntry, Any]]) -> None:
    """Keep results for later runs, in the transaction that ends the task runs that made them."""
    if not entries:
        return
    send(
        STORE_CACHED,
        project_id=run.version.project_id,
        flow_run_id=run.id,
        entries=records(_record(entry, result) for entry, result in entries),
    )


def _record(entry: CacheEntry, result: Any) -> dict[str, Any]:
    stored = result.id if isinstance(result, Stored) else None
    return {
        "key": entry.key,
        "seconds": entry.seconds,
        "result": None if stored else result,
        "stored": stored,
        "inputs": entry.inputs,
        "parameters": entry.parameters,
    }


def forget_expired(*, now: datetime) -> int:
    """Delete the cached results that hold no longer; return how many."""
    deleted, _ = CachedResult.objects.filter(expires_at__lte=now).delete()
    return deleted
