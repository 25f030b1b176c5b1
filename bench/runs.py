"""Flow runs as the workloads need them: started, waited for at little cost, and cleared away."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from django.utils import timezone

from orchestrator.core.states import TERMINAL
from orchestrator.engine.database import retried
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.models import Flow, Origin

# A look costs as little as can be: what is measured shares its cores with whoever measures it.
LOOK_SECONDS = 0.0003
LOOK_AT_ALL_SECONDS = 0.005
STATE = "SELECT state FROM orchestrator_flowrun WHERE id = $1"
# As the condition of the index on unfinished flow runs says it.
_ENDED = ", ".join(f"'{state.value}'" for state in sorted(TERMINAL))
UNFINISHED = f"SELECT EXISTS (SELECT 1 FROM orchestrator_flowrun WHERE flow_id = $1 AND NOT state IN ({_ENDED}))"
SIZE = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relname IN ('orchestrator_flowrun', 'orchestrator_taskrun', 'orchestrator_statechange')
"""


def flow_named(name: str, project: str = "bench") -> Flow:
    return Flow.objects.get(project__name=project, name=name)


def start(flow: Flow) -> UUID:
    return start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND).flow_run_id


def finish(flow_run_id: UUID, *, within: float = 120.0, ends: str = "Success") -> None:
    """Return when the flow run's end is in the database.

    :raises TimeoutError: it did not end in time
    :raises RuntimeError: it ended otherwise than expected
    """
    state = _until(lambda: found if (found := one(STATE, flow_run_id)) in TERMINAL else None, within, flow_run_id)
    if state != ends:
        raise RuntimeError(f"Flow run {flow_run_id} ended {state}, not {ends}.")


def finish_all(flow: Flow, *, within: float = 120.0) -> None:
    """Return when all runs of a flow have ended.

    :raises TimeoutError: some did not end in time
    """
    _until(lambda: not one(UNFINISHED, flow.pk), within, flow, every=LOOK_AT_ALL_SECONDS)


def run(flow: Flow) -> None:
    """Start a flow run and return when its end is in the database."""
    finish(start(flow))


def timed(do: Callable[[], Any]) -> float:
    """Return the seconds that it took."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def database_bytes() -> int:
    """Return the bytes of the tables of runs and their history, indexes included."""
    return int(one(SIZE))


@retried
def clear() -> None:
    """Remove all runs, so that the next workload finds tables of the size that it would alone."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orchestrator_flowrun CASCADE")


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the value that `share` of the samples do not exceed."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


def one(query: str, *values: object) -> Any:
    """Return the first column of the only row of a query."""
    connection.ensure_connection()
    with psycopg.RawCursor(connection.connection) as cursor:
        row = cursor.execute(query, values, prepare=True).fetchone()
    assert row is not None
    return row[0]


def _until(look: Callable[[], Any], within: float, what: object, *, every: float = LOOK_SECONDS) -> Any:
    give_up = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{what} did not end within {within:.0f} seconds.")
        time.sleep(every)
    return found
