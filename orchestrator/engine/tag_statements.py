"""The statements of limits of tags: whoever judges who may be claimed holds the project."""

# Where a task run `t` that runs again waits: its place may be another's by now. For other statements to take in.
QUEUE_ANEW = """CASE WHEN t.tags IS NULL THEN t.queue ELSE
            CASE WHEN t.tags::text[] && %(limited)s::text[] THEN '~' ELSE '' END || ltrim(t.queue, '~') END"""

# The flow runs of a project that have not ended: few, however many have.
_OF_PROJECT = """
(
    SELECT id, flow_id FROM orchestrator_flowrun
    WHERE state IN ('Scheduled', 'Queued', 'Pending', 'Running', 'Paused', 'Cancelling') OFFSET 0
) AS r
JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id]) AND f.project_id IS NOT DISTINCT FROM %(project_id)s::bigint
"""

# What is not to be claimed now goes where its limits want it to be when it is submitted.
HOLD_OR_FREE = f"""
UPDATE orchestrator_taskrun t
SET queue = CASE WHEN starts_with(t.queue, '~') THEN substr(t.queue, 2) ELSE '~' || t.queue END
WHERE t.id = ANY(ARRAY(
        SELECT found.id FROM {_OF_PROJECT} CROSS JOIN LATERAL (
            SELECT id FROM orchestrator_taskrun
            WHERE flow_run_id = r.id AND tags IS NOT NULL AND state IN ('Pending', 'Retrying', 'Paused') OFFSET 0
        ) AS found
    )) AND (t.state IN ('Pending', 'Retrying', 'Paused')) IS TRUE
    AND starts_with(t.queue, '~') <> (t.tags::text[] && %(limited)s::text[])
"""

# What is executed, waits for a flow run or wants to: with limited tags, or held because it had some. Of those of one
# flow run that are held by the same tags only as many as there are places at most: no more could be let go.
TAGGED = f"""
WITH found AS (
    SELECT t.id, t.flow_run_id, t.state, t.queue, t.tags, t.state = 'Running' AND t.lease_until IS NULL AS waits,
        t.priority, t.submitted_at, t.state = 'Submitted' AND starts_with(t.queue, '~') AS is_held,
        t.tags::text[] && %(limited)s::text[] AS is_limited
    FROM {_OF_PROJECT} CROSS JOIN LATERAL (
        SELECT * FROM orchestrator_taskrun
        WHERE flow_run_id = r.id AND tags IS NOT NULL AND items IS NULL AND state IN ('Submitted', 'Running') OFFSET 0
    ) AS t
), ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY is_held, flow_run_id, tags ORDER BY priority DESC, submitted_at) AS place
    FROM found WHERE is_limited OR is_held
)
SELECT id, flow_run_id, state, queue, tags, waits FROM ranked
WHERE NOT (is_held AND is_limited) OR place <= %(most)s::int
ORDER BY priority DESC, submitted_at
"""

# Who waits for these flow runs, at any depth: (flow run, task run that waits for it, flow run of that).
WAITS_ABOVE = """
WITH RECURSIVE above(below, task_run_id, id) AS (
    SELECT NULL::uuid, NULL::uuid, g.id FROM unnest(%(ids)s::uuid[]) AS g(id)
    UNION
    SELECT a.id, t.id, t.flow_run_id FROM above a CROSS JOIN LATERAL (
        SELECT id, flow_run_id FROM orchestrator_taskrun
        WHERE child_flow_run_id = a.id AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
    ) AS t
)
SELECT below, task_run_id, id FROM above WHERE below IS NOT NULL
"""

HOLD_BACK = """
UPDATE orchestrator_taskrun SET queue = '~' || queue, changed_at = now()
WHERE id = ANY(%(ids)s::uuid[]) AND state IS NOT DISTINCT FROM 'Submitted' AND NOT starts_with(queue, '~')
"""

LET_GO = """
UPDATE orchestrator_taskrun SET queue = substr(queue, 2), submitted_at = clock_timestamp(), changed_at = now()
WHERE id = ANY(%(ids)s::uuid[]) AND state IS NOT DISTINCT FROM 'Submitted' AND starts_with(queue, '~')
RETURNING queue, flow_run_id
"""

# Projects whose task runs wait for their tags, or are not where the limits want them.
OWED_TAGGED = """
SELECT DISTINCT project_id FROM (
    SELECT f.project_id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
    JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id])
    WHERE t.tags IS NOT NULL AND t.state IN ('Pending', 'Submitted', 'Retrying', 'Paused') AND CASE t.state
        WHEN 'Submitted' THEN starts_with(t.queue, '~')
        ELSE starts_with(t.queue, '~') <> EXISTS (
            SELECT 1 FROM orchestrator_taglimit l WHERE l.project_id = f.project_id AND l.tag = ANY(t.tags)) END
    OFFSET 0
) AS owed
"""
