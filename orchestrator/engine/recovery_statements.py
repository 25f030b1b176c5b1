"""The statements of `recover`: what no message was heard of, found from the states themselves.

How they are written is said in `statements`. Each begins at an index that holds only what is in some state now, so
that it costs nothing that many have ended.
"""

# Retrying and Paused task runs whose delay is over may start again, unless their flow run is paused or they ask a
# person. They are held first, and their flow runs looked at once more when they are: whoever pauses one from then on
# waits, and finds them submitted.
HOLD_DUE = """
SELECT t.id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
WHERE t.state IN ('Retrying', 'Paused') AND t.due_at <= statement_timestamp() AND r.state <> 'Paused'
    AND t.carried -> 'asks' IS NULL
ORDER BY t.due_at LIMIT 1000 FOR NO KEY UPDATE OF t SKIP LOCKED
"""

# A task run that was paused is told that it was.
START_DUE = """
WITH due AS (
    SELECT t.id, t.state AS before
    FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
    WHERE t.id = ANY(%(ids)s::uuid[]) AND r.state <> 'Paused'
), started AS (
    UPDATE orchestrator_taskrun t SET state = 'Submitted', due_at = NULL,
        attempt = t.attempt + (before = 'Retrying')::int,
        carried = CASE WHEN before = 'Paused' THEN coalesce(t.carried, '{}') || '{"resumed": true}' ELSE t.carried END,
        submitted_at = clock_timestamp(), changed_at = now()
    FROM due WHERE t.id = ANY(ARRAY[due.id]) RETURNING t.id, t.flow_run_id, t.queue, t.attempt, due.before
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after)
    SELECT flow_run_id, id, attempt, before, 'Submitted' FROM started
)
SELECT flow_run_id, queue FROM started
"""

# Flow runs with task runs that have waited for a child flow run longer than they may; and those task runs of one.
OVERDUE_FLOW_RUNS = """
SELECT DISTINCT flow_run_id FROM (
    SELECT flow_run_id FROM orchestrator_taskrun
    WHERE due_at <= statement_timestamp() AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
) AS overdue LIMIT 1000
"""

# What a lost worker held goes back, unless it was lost too often or its flow run is being cancelled: held first, too.
HOLD_LOST = """
SELECT t.id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
WHERE t.state = 'Running' AND t.lease_until < statement_timestamp() AND t.lost < %(limit)s::int
    AND r.state <> 'Cancelling'
LIMIT 1000 FOR NO KEY UPDATE OF t SKIP LOCKED
"""

TAKE_BACK = """
WITH lost AS (
    SELECT t.id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
    WHERE t.id = ANY(%(ids)s::uuid[]) AND r.state <> 'Cancelling'
), taken AS (
    UPDATE orchestrator_taskrun t SET state = 'Submitted', attempt = t.attempt + 1, lost = t.lost + 1,
        lease_until = NULL, started_at = NULL, submitted_at = clock_timestamp(), changed_at = now(),
        message = %(message)s::text
    FROM lost WHERE t.id = ANY(ARRAY[lost.id]) RETURNING t.id, t.flow_run_id, t.queue, t.attempt
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after, message)
    SELECT flow_run_id, id, attempt, 'Running', 'Submitted', %(message)s::text FROM taken
)
SELECT flow_run_id, queue FROM taken
"""

LOST_FOR_GOOD = """
SELECT t.id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
WHERE t.state = 'Running' AND t.lease_until < statement_timestamp()
    AND (t.lost >= %(limit)s::int OR r.state = 'Cancelling')
LIMIT 1000
"""

# Debts between two flow runs: found from the states themselves, so that no message can lose them.
_WAITS_FOR_ENDED = """
FROM (
    SELECT child_flow_run_id, child_attempt FROM orchestrator_taskrun
    WHERE state = 'Running' AND lease_until IS NULL OFFSET 0
) AS t JOIN orchestrator_flowrun c ON c.id = ANY(ARRAY[t.child_flow_run_id])
WHERE c.state = ANY(%(terminal)s::text[])
"""

OWED_TELLINGS = f"""
SELECT DISTINCT id FROM (
    SELECT c.id {_WAITS_FOR_ENDED} AND c.attempt >= t.child_attempt OFFSET 0
) AS owed LIMIT 1000
"""

OWED_RESTARTS = f"""
SELECT DISTINCT id, child_attempt FROM (
    SELECT c.id, t.child_attempt {_WAITS_FOR_ENDED} AND c.attempt < t.child_attempt OFFSET 0
) AS owed LIMIT 1000
"""

OWED_CANCELS = """
SELECT DISTINCT id FROM (
    SELECT c.id FROM orchestrator_flowrun r CROSS JOIN LATERAL (
        SELECT child_flow_run_id FROM orchestrator_taskrun
        WHERE flow_run_id = r.id AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
    ) AS t
    JOIN orchestrator_flowrun c ON c.id = ANY(ARRAY[t.child_flow_run_id])
    WHERE r.state = 'Cancelling' AND NOT c.state = ANY(%(terminal)s::text[]) AND c.state <> 'Cancelling'
    OFFSET 0
) AS owed LIMIT 1000
"""

IS_CANCEL_OWED = """
SELECT 1 FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
WHERE t.child_flow_run_id = %(child)s::uuid AND t.state IS NOT DISTINCT FROM 'Running' AND t.lease_until IS NULL
    AND r.state IS NOT DISTINCT FROM 'Cancelling'
LIMIT 1
"""

DUE_FLOW_RUNS = """
SELECT id FROM orchestrator_flowrun WHERE state = 'Scheduled' AND scheduled_start_time <= statement_timestamp()
ORDER BY scheduled_start_time LIMIT 1000
"""

COUNT_SUBMITTED = """
SELECT queue, count(*) FROM orchestrator_taskrun
WHERE state = 'Submitted' AND submitted_at < clock_timestamp() - interval '1 second' AND NOT starts_with(queue, '~')
GROUP BY queue
"""

OWED_ADMISSIONS = """
SELECT DISTINCT project_id FROM (
    SELECT f.project_id FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = ANY(ARRAY[r.flow_id])
    WHERE r.state = 'Queued' OFFSET 0
) AS owed
"""
