"""Limits of tags where real workers execute what has them, and one of them dies."""

import pytest
from django.db import connection
from django.utils import timezone

from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.registration import register_flow
from orchestrator.engine.tagged import hear_of_limits
from orchestrator.models import Flow, FlowRun, Origin, Project, TagLimit, TaskRun
from tests.faults.limited import flows
from tests.faults.test_faults import SOON
from tests.processes import eventually

pytestmark = [pytest.mark.workers, pytest.mark.timeout(180)]

MOST = 2
SPANS = """
CREATE TABLE IF NOT EXISTS spans (
    task_run_id uuid NOT NULL, attempt int NOT NULL, began timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended timestamptz, PRIMARY KEY (task_run_id, attempt))
"""
# How many functions were executed at the moment when each of them began. What has no end died with its worker.
AT_ONCE = """
SELECT max(found.others) FROM spans s CROSS JOIN LATERAL (
    SELECT count(*) AS others FROM spans o WHERE o.began <= s.began AND o.ended > s.began) AS found
"""
# How many flow runs began while functions of one waited for their places.
BEFORE = """
SELECT count(*) FROM orchestrator_flowrun r JOIN orchestrator_flowrun urgent ON urgent.id = %(run)s
WHERE r.created_at > urgent.created_at AND r.created_at < (
    SELECT max(s.began) FROM spans s JOIN orchestrator_taskrun t ON t.id = s.task_run_id AND t.flow_run_id = urgent.id)
"""


def number(query: str, **values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])


def start(flow: Flow) -> FlowRun:
    started = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    return FlowRun.objects.get(pk=started.flow_run_id)


def test_no_more_are_executed_than_a_tags_limit_says_whatever_befalls_them(start_worker, start_beat, monkeypatch):
    for name, value in (SOON | {"ANABRANCH_APPS": "tests.faults.limited"}).items():
        monkeypatch.setenv(name, value)
    with connection.cursor() as cursor:
        cursor.execute(SPANS)
        cursor.execute("TRUNCATE spans")
    project = Project.objects.create(name="limited")
    TagLimit.objects.create(project=project, tag="database", max_running=MOST)
    hear_of_limits()
    _, outer, urgent = (
        register_flow(flow=flow, project=project.name, now=timezone.now()).flow
        for flow in (flows.inner, flows.outer, flows.urgent)
    )
    doomed = start_worker(concurrency=2, wait=False)
    start_worker(concurrency=3)
    start_beat()
    first = start(outer)
    eventually(lambda: number("SELECT count(*) FROM spans") > 3, else_say="functions are executed")

    doomed.kill()
    second = start(urgent)
    eventually(lambda: FlowRun.objects.filter(pk=second.pk, state="Success").exists(), within=60)
    pause_flow_run(flow_run_id=first.pk)
    resume_flow_run(flow_run_id=first.pk)
    eventually(lambda: FlowRun.objects.filter(pk=first.pk, ended_at__isnull=False).exists(), within=90)

    assert not TaskRun.objects.exclude(state="Success").exists()
    assert FlowRun.objects.filter(parent_task_run__flow_run=first).count() == 8
    assert number(AT_ONCE) == MOST
    # Only what had been let go before, if anything.
    assert number(BEFORE, run=second.pk) <= MOST
