"""The statements of limits: whoever asks which flow runs may begin holds the project."""

LOCK_PROJECT = "SELECT max_runs FROM orchestrator_project WHERE id = %(project_id)s::bigint FOR NO KEY UPDATE"

# Of each flow of a project the first flow run that waits for room, with how many of the flow and of the project are
# under way. One that had begun before is never skipped, and cancels nobody: it waits, whatever its flow's overlap.
FIRST_QUEUED = """
WITH under_way AS (
    SELECT r.flow_id, count(*) AS runs, count(*) FILTER (WHERE NOT r.is_nested) AS outermost
    FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = r.flow_id
    WHERE r.state IN ('Pending', 'Running', 'Paused', 'Cancelling') AND f.project_id = %(project_id)s::bigint
    GROUP BY r.flow_id
)
SELECT DISTINCT ON (f.id, w.overlap) r.id, f.id, r.priority, r.changed_at, r.is_nested, coalesce(u.runs, 0)::int,
    f.max_runs, w.overlap, (SELECT coalesce(sum(outermost), 0)::int FROM under_way)
FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = r.flow_id LEFT JOIN under_way u ON u.flow_id = f.id
CROSS JOIN LATERAL (SELECT CASE WHEN r.attempt > 1 THEN 'queue' ELSE f.overlap END AS overlap) AS w
WHERE r.state = 'Queued' AND f.project_id = %(project_id)s::bigint
ORDER BY f.id, w.overlap, r.priority DESC, r.changed_at
"""

OLDEST_UNDER_WAY = """
SELECT id FROM orchestrator_flowrun
WHERE flow_id = %(flow_id)s::bigint AND state IN ('Pending', 'Running', 'Paused', 'Cancelling')
ORDER BY created_at LIMIT %(limit)s::int
"""

# Whether a limit says how many flow runs are under way with one that is to go on, as its flow and its project are now.
READ_LIMITS_ANEW = """
UPDATE orchestrator_flowrun r
SET is_limited = f.max_runs IS NOT NULL OR (p.max_runs IS NOT NULL AND NOT r.is_nested)
FROM orchestrator_flow f JOIN orchestrator_project p ON p.id = f.project_id
WHERE r.id = %(id)s::uuid AND f.id = r.flow_id
RETURNING r.is_limited
"""
