"""What task runs have handed on: the one place that reads results for whatever comes after them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from orchestrator.core.states import SUCCESSFUL, State
from orchestrator.engine.database import rows
from orchestrator.engine.statements import READ_RESULTS


def read_results(*, flow_run_id: UUID, slugs: Collection[str]) -> dict[str, tuple[State, Any]]:
    """Return slug -> (state, result) of these tasks of a flow run: one statement, none for no tasks."""
    if not slugs:
        return {}
    found = rows(READ_RESULTS, flow_run_id=flow_run_id, slugs=list(slugs))
    return {slug: (State(state), result) for slug, state, result in found}


def results_to_bind(*, flow_run_id: UUID, slugs: Collection[str]) -> dict[str, Any]:
    """Return slug -> result of those of these tasks that were successful: the others have nothing to hand on."""
    found = read_results(flow_run_id=flow_run_id, slugs=slugs)
    return {slug: result for slug, (state, result) in found.items() if state in SUCCESSFUL}
