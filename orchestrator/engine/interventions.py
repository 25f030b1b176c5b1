"""The statements behind what people do to runs; those that the engine's own work needs too are in `statements`."""

from orchestrator.engine.statements import RUN

# A task run and its flow run.
LOCK_TASK_RUN = f"""
SELECT {RUN},
    t.id, t.slug, t.attempt, t.state, t.failures, t.child_flow_run_id, t.child_attempt, t.map_index
FROM orchestrator_flowrun r JOIN orchestrator_taskrun t ON t.flow_run_id = r.id
WHERE t.id = %(task_run_id)s::uuid FOR NO KEY UPDATE
"""

# The flow run whose task run ended by its child's failure, if that child has since been restarted by a person. Items
# of mapped tasks are healed by restarting their flow run.
LOCK_PARENT_TO_HEAL = f"""
SELECT {RUN},
    t.slug, c.attempt
FROM orchestrator_flowrun c
JOIN orchestrator_taskrun t ON t.id = c.parent_task_run_id AND t.child_flow_run_id = c.id
JOIN orchestrator_flowrun r ON r.id = t.flow_run_id
WHERE c.id = %(child)s::uuid AND c.attempt > t.child_attempt AND t.state = ANY(%(unsuccessful)s::text[])
    AND r.state <> 'Cancelling' AND t.map_index = -1
FOR NO KEY UPDATE OF r, t
"""

SET_PARAMETERS = """
UPDATE orchestrator_flowrun SET parameters = %(parameters)s::jsonb WHERE id = %(id)s::uuid
"""

# Which of a flow run's task runs have started.
READ_STARTED = """
SELECT slug FROM orchestrator_taskrun WHERE flow_run_id = %(flow_run_id)s::uuid AND started_at IS NOT NULL
"""

OWED_HEALS = """
SELECT c.id FROM orchestrator_flowrun c
JOIN orchestrator_taskrun t ON t.id = c.parent_task_run_id AND t.child_flow_run_id = c.id
JOIN orchestrator_flowrun r ON r.id = t.flow_run_id
WHERE c.state IN ('Queued', 'Pending', 'Running', 'Paused', 'Cancelling') AND c.attempt > 1
    AND c.attempt > t.child_attempt AND t.state = ANY(%(unsuccessful)s::text[]) AND r.state <> 'Cancelling'
    AND t.map_index = -1
LIMIT 1000
"""

# Approvals whose time limit is over, and what one of them proposes.
UNANSWERED = """
SELECT id FROM orchestrator_taskrun
WHERE state = 'Paused' AND due_at <= clock_timestamp() AND carried -> 'asks' IS NOT NULL ORDER BY due_at LIMIT 1000
"""

READ_PROPOSAL = "SELECT result FROM orchestrator_taskrun WHERE id = %(task_run_id)s::uuid"
