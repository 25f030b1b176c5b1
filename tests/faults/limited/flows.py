"""Flows whose functions have the tag `database`, each beside a table that says from when to when it was executed."""

import time

from django.db import connection

from orchestrator.sdk import Flow, Parameter, StartFlowRun, context, task

SECONDS = 0.05


@task(tags=["database"], max_retries=1, retry_delay=0)
def reads(fails: bool) -> None:
    """Be executed for a moment, and write down from when to when; fail the first time, if asked to."""
    inside = context()
    with connection.cursor() as cursor:
        named = [inside.task_run_id, inside.attempt]
        cursor.execute("INSERT INTO spans (task_run_id, attempt) VALUES (%s, %s)", named)
        time.sleep(SECONDS)
        cursor.execute("UPDATE spans SET ended = clock_timestamp() WHERE task_run_id = %s AND attempt = %s", named)
    if fails and inside.attempt == 1:
        raise ValueError("the first time")


with Flow("inner") as inner:
    fails = Parameter("fails", default=False)
    for _ in range(3):
        reads(fails)

with Flow("outer") as outer:
    StartFlowRun(flow_name="inner", project_name="limited", wait=True).map(
        parameters=[{"fails": number % 2 == 0} for number in range(8)], task_args={"tags": ["database"]}
    )

with Flow("urgent", priority=9) as urgent:
    reads(False)
    reads(False)
