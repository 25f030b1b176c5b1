"""The statements of limits: whoever asks which flow runs may begin holds the project."""

LOCK_PROJECT = "SELECT max_runs FROM orchestrator_project WHERE id = %(project_id)s::bigint FOR NO KEY UPDATE"

# Of each flow of a project the first flow run of each kind that waits for room, with how many of the flow and of the
# project are under way. One that had begun before, or that a backfill has started, is never skipped, and cancels
# nobody: it waits, whatever its flow's overlap. With `sharing`, one that a run under way of its flow or its project
# waits for, at any depth, has that one's place: it would else wait for ever for the one that waits for it.
FIRST_QUEUED = """
WITH RECURSIVE under_way AS (
    SELECT r.flow_id, count(*) AS runs, count(*) FILTER (WHERE NOT r.is_nested) AS outermost,
        count(*) FILTER (WHERE r.state = 'Cancelling') AS ending
    FROM (
        SELECT flow_id, is_nested, state FROM orchestrator_flowrun
        WHERE state IN ('Pending', 'Running', 'Paused', 'Cancelling') OFFSET 0
    ) AS r JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id])
    WHERE f.project_id IS NOT DISTINCT FROM %(project_id)s::bigint
    GROUP BY r.flow_id
), queued AS (
    SELECT r.id, r.flow_id, r.priority, r.changed_at, r.scheduled_for, r.is_nested, f.max_runs,
        CASE WHEN r.attempt > 1 OR r.origin = 'backfill' THEN 'queue' ELSE f.overlap END AS overlap
    FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id])
    WHERE r.state = 'Queued' AND f.project_id IS NOT DISTINCT FROM %(project_id)s::bigint
), waiting(queued, id) AS (
    SELECT id, id FROM queued WHERE %(sharing)s::bool
    UNION
    SELECT w.queued, t.flow_run_id FROM waiting w CROSS JOIN LATERAL (
        SELECT flow_run_id FROM orchestrator_taskrun
        WHERE child_flow_run_id = w.id AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
    ) AS t
), shared AS (
    SELECT q.id, bool_or(r.flow_id = q.flow_id) AS of_flow
    FROM waiting w JOIN queued q ON q.id = w.queued JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[w.id])
    JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id])
    WHERE (r.state IN ('Pending', 'Running', 'Paused', 'Cancelling')) IS TRUE
        AND f.project_id IS NOT DISTINCT FROM %(project_id)s::bigint
    GROUP BY q.id
)
SELECT DISTINCT ON (q.flow_id, q.overlap, 5, 7) q.id, q.flow_id, q.priority, q.changed_at,
    q.is_nested OR q.id IN (SELECT id FROM shared) AS is_nested, coalesce(u.runs, 0)::int,
    CASE WHEN q.id IN (SELECT id FROM shared WHERE of_flow) THEN NULL ELSE q.max_runs END AS max_runs, q.overlap,
    coalesce(u.ending, 0)::int, (SELECT coalesce(sum(outermost), 0)::int FROM under_way)
FROM queued q LEFT JOIN under_way u ON u.flow_id = q.flow_id
ORDER BY q.flow_id, q.overlap, 5, 7, q.priority DESC, q.changed_at, q.scheduled_for
"""

# The oldest runs of a flow, one that waits for room among them: what has a higher priority may have passed it. What a
# backfill has started is as old as its fire time, and so are those of one moment among themselves.
_CAME_AT = """
CASE WHEN origin = 'backfill' THEN scheduled_for ELSE greatest(created_at, scheduled_start_time) END AS came_at
"""
OLDEST = f"""
SELECT id FROM (
    (
        SELECT id, {_CAME_AT}, scheduled_for FROM orchestrator_flowrun
        WHERE flow_id IS NOT DISTINCT FROM %(flow_id)s::bigint AND state IN ('Pending', 'Running', 'Paused') OFFSET 0
    ) UNION ALL
    SELECT id, {_CAME_AT}, scheduled_for FROM orchestrator_flowrun WHERE id = %(queued)s::uuid
) AS found ORDER BY came_at, scheduled_for, id LIMIT %(limit)s::int
"""

# Whether a limit says how many flow runs are under way with one that is to go on, as its flow and its project are now.
READ_LIMITS_ANEW = """
UPDATE orchestrator_flowrun r
SET is_limited = f.max_runs IS NOT NULL OR (p.max_runs IS NOT NULL AND NOT r.is_nested)
FROM orchestrator_flow f JOIN orchestrator_project p ON p.id = ANY(ARRAY[f.project_id])
WHERE r.id = %(id)s::uuid AND f.id = ANY(ARRAY[r.flow_id])
RETURNING r.is_limited
"""

# Flow runs that were born before a limit was set leave room when they end, too. What is locked is skipped: the end of
# such a one is found by `recover`.
NOTE_LIMITED = """
UPDATE orchestrator_flowrun SET is_limited = true WHERE id = ANY(ARRAY(
    SELECT r.id FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id])
    JOIN orchestrator_project p ON p.id = ANY(ARRAY[f.project_id])
    WHERE p.id IS NOT DISTINCT FROM %(project_id)s::bigint AND NOT r.is_limited
        AND r.state IN ('Scheduled', 'Pending', 'Running', 'Paused', 'Cancelling')
        AND (f.max_runs IS NOT NULL OR (p.max_runs IS NOT NULL AND NOT r.is_nested))
    FOR NO KEY UPDATE OF r SKIP LOCKED))
"""
