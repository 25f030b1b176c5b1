"""The statements of pauses that hold child flow runs with their parents."""

# The own children that a flow run waits for: those of others that it only watches are no part of it.
CHILDREN_WAITED_FOR = """
SELECT DISTINCT id FROM (
    SELECT c.id FROM orchestrator_taskrun t CROSS JOIN LATERAL (
        SELECT id, parent_task_run_id FROM orchestrator_flowrun WHERE id = t.child_flow_run_id OFFSET 0
    ) AS c
    JOIN orchestrator_taskrun o ON o.id = ANY(ARRAY[c.parent_task_run_id])
        AND o.flow_run_id IS NOT DISTINCT FROM %(flow_run_id)s::uuid
    WHERE t.flow_run_id = %(flow_run_id)s::uuid AND t.state IS NOT DISTINCT FROM 'Running' AND t.lease_until IS NULL
    OFFSET 0
) AS waited_for
"""

# A parent `r` that waits for its child `c` and holds its children.
_HOLDING = """
FROM orchestrator_taskrun o JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[o.flow_run_id])
JOIN orchestrator_taskrun t ON t.flow_run_id IS NOT DISTINCT FROM r.id AND t.child_flow_run_id = c.id
WHERE o.id = c.parent_task_run_id AND t.state IS NOT DISTINCT FROM 'Running' AND t.lease_until IS NULL
    AND r.state IS NOT DISTINCT FROM 'Paused' AND r.holds_children_since IS NOT NULL
"""

# The hold that a flow run has heard of, and the one by its parent that holds now.
HOLD_OF_PARENT = f"""
SELECT c.held_since, (SELECT r.holds_children_since {_HOLDING} LIMIT 1)
FROM orchestrator_flowrun c WHERE c.id = %(id)s::uuid
"""

SET_HOLD = """
UPDATE orchestrator_flowrun SET held_since = %(held_since)s::timestamptz,
    holds_children_since = CASE WHEN %(children)s::bool THEN clock_timestamp() END
WHERE id = %(id)s::uuid
"""

OWED_PAUSES = """
SELECT DISTINCT id FROM (
    SELECT c.id FROM orchestrator_flowrun r CROSS JOIN LATERAL (
        SELECT child_flow_run_id FROM orchestrator_taskrun
        WHERE flow_run_id = r.id AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
    ) AS t CROSS JOIN LATERAL (
        SELECT id, parent_task_run_id, state, held_since FROM orchestrator_flowrun
        WHERE id = t.child_flow_run_id OFFSET 0
    ) AS c
    JOIN orchestrator_taskrun o ON o.id = ANY(ARRAY[c.parent_task_run_id]) AND o.flow_run_id IS NOT DISTINCT FROM r.id
    WHERE r.state = 'Paused' AND r.holds_children_since IS NOT NULL AND c.state IN ('Pending', 'Running')
        AND r.holds_children_since IS DISTINCT FROM c.held_since
    OFFSET 0
) AS owed LIMIT 1000
"""

OWED_RESUMES = f"""
SELECT c.id FROM orchestrator_flowrun c
WHERE c.state = 'Paused' AND c.held_since IS NOT NULL AND NOT EXISTS (SELECT 1 {_HOLDING} OFFSET 0)
LIMIT 1000
"""
