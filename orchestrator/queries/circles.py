"""Which flows lead to which, by the latest version of each."""

from collections.abc import Iterable

from django.db import connection

from orchestrator.core.circles import find_circle
from orchestrator.core.graph import FlowGraph, FlowName

# All flows that some lead to, each with those that its latest version starts. UNION drops what was reached before, so
# it ends whatever circles there are.
_STARTS = """
WITH RECURSIVE starts AS NOT MATERIALIZED (
    SELECT p.name AS project, f.name, child ->> 'project' AS child_project, child ->> 'name' AS child_name
    FROM orchestrator_flow f
    JOIN orchestrator_project p ON p.id = f.project_id
    JOIN orchestrator_flowversion v ON v.id = f.latest_version_id
    CROSS JOIN LATERAL jsonb_path_query(v.graph, '$.tasks[*].flow') AS child
), reached(project, name) AS (
    SELECT * FROM unnest(%(projects)s::text[], %(names)s::text[])
    UNION
    SELECT s.child_project, s.child_name FROM reached r JOIN starts s ON s.project = r.project AND s.name = r.name
)
SELECT DISTINCT s.* FROM starts s JOIN reached r ON s.project = r.project AND s.name = r.name
"""


def circle_of(flow: FlowName, graph: FlowGraph) -> list[FlowName]:
    """Return how a flow would start itself if this graph were its latest version: [A, B, A]; empty if it would not."""
    first = sorted(graph.starts, key=str)
    return find_circle(flow, first, _starts(first)) if first else []


def _starts(flows: Iterable[FlowName]) -> dict[FlowName, list[FlowName]]:
    wanted = list(flows)
    with connection.cursor() as cursor:
        cursor.execute(
            _STARTS, {"projects": [flow.project for flow in wanted], "names": [flow.name for flow in wanted]}
        )
        found = cursor.fetchall()
    starts: dict[FlowName, list[FlowName]] = {}
    for project, name, child_project, child_name in sorted(found):
        starts.setdefault(FlowName(project, name), []).append(FlowName(child_project, child_name))
    return starts
