"""How many rows PostgreSQL reads for one step: not more, however many others wait. Plans may be as bad as they like."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from bench.runs import clear
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import give_items_to, start_held
from orchestrator.engine.following import carry_out
from orchestrator.engine.recovering import recover
from orchestrator.models import FlowRun, StateChange, TaskRun
from orchestrator.sdk import Flow, task
from tests.engine.conftest import end_one
from tests.engine.flows import child, one_task

TABLES = [model._meta.db_table for model in (FlowRun, TaskRun, StateChange)]
FEW, MANY = 20, 600


def rows_read() -> int:
    """Return how many rows of the tables of runs this connection's server process has read so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
            " WHERE relname = ANY(%s)",
            [TABLES],
        )
        return int(cursor.fetchone()[0])


def read_by(step: Callable[[], object]) -> int:
    before = rows_read()
    step()
    return rows_read() - before


@task
def lists(size: int) -> list[int]:
    return [{} for _ in range(size)]


def mapped(size: int) -> Flow:
    """Return a flow whose task starts that many child flow runs, one an item."""
    with Flow(f"mapped-{size}") as flow:
        child("small", wait=True).map(parameters=lists(size))
    return flow


def test_one_of_many_flow_runs_that_wait_for_a_worker(register, start):
    flow = register(one_task("f"))
    costs = []
    for waiting in (FEW, MANY):
        while FlowRun.objects.count() < waiting:
            start(flow)
        end_one()
        costs.append(read_by(end_one))

    few, many = costs
    assert many <= few + 10


def test_one_of_many_items_that_start_flow_runs_and_one_of_their_ends(register, start, monkeypatch):
    monkeypatch.setattr("orchestrator.engine.completing.AT_ONCE", 5)
    register(one_task("small"))
    costs = {}
    for size in (FEW, MANY):
        start(register(mapped(size)))
        end_one()
        (parent,) = claim(worker="reads", limit=1)
        give_items_to(held=parent)
        (item,) = claim(worker="reads", limit=1)
        carry_out([start_held(held=item)])
        (next_item,) = claim(worker="reads", limit=1)
        starting = read_by(lambda held=next_item: carry_out([start_held(held=held)]))
        function = TaskRun.objects.filter(flow_run__flow__name="small", state="Submitted")
        TaskRun.objects.filter(pk=function.first().pk).update(priority=9)
        ending = read_by(end_one)
        costs[size] = (starting, ending)
        clear()

    assert costs[MANY][0] <= costs[FEW][0] + 10
    assert costs[MANY][1] <= costs[FEW][1] + 10


def test_what_recover_reads_of_the_many_that_have_ended(register, start, drain):
    register(one_task("small"))
    with Flow("parent") as parent:
        child("small", wait=True)()
    flow = register(parent)
    costs = []
    for ended in (FEW, MANY // 3):
        while FlowRun.objects.count() < 2 * ended:
            start(flow)
            drain()
        costs.append(read_by(recover))

    few, many = costs
    assert many <= few + 10


@pytest.fixture(autouse=True, params=["nobody has counted", "were counted while they were empty"])
def plans_of_empty_tables(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[None]:
    """Let every plan be made anew, of tables that nobody has counted yet, or while empty, and nobody counts again."""
    _count_tables(never=True)
    if request.param != "nobody has counted":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    connection.close()
    yield
    _count_tables(never=False)


def _count_tables(*, never: bool) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = {'false' if never else 'true'})")
    clear()
