"""Searches of `recover` whose statement began before somebody changed a flow run, and goes on after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine import recovering
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import Flow as WrittenFlow
from tests.engine.conftest import state, states
from tests.engine.flows import child, one_task, works
from tests.processes import eventually

LOCK = 77


@contextmanager
def begun(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Have a statement see the database as it is before the block, and find its rows only after it."""
    wait = f"(SELECT pg_advisory_xact_lock({LOCK})::text) IS NOT NULL AND "
    monkeypatch.setattr(recovering, name, getattr(recovering, name).replace("WHERE t.state", f"WHERE {wait}t.state", 1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        search = Thread(target=search_once)
        search.start()
        eventually(is_waited_for, else_say="the statement has begun")
        yield
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    search.join(timeout=30)
    assert not search.is_alive()


def search_once() -> None:
    try:
        recovering.start_due()
        recovering._wake_for(recovering._take_back)
    finally:
        connection.close()


def is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", [LOCK])
        return cursor.fetchone() is not None


@pytest.fixture
def run(register, start) -> FlowRun:
    return start(register(one_task("f", works.copy(max_retries=1))))


def test_a_retry_that_falls_due_while_its_flow_run_is_paused_waits_for_the_resume(run, monkeypatch):
    (held,) = claim(worker="w", limit=1)
    complete(ended=[(held, Ending(State.RETRYING, delay=0.0))])

    with begun(monkeypatch, "HOLD_DUE"):
        pause_flow_run(flow_run_id=run.pk)

    assert states(run) == {"works-1": "Retrying"}
    resume_flow_run(flow_run_id=run.pk)
    recovering.start_due()
    assert states(run) == {"works-1": "Submitted"}


def test_what_a_lost_worker_held_is_not_executed_again_in_a_flow_run_that_was_cancelled(run, monkeypatch):
    claim(worker="dead", limit=1)
    TaskRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    with begun(monkeypatch, "HOLD_LOST"):
        cancel_flow_run(flow_run_id=run.pk)

    assert state(run) == "Cancelling"
    assert claim(worker="other", limit=1) == []
    recovering.recover()
    assert state(run) == "Cancelled"


def test_keys_are_taken_in_one_order_so_that_nobody_waits_in_a_circle_for_them(register, start, drain):
    child_flow = register(one_task("low"))
    with WrittenFlow("f") as flow:
        for key in ("b", "a"):
            child("low")(idempotency_key=key)
    parent = register(flow)
    first = start(child_flow)
    drain()
    first.refresh_from_db()
    said = []

    def start_parent() -> None:
        try:
            said.append(start(parent))
        finally:
            connection.close()

    starting = Thread(target=start_parent)
    with transaction.atomic(), connection.cursor() as cursor:
        # Less than PostgreSQL lets pass before it looks for a circle.
        cursor.execute("SET LOCAL lock_timeout = '500ms'")
        for key in ("a", "b"):
            first.pk, first.idempotency_key = uuid4(), key
            first.save(force_insert=True)
            if key == "a":
                starting.start()
                eventually(somebody_waits, else_say="the parent waits for the first key")
    starting.join(timeout=30)

    assert [state(run) for run in said] == ["Success"]
    assert FlowRun.objects.filter(idempotency_key__in=["a", "b"]).count() == 2


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")
        return cursor.fetchone() is not None
