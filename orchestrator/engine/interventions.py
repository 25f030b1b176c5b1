"""The statements behind what people do to runs; those that the engine's own work needs too are in `statements`."""

from orchestrator.engine.statements import RUN

# A task run and its flow run, which is held first.
LOCK_TASK_RUN = f"""
SELECT {RUN},
    t.id, t.slug, t.attempt, t.state, t.failures, t.child_flow_run_id, t.child_attempt, t.map_index
FROM orchestrator_flowrun r JOIN orchestrator_taskrun t ON r.id = ANY(ARRAY[t.flow_run_id])
WHERE t.id = %(task_run_id)s::uuid FOR NO KEY UPDATE OF r, t
"""

# A task run `t` of `r` that ended by the failure of its child `c`, which has since been restarted by a person; an item
# only as long as its task has it, and has begun. What could not start this time, or was to have a new child and has
# none yet, did not end by its child.
_HEALABLE = """
    c.attempt > t.child_attempt AND t.child_attempt > 0 AND t.state = ANY(%(unsuccessful)s::text[])
    AND t.started_at IS NOT NULL AND r.state <> 'Cancelling'
    AND (t.map_index = -1 OR EXISTS (
        SELECT 1 FROM orchestrator_taskrun p WHERE p.flow_run_id = t.flow_run_id AND p.slug = t.slug
            AND p.map_index = -1 AND p.items > t.map_index AND p.state NOT IN ('Pending', 'Submitted', 'Paused')))
"""

# A child `c` with the task run `t` of its parent `r` that started it last.
_AND_PARENT = """
JOIN orchestrator_taskrun t ON t.id = ANY(ARRAY[c.parent_task_run_id])
    AND t.child_flow_run_id IS NOT DISTINCT FROM c.id
JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
"""

LOCK_PARENT_TO_HEAL = f"""
SELECT {RUN},
    t.id, t.slug, t.map_index, c.attempt
FROM (SELECT * FROM orchestrator_flowrun WHERE id = %(child)s::uuid OFFSET 0) AS c {_AND_PARENT}
WHERE {_HEALABLE}
FOR NO KEY UPDATE OF r, t
"""

# A task run that goes on with its child when there is room for its flow run, whatever its `on_retry` says.
HEALS = """
UPDATE orchestrator_taskrun SET carried = '{"heals": true}' WHERE id = %(id)s::uuid
"""

HEALING = """
SELECT id FROM orchestrator_taskrun WHERE id = ANY(%(ids)s::uuid[]) AND carried -> 'heals' IS NOT NULL
"""

SET_PARAMETERS = """
UPDATE orchestrator_flowrun SET parameters = %(parameters)s::jsonb WHERE id = %(id)s::uuid
"""

# Which of a flow run's task runs have started.
READ_STARTED = """
SELECT slug FROM orchestrator_taskrun WHERE flow_run_id = %(flow_run_id)s::uuid AND started_at IS NOT NULL
"""

# A child may have ended again, or have been marked, before anybody looked. Those of long ago are not looked for. The
# deepest come first, and what goes on before what has ended: that is waited for above, not mirrored once more.
OWED_HEALS = f"""
SELECT c.id FROM (
    SELECT * FROM orchestrator_flowrun WHERE attempt > 1 AND ended_at IS NULL
    UNION ALL
    SELECT * FROM orchestrator_flowrun WHERE attempt > 1 AND ended_at > now() - interval '1 day'
    OFFSET 0
) AS c {_AND_PARENT}
WHERE {_HEALABLE}
ORDER BY c.depth DESC, c.ended_at IS NOT NULL, t.slug, t.map_index LIMIT 1000
"""

# Task runs that did not end by their children owe nothing to what these were until now.
HEAR_OF_CHILDREN = """
UPDATE orchestrator_taskrun t SET child_attempt = coalesce(
    (SELECT c.attempt FROM orchestrator_flowrun c WHERE c.id = t.child_flow_run_id), t.child_attempt)
WHERE t.id = ANY(%(ids)s::uuid[])
"""

# Approvals whose time limit is over, and what one of them proposes.
UNANSWERED = """
SELECT id FROM orchestrator_taskrun
WHERE state = 'Paused' AND due_at <= statement_timestamp() AND carried -> 'asks' IS NOT NULL ORDER BY due_at LIMIT 1000
"""

READ_PROPOSAL = "SELECT result FROM orchestrator_taskrun WHERE id = %(task_run_id)s::uuid"
