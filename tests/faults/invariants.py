"""What must hold of the rows at any committed moment, and what must hold when nothing is left to be done.

Each invariant is a query that returns what breaks it, so that a failure names the rows. They read the tables and the
graph of the version alone, nothing of the engine's code. What the tables' own constraints refuse (two children of one
idempotency key, a running task run without lease or child) is not asked again.
"""

from dataclasses import dataclass

from django.db import connection

# `orchestrator_flowrun` as r, with the (downstream, upstream) pairs of its version's graph, each once.
_EDGES = """
SELECT DISTINCT r.id AS flow_run_id, e ->> 'upstream' AS upstream, e ->> 'downstream' AS downstream
FROM orchestrator_flowrun r JOIN orchestrator_flowversion v ON v.id = r.version_id,
    jsonb_array_elements(coalesce(v.graph -> 'edges', '[]')) AS e
"""

_TASKS = """
SELECT r.id AS flow_run_id, g ->> 'slug' AS slug, coalesce(g ->> 'on_retry', 'restart') AS on_retry,
    coalesce((g ->> 'wait')::bool, true) AS wait
FROM orchestrator_flowrun r JOIN orchestrator_flowversion v ON v.id = r.version_id,
    jsonb_array_elements(v.graph -> 'tasks') AS g
"""

ALWAYS = {
    "waiting_on counts the upstream task runs that have not ended": f"""
        WITH edges AS ({_EDGES})
        SELECT t.flow_run_id, t.slug, t.state, t.waiting_on, u.waits
        FROM orchestrator_taskrun t, LATERAL (
            SELECT count(*) FILTER (WHERE up.ended_at IS NULL) AS waits
            FROM edges e JOIN orchestrator_taskrun up ON up.flow_run_id = e.flow_run_id AND up.slug = e.upstream
                AND up.map_index = -1
            WHERE e.flow_run_id = t.flow_run_id AND e.downstream = t.slug
        ) AS u
        WHERE t.ended_at IS NULL AND t.map_index = -1 AND t.waiting_on <> u.waits AND NOT EXISTS (
            SELECT 1 FROM orchestrator_taskrun i WHERE i.flow_run_id = t.flow_run_id AND i.map_index >= 0)""",
    "a mapped task runs until its items have ended, and counts those that have not": """
        SELECT p.flow_run_id, p.slug, p.state, p.items, p.waiting_on, i.waits, i.items
        FROM orchestrator_taskrun p, LATERAL (
            SELECT count(*) AS items, count(*) FILTER (WHERE ended_at IS NULL) AS waits FROM orchestrator_taskrun i
            WHERE i.flow_run_id = p.flow_run_id AND i.slug = p.slug AND i.map_index >= 0 AND i.map_index < p.items
        ) AS i
        WHERE p.items IS NOT NULL AND (i.items <> p.items OR CASE p.state
            WHEN 'Running' THEN p.waiting_on <> i.waits OR i.waits = 0
            WHEN 'Pending' THEN i.waits > 0  -- to run again when its flow run may begin, or is resumed
            ELSE p.ended_at IS NULL OR p.waiting_on <> 0 OR i.waits > 0 END)""",
    "unfinished counts the task runs that have not ended": """
        SELECT r.id, r.state, r.unfinished, t.unfinished FROM orchestrator_flowrun r, LATERAL (
            SELECT count(*) AS unfinished FROM orchestrator_taskrun t
            WHERE t.flow_run_id = r.id AND t.ended_at IS NULL AND t.map_index = -1
        ) AS t
        WHERE r.unfinished <> t.unfinished""",
    "a flow run has ended exactly when all its task runs have": """
        SELECT r.id, r.state FROM orchestrator_flowrun r
        WHERE (r.ended_at IS NULL) <> EXISTS (
            SELECT 1 FROM orchestrator_taskrun t WHERE t.flow_run_id = r.id AND t.ended_at IS NULL)""",
    "only a running task run has a lease": """
        SELECT flow_run_id, slug, state FROM orchestrator_taskrun
        WHERE state <> 'Running' AND lease_until IS NOT NULL""",
    "a submitted task run has its place in the queue, a retrying one its due time": """
        SELECT flow_run_id, slug, state FROM orchestrator_taskrun
        WHERE (state = 'Submitted' AND submitted_at IS NULL) OR (state = 'Retrying' AND due_at IS NULL)""",
    "nothing of a flow run that has not begun, or waits for room, is executed": """
        SELECT r.id, r.state, t.slug FROM orchestrator_flowrun r JOIN orchestrator_taskrun t ON t.flow_run_id = r.id
        WHERE r.state IN ('Scheduled', 'Queued') AND t.state IN ('Submitted', 'Running', 'Retrying')
            AND t.items IS NULL""",
    "a child flow run is linked from the task run that started it": """
        SELECT c.parent_task_run_id, array_agg(c.id) FROM orchestrator_flowrun c
        JOIN orchestrator_taskrun t ON t.id = c.parent_task_run_id
        GROUP BY c.parent_task_run_id, t.child_flow_run_id
        HAVING NOT t.child_flow_run_id = ANY(array_agg(c.id)) OR t.child_flow_run_id IS NULL""",
    "a task run has one child, unless each attempt or a person's restart of it may start a new one": f"""
        WITH tasks AS ({_TASKS})
        SELECT t.flow_run_id, t.slug, t.attempt, count(*) AS children
        FROM orchestrator_taskrun t JOIN orchestrator_flowrun c ON c.parent_task_run_id = t.id
        JOIN tasks g ON g.flow_run_id = t.flow_run_id AND g.slug = t.slug
        WHERE t.map_index = -1
        GROUP BY t.id, t.flow_run_id, t.slug, t.attempt, g.on_retry
        HAVING count(*) > CASE WHEN g.on_retry = 'new_run' THEN t.attempt ELSE 1 + (
            SELECT count(*) FROM orchestrator_statechange s
            WHERE s.task_run_id = t.id AND s.before IN ('Success', 'Cached', 'Skipped') AND s.after = 'Pending') END""",
    "a child flow run is below its parent, in the same tree": """
        SELECT c.id, c.depth, p.depth FROM orchestrator_flowrun c
        JOIN orchestrator_taskrun t ON t.id = c.parent_task_run_id JOIN orchestrator_flowrun p ON p.id = t.flow_run_id
        WHERE c.depth <> p.depth + 1 OR c.root_run_id IS DISTINCT FROM coalesce(p.root_run_id, p.id)""",
    "the history of a task run has no gaps and ends in its state": """
        WITH changes AS (
            SELECT c.*, lag(after) OVER once AS was, lead(id) OVER once AS next, lag(attempt) OVER once AS attempted
            FROM orchestrator_statechange c WHERE task_run_id IS NOT NULL
            WINDOW once AS (PARTITION BY task_run_id ORDER BY id))
        SELECT c.task_run_id, c.id, c.was, c.before, c.after, t.state FROM changes c
        JOIN orchestrator_taskrun t ON t.id = c.task_run_id
        WHERE c.was <> c.before OR c.attempted > c.attempt
            OR (c.next IS NULL AND (c.after <> t.state OR c.attempt > t.attempt))""",
    "the history of a flow run has no gaps and ends in its state": """
        WITH changes AS (
            SELECT c.*, lag(after) OVER once AS was, lead(id) OVER once AS next
            FROM orchestrator_statechange c WHERE task_run_id IS NULL
            WINDOW once AS (PARTITION BY flow_run_id ORDER BY id))
        SELECT c.flow_run_id, c.id, c.was, c.before, c.after, r.state FROM changes c
        JOIN orchestrator_flowrun r ON r.id = c.flow_run_id
        WHERE c.was <> c.before OR (c.next IS NULL AND c.after <> r.state)""",
}

# Only when every flow run has ended, or waits for a moment that has not come.
AT_REST = {
    "nothing is left to be done": """
        SELECT flow_run_id, slug, state, attempt, lost, lease_until FROM orchestrator_taskrun
        WHERE state IN ('Submitted', 'Retrying') OR (state = 'Running' AND lease_until IS NOT NULL)""",
    "no parent waits for a child that has ended": """
        SELECT t.flow_run_id, t.slug, c.id, c.state FROM orchestrator_taskrun t
        JOIN orchestrator_flowrun c ON c.id = t.child_flow_run_id
        WHERE t.state = 'Running' AND c.ended_at IS NOT NULL""",
    "no child runs on under a parent that is being cancelled": """
        SELECT c.id, c.state FROM orchestrator_flowrun r
        JOIN orchestrator_taskrun t ON t.flow_run_id = r.id AND t.state = 'Running'
        JOIN orchestrator_flowrun c ON c.id = t.child_flow_run_id
        WHERE r.state = 'Cancelling' AND c.ended_at IS NULL AND c.state <> 'Cancelling'""",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold, and the rows that break it."""

    invariant: str
    found: list[tuple[object, ...]]

    def __str__(self) -> str:
        shown = "\n".join(f"    {row}" for row in self.found[:5])
        return f"broken: {self.invariant} ({len(self.found)} rows)\n{shown}"


def broken_invariants(*, at_rest: bool = False) -> list[Broken]:
    """Return the invariants that do not hold now.

    :param at_rest: ask also for what holds only when nothing is left to be done
    """
    broken = []
    with connection.cursor() as cursor:
        for invariant, query in (ALWAYS | AT_REST if at_rest else ALWAYS).items():
            cursor.execute(query)
            if found := cursor.fetchall():
                broken.append(Broken(invariant, found))
    return broken


def check_invariants(*, at_rest: bool = False) -> None:
    """Accept the rows as they are.

    :raises AssertionError: naming each invariant that does not hold, and the rows that break it
    """
    broken = broken_invariants(at_rest=at_rest)
    assert not broken, "\n".join(map(str, broken))
