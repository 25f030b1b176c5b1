"""Old workers and new workers side by side, and runs that began on an older version: all finish."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.passing import why_passed_on
from orchestrator.engine.recovering import recover
from orchestrator.engine.registration import register_apps
from orchestrator.models import FlowRun, Origin, StateChange, TaskRun, Worker
from orchestrator.sdk import Flow, registry
from tests.engine.conftest import state, states
from tests.engine.flows import one_task, works
from tests.faults.executions import executed_twice, prepare_executions
from tests.faults.shapes.registered import register_shapes
from tests.processes import eventually

HOUR = timedelta(hours=1)
COLUMNS_NEEDED = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
"""

OLD = {"ANABRANCH_APPS": "examples"}
NEW = {"ANABRANCH_APPS": "examples,tests.faults.shapes", "ANABRANCH_LEASE_SECONDS": "120"}


def chain(length: int) -> Flow:
    with Flow("changing") as flow:
        last = works()
        for _ in range(length - 1):
            last = works(upstream_tasks=[last])
    return flow


def test_a_run_that_began_on_an_older_version_finishes_with_it(register, start, drain):
    old = start(register(chain(2)))
    new = start(register(chain(3)))

    drain()

    assert [state(old), state(new)] == [State.SUCCESS, State.SUCCESS]
    assert [len(states(old)), len(states(new))] == [2, 3]


def test_a_function_that_no_worker_knows_fails_and_says_so(register, start, drain):
    run = start(register(one_task("gone")))
    registry._flows.clear()

    drain()

    assert state(run) == State.FAILED
    assert "This worker's code has no flow tests/gone" in TaskRun.objects.get(flow_run=run).message


def test_each_attempt_of_what_a_worker_does_not_know_is_left_to_others_first(register, start):
    """A retry that comes later in the same deploy is for the newer workers, too."""
    start(register(one_task("gone")))
    registry._flows.clear()
    for name in ("older", "newer"):
        Worker.objects.create(name=name, slots=1, started_at=timezone.now(), lease_until=timezone.now() + HOUR)
    (held,) = claim(worker="older", limit=1)

    reasons = [why_passed_on(one) for one in (held, replace(held, attempt=2), replace(held, attempt=2))]

    assert [reason[:4] for reason in reasons] == ["Left", "Left", ""]


@pytest.mark.django_db
def test_an_older_process_can_insert_into_every_table_that_it_knows():
    """Django drops a column's default once the column is there, unless the field has a `db_default`."""
    first = MigrationLoader(connection).project_state(("orchestrator", "0001_initial")).apps
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS_NEEDED)
        needed = set(cursor.fetchall())

    for model in first.get_app_config("orchestrator").get_models(include_auto_created=True):
        given = {field.column for field in model._meta.concrete_fields}
        asked = {column for table, column in needed if table == model._meta.db_table}
        assert asked <= given, f"{model._meta.db_table} asks for columns that an older process does not give"


@pytest.mark.workers
@pytest.mark.timeout(180)
def test_a_worker_with_older_code_leaves_what_it_does_not_know_to_a_newer_one(start_worker):
    prepare_executions()
    register_apps(now=timezone.now())
    flow = register_shapes()["steady"]
    older = start_worker(env=OLD, wait=False)
    newer = start_worker(env=NEW)
    older.wait_until_ready()
    # It is known to be there, and takes nothing for now.
    newer.pause()

    started = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    passed = StateChange.objects.filter(message__startswith="Left to other workers")
    eventually(lambda: recover() and passed.exists(), else_say="the older worker leaves it")
    newer.resume()
    run = FlowRun.objects.filter(pk=started.flow_run_id)
    eventually(lambda: recover() and run.filter(ended_at__isnull=False).exists(), within=50, else_say="the run ends")

    assert run.get().state == State.SUCCESS
    assert not TaskRun.objects.exclude(attempt=1, lost=0, failures=0).exists()
    assert executed_twice() == []
