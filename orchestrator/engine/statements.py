"""The statements of the engine's hot path, set-based and named. The ORM serves everything else.

A task run that is Running is either held by a worker, and has a lease, or waits for its child, and has none.

Times are the database's (`now()`), never a worker's. Many rows come as one JSON array: binding them as one parameter
costs a tenth of binding an array a column.

PostgreSQL keeps the plan of a statement that it made while a table held a row or two, when all ways cost the same. So a
statement leaves it one way, which `tests/engine/test_plans.py` checks for every statement of the engine:

- `b.id = ANY(ARRAY[a.b_id])` instead of `b.id = a.b_id`: equality would also have it read an index of `b` whole, for
  its order. So would ORDER BY and DISTINCT of what an index sorts by: they are outside, or sort by an expression.
- LATERAL (... OFFSET 0), planned by itself, where the column is in the condition of a partial index, or there are two.
- `IS NOT DISTINCT FROM`, or `(...) IS TRUE`, where an index must not be used: often a partial one, of this state.
- `= ANY` beside a join with JSON names its rows once more. Where a row takes one value, it finds that in a JSON object
  by its slug: no join, so none that compares each with each.
"""

from orchestrator.engine.tag_statements import QUEUE_ANEW

# The columns that describe a flow run in the statements that lock one, and how many they are.
RUN = """
    r.id, r.version_id, r.state, r.attempt, r.unfinished, r.depth, r.parameters, r.parent_task_run_id,
    coalesce(r.root_run_id, r.id), r.created_by_id,
    (SELECT p.flow_run_id FROM orchestrator_taskrun p WHERE p.id = r.parent_task_run_id), r.scheduled_for,
    r.priority, r.is_limited
"""
RUN_COLUMNS = 14

# As `id` sorts, but no index does: one would be read whole for its order where the table is thought to be tiny.
BY_ID = 'id::text COLLATE "C"'

LOCK_FLOW_RUN = f"""
SELECT {RUN}
FROM orchestrator_flowrun r WHERE r.id = %(id)s::uuid FOR NO KEY UPDATE
"""

_FLOW_RUNS = """
INSERT INTO orchestrator_flowrun (id, flow_id, version_id, name, state, message, parameters, attempt, unfinished, depth,
    parent_task_run_id, root_run_id, idempotency_key, origin, created_by_id, schedule_id, scheduled_for,
    scheduled_start_time, priority, is_limited, is_nested, created_at, started_at)
SELECT g.id, g.flow_id, g.version_id, g.name, g.state, g.message, g.parameters, 1, g.unfinished, g.depth,
    g.parent_task_run_id, g.root_run_id, g.idempotency_key, g.origin, g.created_by_id, g.schedule_id, g.scheduled_for,
    g.scheduled_start_time, g.priority, g.is_limited, g.is_nested, now(),
    CASE WHEN g.state = 'Running' THEN now() END
FROM json_to_recordset(%(flow_runs)s::json) AS g(id uuid, flow_id bigint, version_id bigint, name text, state text,
    parameters jsonb, unfinished int, depth int, parent_task_run_id uuid, root_run_id uuid, idempotency_key text,
    origin text, created_by_id int, schedule_id bigint, scheduled_for timestamptz, scheduled_start_time timestamptz,
    priority int, is_limited bool, is_nested bool, message text)
"""

_TASK_RUNS = """
INSERT INTO orchestrator_taskrun (id, flow_run_id, slug, map_index, state, waiting_on, submitted_at, worker,
    lease_until, started_at, queue, priority, tags, child_flow_run_id, child_attempt,
    due_at)
SELECT g.id, g.flow_run_id, g.slug, -1, g.state, g.waiting_on,
    CASE WHEN g.state = 'Submitted' THEN clock_timestamp() END,
    CASE WHEN g.state = 'Running' AND g.child IS NULL THEN %(worker)s::text ELSE '' END,
    CASE WHEN g.state = 'Running' AND g.child IS NULL THEN now() + %(lease)s::float8 * interval '1 second' END,
    CASE WHEN g.state = 'Running' THEN now() END, g.queue, g.priority, g.tags, g.child,
    coalesce(g.child_attempt, 1), now() + g.delay * interval '1 second'
FROM json_to_recordset(%(task_runs)s::json)
    AS g(id uuid, flow_run_id uuid, slug text, state text, waiting_on int, queue text, priority int,
    tags text[], child uuid, child_attempt int, delay float8)
"""

# All at once: nobody else can have these flow runs, or see them before the commit.
INSERT_FLOW_RUNS = f"WITH flow_runs AS ({_FLOW_RUNS}) {_TASK_RUNS}"

# Where a (flow, idempotency key) or a (schedule, fire time) may be taken: tells which were not.
INSERT_FLOW_RUNS_ONCE = f"{_FLOW_RUNS} ON CONFLICT DO NOTHING RETURNING id"
INSERT_TASK_RUNS = _TASK_RUNS

INSERT_LOG_LINES = """
INSERT INTO orchestrator_logline (flow_run_id, task_run_id, attempt, number, at, level, message)
SELECT %(flow_run_id)s::uuid, %(task_run_id)s::uuid, %(attempt)s::int, g.number, g.at, g.level, g.message
FROM json_to_recordset(%(lines)s::json) AS g(number int, at timestamptz, level int, message text)
ON CONFLICT DO NOTHING
"""

# Every row must be as the caller, who holds it, knows it: (attempt, state) is compared and set. A row that is not makes
# the division fail, and with it the transaction: that costs no round trip, and is a defect of ours, never a stale hint.
MOVE_TASK_RUNS = """
WITH moved AS (
    UPDATE orchestrator_taskrun t SET
        state = g.after, message = g.message, result = g.result, stored_result_id = g.stored, changed_at = now(),
        attempt = t.attempt + g.attempt_step, failures = t.failures + g.failure_step,
        child_flow_run_id = coalesce(g.child, t.child_flow_run_id),
        child_attempt = coalesce(g.child_attempt, t.child_attempt),
        waiting_on = coalesce(g.waiting_on, t.waiting_on),
        worker = CASE WHEN g.after = 'Running' AND g.leased THEN %(worker)s::text ELSE t.worker END,
        lease_until = CASE WHEN g.after = 'Running' AND g.leased
                           THEN now() + %(lease)s::float8 * interval '1 second' END,
        due_at = now() + g.delay * interval '1 second',
        carried = CASE WHEN g.carried IS NULL THEN t.carried ELSE coalesce(t.carried, '{}') || g.carried END,
        submitted_at = CASE WHEN g.after = 'Submitted' THEN clock_timestamp() ELSE t.submitted_at END,
        started_at = CASE WHEN g.after = 'Running' AND t.state <> 'Running' THEN now()
                          WHEN g.after IN ('Submitted', 'Retrying', 'Paused') THEN NULL ELSE t.started_at END,
        ended_at = CASE WHEN g.after = ANY(%(terminal)s::text[]) THEN now() END
    FROM json_to_recordset(%(moves)s::json) AS g(id uuid, attempt int, before text, after text, message text,
        result jsonb, stored uuid, attempt_step int, failure_step int, child uuid, child_attempt int, leased bool,
        delay float8, carried jsonb, waiting_on int)
    WHERE t.id = ANY(%(ids)s::uuid[]) AND t.id = g.id AND t.attempt = g.attempt AND t.state = g.before
    RETURNING t.flow_run_id, t.id, t.attempt, g.before, g.after, g.message
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after, message, actor_id)
    SELECT flow_run_id, id, attempt, before, after, message, %(actor)s::int FROM moved WHERE before <> after
)
SELECT 1 / (count(*) = %(count)s::int)::int FROM moved
"""

# A mapped task that runs counts its items, not what is before it; one that has ended, nothing any more.
_COUNTS_UPSTREAMS = "ended_at IS NULL AND (items IS NULL OR state <> 'Running')"

RELEASE_DOWNSTREAMS = f"""
UPDATE orchestrator_taskrun SET waiting_on = waiting_on - (%(falls)s::jsonb ->> slug)::int
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1 AND {_COUNTS_UPSTREAMS}
RETURNING id, slug, attempt, waiting_on, failures, child_flow_run_id, child_attempt, state
"""

SET_WAITING_ON = f"""
UPDATE orchestrator_taskrun SET waiting_on = (%(waiting_on)s::jsonb ->> slug)::int
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1 AND {_COUNTS_UPSTREAMS}
"""

# Of task runs that this transaction holds.
SET_COUNTERS = """
UPDATE orchestrator_taskrun SET waiting_on = (%(waiting_on)s::jsonb ->> id::text)::int WHERE id = ANY(%(ids)s::uuid[])
"""

# Perhaps more than was asked for: no join that could be planned for an empty table.
READ_AHEAD = """
SELECT flow_run_id, slug, state, id, attempt, waiting_on, failures, child_flow_run_id, child_attempt
FROM orchestrator_taskrun
WHERE flow_run_id = ANY(%(flow_run_ids)s::uuid[]) AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
"""

READ_TASK_RUNS = """
SELECT id, slug, attempt, state, waiting_on, failures, child_flow_run_id, child_attempt
FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
"""

READ_ALL_STATES = """
SELECT slug, state FROM orchestrator_taskrun WHERE flow_run_id = %(flow_run_id)s::uuid AND map_index = -1
"""

READ_STATES = """
SELECT slug, state FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
"""

READ_RESULTS = """
SELECT slug, state, result, stored_result_id, items FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
"""

COUNT_OF_ROOT = """
SELECT count(*) FROM (
    SELECT 1 FROM orchestrator_flowrun WHERE root_run_id = %(root_id)s::uuid LIMIT %(most)s::int
) AS found
"""

READ_CAUSES = """
SELECT slug, message FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND map_index = -1 AND state = ANY(%(states)s::text[])
ORDER BY ended_at, slug LIMIT 1000
"""

READ_MESSAGE = """
SELECT message FROM orchestrator_flowrun WHERE id = %(flow_run_id)s::uuid
"""

# A record whose state stays only counts. Returns those that end while others than the task that started them wait for
# them.
MOVE_FLOW_RUNS = """
WITH moved AS (
    UPDATE orchestrator_flowrun r SET
        state = g.after, unfinished = g.unfinished, attempt = g.attempt,
        message = CASE WHEN g.before <> g.after THEN g.message ELSE r.message END,
        result = CASE WHEN g.before <> g.after THEN g.result ELSE r.result END,
        stored_result_id = CASE WHEN g.before <> g.after THEN g.stored ELSE r.stored_result_id END,
        changed_at = CASE WHEN g.before <> g.after THEN now() ELSE r.changed_at END,
        started_at = CASE WHEN g.before = g.after OR g.after = 'Paused' THEN r.started_at
                          WHEN g.after NOT IN ('Pending', 'Scheduled', 'Queued') THEN coalesce(r.started_at, now()) END,
        ended_at = CASE WHEN g.before = g.after THEN r.ended_at
                        WHEN g.after = ANY(%(terminal)s::text[]) THEN now() END
    FROM json_to_recordset(%(moves)s::json) AS g(id uuid, before text, after text, attempt int, unfinished int,
        message text, result jsonb, stored uuid)
    WHERE r.id = ANY(%(ids)s::uuid[]) AND r.id = g.id
    RETURNING r.id, r.parent_task_run_id, g.attempt, g.before, g.after, g.message
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, attempt, before, after, message, actor_id)
    SELECT id, attempt, before, after, message, %(actor)s::int FROM moved WHERE before <> after
)
SELECT id FROM moved WHERE before <> after AND after = ANY(%(terminal)s::text[]) AND (
    SELECT true FROM orchestrator_taskrun t WHERE t.child_flow_run_id = moved.id
        AND t.state IS NOT DISTINCT FROM 'Running' AND t.lease_until IS NULL
        AND t.id IS DISTINCT FROM moved.parent_task_run_id LIMIT 1)
"""

# Waits for whoever is ending it.
LOOK_AT_FLOW_RUN = """
SELECT state = ANY(%(terminal)s::text[]) FROM orchestrator_flowrun WHERE id = %(id)s::uuid FOR SHARE
"""

# Of these flow runs, those that wait for this one, or for one that does, to any depth; and this one.
WAITING_FOR = """
WITH RECURSIVE waiting(id) AS (
    SELECT %(flow_run_id)s::uuid
    UNION
    SELECT t.flow_run_id FROM waiting w CROSS JOIN LATERAL (
        SELECT flow_run_id FROM orchestrator_taskrun
        WHERE child_flow_run_id = w.id AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
    ) AS t
)
SELECT id FROM waiting WHERE id = ANY(%(awaited)s::uuid[])
"""

# The flow runs of what was claimed start with it. One that is locked is skipped: whoever holds it (a cancel, an end)
# moves it on itself. They are looked up one by one: whatever else the planner thinks of reads all that are Pending.
CLAIM = """
WITH picked AS (
    SELECT first.id FROM unnest(%(queues)s::text[]) AS served(queue) CROSS JOIN LATERAL (
        SELECT t.id, t.priority, t.submitted_at FROM orchestrator_taskrun t
        WHERE t.state = 'Submitted' AND t.queue = served.queue AND NOT t.id = ANY(%(passed)s::uuid[])
        ORDER BY t.priority DESC, t.submitted_at LIMIT %(limit)s::int FOR NO KEY UPDATE SKIP LOCKED
    ) AS first ORDER BY first.priority DESC, first.submitted_at LIMIT %(limit)s::int
), claimed AS (
    UPDATE orchestrator_taskrun t SET state = 'Running', worker = %(worker)s::text, started_at = now(),
        changed_at = now(), lease_until = now() + %(lease)s::float8 * interval '1 second'
    FROM picked WHERE t.id = ANY(ARRAY[picked.id])
    RETURNING t.id, t.flow_run_id, t.slug, t.attempt, t.carried, t.failures, t.map_index,
        t.priority, t.submitted_at
), started AS (
    UPDATE orchestrator_flowrun r SET state = 'Running', started_at = now(), changed_at = now()
    FROM (SELECT DISTINCT flow_run_id AS id FROM claimed) AS of_claimed CROSS JOIN LATERAL (
        SELECT f.id FROM orchestrator_flowrun f WHERE f.id = of_claimed.id AND f.state = %(pending)s::text
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS held
    WHERE r.id = ANY(ARRAY[held.id])
    RETURNING r.id, r.attempt
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after)
    SELECT id, NULL, attempt, 'Pending', 'Running' FROM started
    UNION ALL
    SELECT flow_run_id, id, attempt, 'Submitted', 'Running' FROM claimed
)
SELECT c.id, c.flow_run_id, c.slug, c.attempt, r.version_id, r.parameters, c.carried, r.scheduled_for, c.failures,
    c.map_index, above.flow_run_id, above.slug, above.version_id
FROM claimed c CROSS JOIN LATERAL (
    SELECT version_id, parameters, scheduled_for, parent_task_run_id
    FROM orchestrator_flowrun f WHERE f.id = ANY(ARRAY[c.flow_run_id])
) AS r LEFT JOIN LATERAL (
    SELECT p.flow_run_id, p.slug, f.version_id
    FROM orchestrator_taskrun p JOIN orchestrator_flowrun f ON f.id = ANY(ARRAY[p.flow_run_id])
    WHERE p.id = ANY(ARRAY[r.parent_task_run_id])
) AS above ON true
ORDER BY c.priority DESC, c.submitted_at
"""

RENEW_LEASES = """
UPDATE orchestrator_taskrun t SET lease_until = now() + %(lease)s::float8 * interval '1 second'
FROM orchestrator_flowrun r, unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS g(id, attempt)
WHERE t.id = ANY(ARRAY[g.id]) AND t.attempt = g.attempt AND t.state IS NOT DISTINCT FROM 'Running'
    AND r.id = ANY(ARRAY[t.flow_run_id])
RETURNING t.id, r.state = 'Cancelling'
"""

# What has not been started keeps its attempt, and everything its place in the queue, or is given one: a worker may have
# taken it as it became ready. The flow run is held, so that no cancel can pass by what it finds neither waiting nor
# running.
GIVE_BACK = """
WITH held AS (
    SELECT 1 FROM orchestrator_flowrun WHERE id = %(flow_run_id)s::uuid AND state <> 'Cancelling' FOR NO KEY UPDATE
), given AS (
    UPDATE orchestrator_taskrun t SET state = 'Submitted', lease_until = NULL, started_at = NULL, changed_at = now(),
        attempt = t.attempt + %(attempt_step)s::int, message = %(message)s::text,
        submitted_at = coalesce(t.submitted_at, clock_timestamp())
    FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS g(id, attempt), held
    WHERE t.id = ANY(ARRAY[g.id]) AND t.attempt = g.attempt AND t.state IS NOT DISTINCT FROM 'Running'
        AND t.lease_until IS NOT NULL
    RETURNING t.flow_run_id, t.queue, t.id, t.attempt
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after, message)
    SELECT flow_run_id, id, attempt, 'Running', 'Submitted', %(message)s::text FROM given
)
SELECT id, queue FROM given
"""

HAS_SUBMITTED = """
SELECT 1 FROM orchestrator_taskrun
WHERE state = 'Submitted' AND queue = ANY(%(queues)s::text[]) AND NOT id = ANY(%(passed)s::uuid[]) LIMIT 1
"""

# A flow run, and its task runs whose child flow run has ended, the attempt they wait for. They are found by the child,
# not by the flow run, of which all task runs would be read.
LOCK_WITH_ENDED_CHILDREN = f"""
SELECT {RUN},
    t.id, t.slug, t.map_index, t.attempt, t.failures, c.id, c.state, c.message, c.result, c.stored_result_id
FROM orchestrator_flowrun r
JOIN orchestrator_taskrun t ON t.flow_run_id IS NOT DISTINCT FROM %(id)s::uuid
JOIN orchestrator_flowrun c ON c.id = ANY(ARRAY[t.child_flow_run_id])
WHERE r.id = %(id)s::uuid AND t.child_flow_run_id = ANY(%(children)s::uuid[])
    AND t.state IS NOT DISTINCT FROM 'Running' AND t.lease_until IS NULL
    AND c.state = ANY(%(terminal)s::text[]) AND c.attempt >= t.child_attempt
FOR NO KEY UPDATE OF r, t
"""

# The flow runs whose task runs wait for these children to end.
WAITING_PARENTS = """
SELECT DISTINCT flow_run_id FROM (
    SELECT flow_run_id FROM orchestrator_taskrun WHERE child_flow_run_id = ANY(%(children)s::uuid[])
        AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL OFFSET 0
) AS waiting
"""

# What a flow run still has to do, its rows held against claims and retries that do not lock the flow run.
HOLD_UNFINISHED = f"""
SELECT id, slug, attempt, state, failures, child_flow_run_id, child_attempt, lease_until IS NULL, map_index, items
FROM orchestrator_taskrun WHERE flow_run_id = %(flow_run_id)s::uuid AND NOT state = ANY(%(terminal)s::text[])
ORDER BY {BY_ID} FOR NO KEY UPDATE
"""

# Task runs, each with its flow run; with `climb`, of a flow run that has nothing else unfinished also the task run of
# its parent that may wait for it, and so on upwards. Children before parents, then by id: whoever locks several flow
# runs does it in that order. Whoever waits here for a flow run sees it and the task run as they are when it gets them.
LOCK_WITH_TASK_RUNS = f"""
WITH RECURSIVE up AS (
    SELECT t.id, t.flow_run_id, t.map_index, r.unfinished, r.parent_task_run_id, 0 AS level
    FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
    WHERE t.id = ANY(%(task_run_ids)s::uuid[])
    UNION ALL
    SELECT t.id, t.flow_run_id, t.map_index, r.unfinished, r.parent_task_run_id, up.level + 1
    FROM up JOIN orchestrator_taskrun t ON t.id = ANY(ARRAY[up.parent_task_run_id])
    JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
    WHERE %(climb)s::bool AND up.unfinished = 1 AND up.map_index = -1
)
SELECT {RUN},
    t.id, t.slug, t.map_index, t.attempt, t.state, t.failures, t.child_flow_run_id, t.child_attempt,
    t.lease_until IS NULL, up.level, pg_current_xact_id()::xid::text
FROM up JOIN orchestrator_taskrun t ON t.id = ANY(ARRAY[up.id])
JOIN orchestrator_flowrun r ON r.id = ANY(ARRAY[t.flow_run_id])
ORDER BY r.depth DESC, r.id, t.id FOR NO KEY UPDATE OF r, t
"""

# Holds flow runs whose rows nobody has written since the transaction `left_by`; if somebody has, the division fails,
# and with it this transaction.
HOLD_AS_LEFT = f"""
WITH held AS (
    SELECT r.id FROM orchestrator_flowrun r WHERE r.id = ANY(%(ids)s::uuid[]) AND r.xmin = %(left_by)s::xid
    ORDER BY r.depth DESC, {BY_ID} FOR NO KEY UPDATE
)
SELECT pg_current_xact_id()::xid::text, 1 / (count(*) = %(count)s::int)::int FROM held
"""

# A child_attempt of 0 waits for no attempt of the child that there was: the next start is a new child's.
RESTART_TASK_RUNS = f"""
WITH restarted AS (
    UPDATE orchestrator_taskrun t SET state = 'Pending', message = '', result = NULL, stored_result_id = NULL,
        items = CASE WHEN t.slug = ANY(%(with_items)s::text[]) THEN t.items END,
        attempt = t.attempt + 1, failures = 0, lost = 0, waiting_on = (%(waiting_on)s::jsonb ->> t.slug)::int,
        worker = '', lease_until = NULL, due_at = NULL, carried = NULL, submitted_at = NULL, started_at = NULL,
        ended_at = NULL, changed_at = now(), queue = {QUEUE_ANEW},
        child_attempt = CASE WHEN t.slug = ANY(%(anew)s::text[]) THEN 0 ELSE t.child_attempt END
    WHERE t.flow_run_id = %(flow_run_id)s::uuid AND t.slug = ANY(%(slugs)s::text[]) AND t.map_index = -1
    RETURNING t.flow_run_id, t.id, t.slug, t.attempt, t.child_flow_run_id, t.child_attempt, t.waiting_on
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after, message, actor_id)
    SELECT flow_run_id, id, attempt, %(befores)s::jsonb ->> slug, 'Pending', %(message)s::text, %(actor)s::int
    FROM restarted
)
SELECT id, slug, attempt, child_flow_run_id, child_attempt, waiting_on FROM restarted
"""

HOLD_OVERDUE = f"""
SELECT id, slug, map_index, attempt, failures, child_flow_run_id FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND due_at <= statement_timestamp()
    AND state IS NOT DISTINCT FROM 'Running' AND lease_until IS NULL
ORDER BY {BY_ID} FOR NO KEY UPDATE
"""

FLOW_RUNS_BY_KEY = """
SELECT r.flow_id, r.idempotency_key, r.id, r.version_id, r.parameters, r.attempt
FROM unnest(%(flow_ids)s::bigint[], %(keys)s::text[]) AS g(flow_id, key) CROSS JOIN LATERAL (
    SELECT flow_id, idempotency_key, id, version_id, parameters, attempt FROM orchestrator_flowrun
    WHERE idempotency_key = g.key OFFSET 0
) AS r
WHERE r.flow_id = g.flow_id
"""
