"""The statements of mapped tasks. Each works on any number of items at once.

A mapped task has one row that counts (map_index -1): its `items` is how many it was given, NULL before; its
`waiting_on` is then how many of them have not ended. Rows of items at or beyond that number are from before a restart
that made the list shorter.
"""

from orchestrator.engine.tag_statements import QUEUE_ANEW

# How many items that it follows have not ended, for the item of map index `{index}`.
_WAITS = """
SELECT count(*) FROM orchestrator_taskrun u
WHERE u.flow_run_id = %(flow_run_id)s::uuid AND u.slug = ANY(%(pairs)s::text[]) AND u.map_index = {index}
    AND NOT u.state = ANY(%(terminal)s::text[])
"""

# Those below `pending` are left to the caller, if nothing keeps them waiting; the others may be claimed at once.
INSERT_ITEMS = f"""
WITH born AS (
    INSERT INTO orchestrator_taskrun (id, flow_run_id, slug, map_index, state, waiting_on, submitted_at, queue,
        priority, tags)
    SELECT gen_random_uuid(), %(flow_run_id)s::uuid, %(slug)s::text, i.map_index,
        CASE WHEN i.map_index < %(pending)s::int THEN 'Pending' ELSE 'Submitted' END,
        CASE WHEN cardinality(%(pairs)s::text[]) = 0 THEN 0 ELSE ({_WAITS.format(index="i.map_index")}) END,
        CASE WHEN i.map_index >= %(pending)s::int THEN clock_timestamp() END, %(queue)s::text, %(priority)s::int,
        %(tags)s::text[]
    FROM generate_series(0, %(items)s::int - 1) AS i(map_index) ORDER BY i.map_index
    ON CONFLICT DO NOTHING
    RETURNING id, map_index, state, waiting_on
)
SELECT id, map_index FROM born WHERE state = 'Pending' AND waiting_on = 0
"""

# Once it has items, those that were to start new child flow runs know it themselves.
SET_ITEMS = """
UPDATE orchestrator_taskrun SET items = %(items)s::int, waiting_on = %(waiting_on)s::int,
    child_attempt = CASE WHEN %(items)s::int IS NULL THEN child_attempt ELSE 1 END
WHERE id = %(id)s::uuid
"""

# Of the items `again`, those that run again.
_RESTARTED = """, restarted AS (
    UPDATE orchestrator_taskrun t SET state = 'Pending', message = '', result = NULL, stored_result_id = NULL,
        attempt = t.attempt + 1, failures = 0, lost = 0, waiting_on = again.waits, worker = '', lease_until = NULL,
        due_at = NULL, carried = NULL, submitted_at = NULL, started_at = NULL, ended_at = NULL, changed_at = now(),
        child_attempt = CASE WHEN {anew} THEN 0 ELSE t.child_attempt END, queue = {queue}
    FROM again
    WHERE t.id = ANY(ARRAY[again.id]) AND ({which})
    RETURNING t.flow_run_id, t.id, t.map_index, t.attempt, t.child_flow_run_id, t.child_attempt, t.waiting_on,
        again.before
), noted AS (
    INSERT INTO orchestrator_statechange (flow_run_id, task_run_id, attempt, before, after, message, actor_id)
    SELECT flow_run_id, id, attempt, before, 'Pending', %(message)s::text, %(actor)s::int FROM restarted
)
SELECT id, map_index, attempt, child_flow_run_id, child_attempt, waiting_on FROM restarted
"""

# All items that are there already, or those that did not succeed and those that follow one that runs again.
RESTART_ITEMS = f"""
WITH again AS (
    SELECT t.id, t.state AS before, ({_WAITS.format(index="t.map_index")}) AS waits
    FROM orchestrator_taskrun t
    WHERE t.flow_run_id = %(flow_run_id)s::uuid AND t.slug = %(slug)s::text
        AND t.map_index >= 0 AND t.map_index < %(items)s::int
)""" + _RESTARTED.format(
    queue=QUEUE_ANEW,
    anew="%(anew)s::bool",
    which="%(all)s OR again.waits > 0 OR NOT t.state = ANY(%(successful)s::text[])",
)

# Ended without having started: a trigger's verdict is no start, even where a worker gave it.
_NEVER_STARTED = "(t.state = 'TriggerFailed' OR (t.state IN ('Skipped', 'Cancelled') AND t.started_at IS NULL))"

# One item, if it has ended: `always`, or because it follows one that runs again or has not started.
RESTART_ITEM = f"""
WITH again AS (
    SELECT t.id, t.state AS before, ({_WAITS.format(index="t.map_index")}) AS waits
    FROM orchestrator_taskrun t
    WHERE t.flow_run_id = %(flow_run_id)s::uuid AND t.slug = %(slug)s::text AND t.map_index = %(index)s::int
        AND t.state = ANY(%(terminal)s::text[])
)""" + _RESTARTED.format(
    queue=QUEUE_ANEW,
    anew="%(anew)s::bool AND t.state = ANY(%(successful)s::text[])",
    which=f"%(always)s OR again.waits > 0 OR {_NEVER_STARTED}",
)

# An item that has not ended may have to wait for one that runs again; without an index, all of the task's.
SET_ITEM_WAITING_ON = f"""
UPDATE orchestrator_taskrun t SET waiting_on = ({_WAITS.format(index="t.map_index")})
WHERE t.flow_run_id = %(flow_run_id)s::uuid AND t.slug = %(slug)s::text AND t.map_index >= 0
    AND (%(index)s::int IS NULL OR t.map_index = %(index)s::int) AND NOT t.state = ANY(%(terminal)s::text[])
"""

COUNT_ITEMS_DOWN = """
UPDATE orchestrator_taskrun SET waiting_on = waiting_on - (%(falls)s::jsonb ->> slug)::int, changed_at = now()
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
RETURNING id, slug, attempt, waiting_on
"""

# An item that has ended counts anew when it runs again; such rows are there also of tasks that are given items anew.
# `falls` has them as "slug index".
RELEASE_ITEMS = """
UPDATE orchestrator_taskrun SET waiting_on = waiting_on - (%(falls)s::jsonb ->> (slug || ' ' || map_index))::int
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = ANY(%(indexes)s::int[])
    AND %(falls)s::jsonb ->> (slug || ' ' || map_index) IS NOT NULL AND ended_at IS NULL
RETURNING id, slug, map_index, attempt, waiting_on, failures, child_flow_run_id, child_attempt, state
"""

# The items of expanded tasks, `t`, with the row that counts them, `p`.
_ITEMS = """
FROM orchestrator_taskrun p CROSS JOIN LATERAL (
    SELECT * FROM orchestrator_taskrun i
    WHERE i.flow_run_id = p.flow_run_id AND i.slug = p.slug AND i.map_index >= 0 AND i.map_index < p.items OFFSET 0
) AS t
WHERE p.flow_run_id = %(flow_run_id)s::uuid AND p.slug = ANY(%(slugs)s::text[]) AND p.map_index = -1
"""

# Those of some map indexes. A task that people gave another end has rows of items from before, but no items.
SOME_ITEMS = f"{_ITEMS} AND t.map_index = ANY(%(indexes)s::int[])"

READ_ITEM_COUNTS = f"""
SELECT t.slug, t.state, count(*), (array_agg(t.map_index ORDER BY t.map_index))[1:3] {_ITEMS} GROUP BY t.slug, t.state
ORDER BY t.slug, min(t.map_index)
"""

READ_ITEM_CAUSES = f"""
SELECT t.map_index, t.message {_ITEMS} AND t.state = ANY(%(unsuccessful)s::text[])
ORDER BY t.state = 'TriggerFailed', t.map_index LIMIT 3
"""

# The rows that count the items of these tasks, where they were given some, each with its item of one map index, if it
# has so many.
READ_CHAIN = f"""
SELECT p.slug, t.state, {_NEVER_STARTED}, p.id, p.attempt, p.state, p.items, p.waiting_on
FROM orchestrator_taskrun p LEFT JOIN LATERAL (
    SELECT state, started_at FROM orchestrator_taskrun i
    WHERE i.flow_run_id = p.flow_run_id AND i.slug = p.slug AND i.map_index = %(index)s::int AND i.map_index < p.items
    OFFSET 0
) AS t ON true
WHERE p.flow_run_id = %(flow_run_id)s::uuid AND p.slug = ANY(%(slugs)s::text[]) AND p.map_index = -1
    AND p.items IS NOT NULL
"""

READ_FREE_ITEMS = f"""
SELECT t.id, t.slug, t.map_index, t.attempt, t.failures, t.child_flow_run_id, t.child_attempt {_ITEMS}
    AND t.state = 'Pending' AND t.waiting_on = 0
ORDER BY t.slug, t.map_index
"""

READ_ITEM_RESULTS = f"""
SELECT t.slug, t.state, t.result, t.stored_result_id {_ITEMS} ORDER BY t.slug, t.map_index
"""

READ_EXPANSIONS = """
SELECT slug, state, items FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
"""

READ_SOME_ITEMS = f"SELECT t.slug, t.map_index, t.state, t.result, t.stored_result_id {SOME_ITEMS}"

READ_SOME_ITEM_STATES = f"SELECT t.slug, t.map_index, t.state {SOME_ITEMS}"

# One item of each list, taken out by the database: the list itself may be long.
READ_ELEMENTS = """
SELECT slug, state, result -> %(index)s::int, stored_result_id FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = ANY(%(slugs)s::text[]) AND map_index = -1
"""

# Items of one mapped task that wait for a worker only to start their child flow runs: whoever has one takes those after
# it. They are found by their place, the state being no constant: by the index of what is submitted all would be read.
TAKE_SUBMITTED_ITEMS = """
SELECT id, map_index, attempt, failures, child_flow_run_id, child_attempt FROM orchestrator_taskrun
WHERE flow_run_id = %(flow_run_id)s::uuid AND slug = %(slug)s::text AND map_index > %(after)s::int
    AND state = %(submitted)s::text
    AND NOT starts_with(queue, '~')
ORDER BY map_index LIMIT %(limit)s::int FOR NO KEY UPDATE SKIP LOCKED
"""
