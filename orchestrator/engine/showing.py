"""The states of task runs as people's own triggers and state handlers are shown them, in a worker."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from orchestrator.core.states import State
from orchestrator.engine.database import rows
from orchestrator.engine.item_statements import SOME_ITEMS
from orchestrator.engine.results import load_for_function, named
from orchestrator.sdk.states import RunState

_COLUMNS = "t.slug, t.map_index, t.state, t.message, t.result, t.stored_result_id"

_READ_TASKS = f"""
SELECT {_COLUMNS}, p.items IS NOT NULL
FROM orchestrator_taskrun p CROSS JOIN LATERAL (
    SELECT * FROM orchestrator_taskrun i
    WHERE i.flow_run_id = p.flow_run_id AND i.slug = p.slug AND i.map_index < coalesce(p.items, 0) OFFSET 0
) AS t
WHERE p.flow_run_id = %(flow_run_id)s::uuid AND p.slug = ANY(%(slugs)s::text[]) AND p.map_index = -1
ORDER BY t.slug, t.map_index
"""

_READ_ITEMS = f"SELECT {_COLUMNS} {SOME_ITEMS}"


def shown_states(*, flow_run_id: UUID, slugs: Collection[str]) -> dict[str, RunState]:
    """Return slug -> state of these tasks; a mapped one's has the states of its items."""
    shown: dict[str, RunState] = {}
    items: dict[str, list[RunState]] = {}
    for slug, index, *columns, is_mapped in rows(_READ_TASKS, flow_run_id=flow_run_id, slugs=list(slugs)):
        if index < 0:
            shown[slug] = _shown(*columns)
        if is_mapped:
            items.setdefault(slug, []).extend([_shown(*columns)] if index >= 0 else [])
    for slug, of_slug in items.items():
        results = [each.result if each.is_successful() else None for each in of_slug]
        shown[slug] = replace(shown[slug], result=results, map_states=of_slug)
    return shown


def shown_items(*, flow_run_id: UUID, slugs: Collection[str], index: int) -> dict[str, RunState]:
    """Return slug -> state of that item of these mapped tasks."""
    found = rows(_READ_ITEMS, flow_run_id=flow_run_id, slugs=list(slugs), indexes=[index]) if slugs else []
    return {slug: _shown(*columns) for slug, _, *columns in found}


def _shown(state: str, message: str, result: Any, stored: UUID | None) -> RunState:
    return RunState(State(state), message, load_for_function({"": named(result, stored)})[""])
