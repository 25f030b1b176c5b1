"""The statements that ask for the latest versions of flows. How they are written: see `statements`."""

LATEST_VERSION = """
SELECT f.latest_version_id, f.max_runs IS NOT NULL, p.max_runs IS NOT NULL
FROM orchestrator_flow f JOIN orchestrator_project p ON p.id = ANY(ARRAY[f.project_id])
WHERE f.id = %(flow_id)s::bigint
"""

LATEST_OF_NAMES = """
SELECT p.name, f.name, f.id, f.latest_version_id, f.max_runs IS NOT NULL, p.max_runs IS NOT NULL
FROM unnest(%(projects)s::text[], %(names)s::text[]) AS g(project, name)
JOIN orchestrator_project p ON p.name = ANY(ARRAY[g.project])
CROSS JOIN LATERAL (
    SELECT id, name, latest_version_id, max_runs FROM orchestrator_flow
    WHERE project_id = p.id AND name = g.name OFFSET 0
) AS f
"""

# The division fails, and with it the transaction, if the flows are not as they were when they were last read.
STILL_LATEST = """
SELECT 1 / (count(*) = %(count)s::int)::int
FROM unnest(%(flows)s::bigint[], %(versions)s::bigint[], %(projects)s::text[], %(names)s::text[], %(limited)s::bool[],
    %(projects_limited)s::bool[]) AS g(id, version_id, project, name, is_limited, project_is_limited)
JOIN orchestrator_flow f ON f.id = ANY(ARRAY[g.id]) JOIN orchestrator_project p ON p.id = ANY(ARRAY[f.project_id])
WHERE f.latest_version_id IS NOT DISTINCT FROM g.version_id
    AND (g.name IS NULL OR g.name = f.name AND g.project = p.name)
    AND (f.max_runs IS NOT NULL) = g.is_limited AND (p.max_runs IS NOT NULL) = g.project_is_limited
"""
