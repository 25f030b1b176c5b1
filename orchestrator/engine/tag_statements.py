"""The statements of limits of tags: whoever judges who may be claimed holds the project."""

_OF_PROJECT = """
FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = r.flow_id
WHERE r.id = t.flow_run_id AND f.project_id = %(project_id)s::bigint
"""

# What is not to be claimed now goes where its limits want it to be when it is submitted.
HOLD_OR_FREE = f"""
UPDATE orchestrator_taskrun t
SET queue = CASE WHEN starts_with(t.queue, '~') THEN substr(t.queue, 2) ELSE '~' || t.queue END
{_OF_PROJECT} AND t.tags IS NOT NULL AND t.state IN ('Pending', 'Retrying', 'Paused')
    AND starts_with(t.queue, '~') <> (t.tags::text[] && %(limited)s::text[])
"""

# What is executed, waits for a flow run or wants to: with limited tags, or held because it had some.
TAGGED = """
SELECT t.id, t.flow_run_id, t.state, t.queue, t.tags, t.state = 'Running' AND t.lease_until IS NULL
FROM orchestrator_taskrun t
JOIN orchestrator_flowrun r ON r.id = t.flow_run_id JOIN orchestrator_flow f ON f.id = r.flow_id
WHERE f.project_id = %(project_id)s::bigint AND t.tags IS NOT NULL AND t.items IS NULL
    AND t.state IN ('Submitted', 'Running') AND (t.tags::text[] && %(limited)s::text[] OR starts_with(t.queue, '~'))
ORDER BY t.priority DESC, t.submitted_at
"""

# The tags of the project's task runs that wait for each of these flow runs, at any depth.
TAGS_ABOVE = """
WITH RECURSIVE above(below, id, task_run_id) AS (
    SELECT below, below, NULL::uuid FROM unnest(%(ids)s::uuid[]) AS g(below)
    UNION
    SELECT a.below, t.flow_run_id, t.id FROM above a JOIN orchestrator_taskrun t ON t.child_flow_run_id = a.id
    WHERE t.state = 'Running' AND t.lease_until IS NULL
)
SELECT a.below, t.tags FROM above a JOIN orchestrator_taskrun t ON t.id = a.task_run_id
JOIN orchestrator_flowrun r ON r.id = t.flow_run_id JOIN orchestrator_flow f ON f.id = r.flow_id
WHERE t.tags IS NOT NULL AND f.project_id = %(project_id)s::bigint
"""

HOLD_BACK = """
UPDATE orchestrator_taskrun SET queue = '~' || queue, changed_at = now()
WHERE id = ANY(%(ids)s::uuid[]) AND state = 'Submitted' AND NOT starts_with(queue, '~')
"""

LET_GO = """
UPDATE orchestrator_taskrun SET queue = substr(queue, 2), submitted_at = clock_timestamp(), changed_at = now()
WHERE id = ANY(%(ids)s::uuid[]) AND state = 'Submitted' AND starts_with(queue, '~')
RETURNING queue, flow_run_id
"""

# Projects whose task runs wait for their tags, or are not where the limits want them.
OWED_TAGGED = """
SELECT DISTINCT f.project_id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = t.flow_run_id
JOIN orchestrator_flow f ON f.id = r.flow_id
WHERE t.tags IS NOT NULL AND t.state IN ('Pending', 'Submitted', 'Retrying', 'Paused') AND CASE t.state
    WHEN 'Submitted' THEN starts_with(t.queue, '~')
    ELSE starts_with(t.queue, '~') <> EXISTS (
        SELECT 1 FROM orchestrator_taglimit l WHERE l.project_id = f.project_id AND l.tag = ANY(t.tags)) END
"""
