"""A table of every execution of a function, beside Anabranch's own: what ran is asked of it, not of the engine."""

import time
from uuid import uuid4

from django.db import Error, connection

from orchestrator.sdk import context

PATIENCE_SECONDS = 60.0

CREATE = """
CREATE TABLE IF NOT EXISTS executions (
    id uuid PRIMARY KEY, task_run_id uuid NOT NULL, attempt int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
RECORD = """
WITH recorded AS (
    INSERT INTO executions (id, task_run_id, attempt) VALUES (%(id)s, %(task_run_id)s, %(attempt)s)
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM executions WHERE task_run_id = %(task_run_id)s AND id <> %(id)s
"""
TWICE = "SELECT task_run_id, attempt, count(*) FROM executions GROUP BY 1, 2 HAVING count(*) > 1"
UNKNOWN = """
SELECT e.task_run_id, e.attempt FROM executions e JOIN orchestrator_taskrun t ON t.id = e.task_run_id
WHERE e.attempt > t.attempt
"""


def prepare_executions() -> None:
    """Have the table, empty."""
    with connection.cursor() as cursor:
        cursor.execute(CREATE)
        cursor.execute("TRUNCATE executions")


def record_execution() -> int:
    """Note that the function around this is being executed; return how often its task run was executed before."""
    inside, identity, give_up = context(), uuid4(), time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute(RECORD, {"id": identity, "task_run_id": inside.task_run_id, "attempt": inside.attempt})
                return int(cursor.fetchone()[0])
        except Error:
            # The database was restarted under it, which is no fault of the function's.
            connection.close()
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


def executed_twice() -> list[tuple[object, ...]]:
    """Return (task run, attempt, executions) of the attempts that were executed more than once, or never happened."""
    with connection.cursor() as cursor:
        cursor.execute(TWICE)
        twice = cursor.fetchall()
        cursor.execute(UNKNOWN)
        return twice + cursor.fetchall()


def count_executions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM executions")
        return int(cursor.fetchone()[0])
