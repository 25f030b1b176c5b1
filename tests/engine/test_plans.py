"""The plan that PostgreSQL would keep for each statement of the engine looks rows up, whatever it thinks of the tables.

It plans a statement once a connection and keeps the plan until the table is counted again, which can be a minute. A
table that it counted while it held a row or two costs it nothing to read whole; by then it may hold 10,000.
"""

import ast
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from orchestrator.engine.wire import compiled
from orchestrator.models import FlowRun, StoredResult, TaskRun
from tests.engine.flows import one_task

ROOT = Path(__file__).resolve().parents[2]
GIVEN_TO = {"ask", "rows", "send"}

# The columns that tell one row, or the few that belong together, from all others of a table. One of these sets is
# what an index has to be asked for.
KEYS: dict[str, list[set[str]]] = {
    "orchestrator_cachedresult": [{"key"}, {"stored_result_id"}],
    "orchestrator_flow": [{"id"}, {"project_id", "name"}],
    "orchestrator_flowrun": [
        {"id"},
        {"idempotency_key"},
        {"parent_task_run_id"},
        {"root_run_id"},
        {"stored_result_id"},
    ],
    "orchestrator_project": [{"id"}, {"name"}],
    "orchestrator_schedule": [{"id"}],
    "orchestrator_storedresult": [{"id"}, {"part_ids"}],
    "orchestrator_taglimit": [{"project_id", "tag"}],
    "orchestrator_taskrun": [
        {"id"},
        {"flow_run_id", "slug"},
        {"child_flow_run_id"},
        {"queue"},
        {"stored_result_id"},
    ],
}

# What reads more than that by its purpose, and by which indexes: all of one flow run, or all that are in a state that
# few are in at any time.
OF_FLOW_RUN = "task_run_once_a_task"
UNFINISHED = "flow_run_unfinished"
RUNNING = "task_run_running"
DUE = "task_run_due"
READ_MORE: dict[str, set[str]] = {
    # A flow run as a whole: restarted, cancelled, judged when it ends.
    "CHILDREN_WAITED_FOR": {OF_FLOW_RUN},
    "HOLD_OVERDUE": {OF_FLOW_RUN, DUE},
    "HOLD_UNFINISHED": {OF_FLOW_RUN},
    "READ_ALL_STATES": {OF_FLOW_RUN},
    "READ_CAUSES": {OF_FLOW_RUN},
    "READ_STARTED": {OF_FLOW_RUN},
    # What `recover` looks for every few seconds.
    "COUNT_SUBMITTED": {"task_run_submitted"},
    "DUE": {"schedule_due"},
    "DUE_FLOW_RUNS": {"flow_run_due", UNFINISHED},
    "LOST_FOR_GOOD": {RUNNING},
    "OVERDUE_FLOW_RUNS": {DUE},
    "OWED_ADMISSIONS": {UNFINISHED},
    "OWED_CANCELS": {UNFINISHED, OF_FLOW_RUN},
    "OWED_HEALS": {"flow_run_restarted"},
    "OWED_PAUSES": {UNFINISHED, OF_FLOW_RUN},
    "OWED_RESTARTS": {RUNNING},
    "OWED_RESUMES": {UNFINISHED},
    "OWED_TAGGED": {"task_run_tagged"},
    "OWED_TELLINGS": {RUNNING},
    "HOLD_DUE": {DUE},
    "HOLD_LOST": {RUNNING},
    "UNANSWERED": {DUE, "task_run_paused"},
    # Limits: what is under way, waits for room, or has tags.
    "FIRST_QUEUED": {UNFINISHED},
    "HOLD_OR_FREE": {UNFINISHED, "task_run_tagged", OF_FLOW_RUN},
    "NOTE_LIMITED": {UNFINISHED},
    "OLDEST": {UNFINISHED},
    "TAGGED": {UNFINISHED, "task_run_tagged", OF_FLOW_RUN},
    # The sweep of results that no row names looks at every one that is old enough.
    "DELETE_UNNAMED_RESULTS": {"stored_result_oldest"},
}
# Compares each with each, and may: what waits for room with the flows of its project.
EACH_WITH_EACH = {"FIRST_QUEUED"}


def statements() -> dict[str, str]:
    """Return every statement that is given to the engine's connection anywhere, by its name."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "orchestrator").rglob("*.py")):
        tree = ast.parse(path.read_text())
        if not any(isinstance(part, ast.ImportFrom) and _gives(part) for part in ast.walk(tree)):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in GIVEN_TO:
                name = ast.unparse(call.args[0])
                text = getattr(module, name, None)
                assert isinstance(text, str), f"{path}:{call.lineno} gives {name}, which is no constant of the module."
                assert found.setdefault(name, text) == text, f"Two statements are called {name}."
    return found


def _gives(part: ast.ImportFrom) -> bool:
    given = {alias.name for alias in part.names} & GIVEN_TO
    return part.module == "orchestrator.engine.database" and bool(given)


def plan_of(statement: str) -> dict[str, Any]:
    """Return the plan that this connection would make of a statement now, and keep."""
    asked = b"EXPLAIN (GENERIC_PLAN, FORMAT JSON) " + compiled(statement).text
    connection.ensure_connection()
    result = connection.connection.pgconn.exec_(asked)
    assert result.ntuples == 1, result.error_message.decode()
    return json.loads(result.get_value(0, 0))[0]["Plan"]


def excess(name: str, statement: str) -> list[str]:
    """Return what is wrong with a statement's plan, a line each."""
    return [f"{name} {fault}" for fault in _faults(name, plan_of(statement), None)]


def _faults(name: str, part: Mapping[str, Any], table: str | None) -> Iterator[str]:
    table = part.get("Relation Name", table)
    kind, index, parts = part["Node Type"], part.get("Index Name", ""), part.get("Plans", [])
    if kind == "Seq Scan" or index:
        asked_for = part.get("Index Cond", "")
        # (id = $1), ((slug)::text = ANY ($2)), (part_ids @> ARRAY[s.id])
        named = set(re.findall(r"\((\w+)\)?(?:::\w+)? (?:=|@>) ", asked_for))
        if not any(key <= named for key in KEYS.get(table or "", [])) and index not in READ_MORE.get(name, ()):
            yield f"reads {table} by {index or 'no index'}, asked for: {asked_for or 'everything'}"
    compared = part.get("Join Filter", "")
    if kind == "Nested Loop" and " = " in compared and _is_set(parts[1]) and name not in EACH_WITH_EACH:
        yield f"compares each with each: {compared}"
    for each in parts:
        yield from _faults(name, each, table if kind.startswith("Bitmap") else None)


def _is_set(part: Mapping[str, Any]) -> bool:
    """Return whether this is read, and compared, as a whole for every row that it is joined with."""
    if part["Node Type"] in {"Function Scan", "CTE Scan", "WorkTable Scan"}:
        return True
    if "Index Cond" in part:
        return bool(re.search(r"ANY \((\$|\(InitPlan)", part["Index Cond"]))
    return any(map(_is_set, part.get("Plans", [])))


@pytest.fixture
def forget_counts(transactional_db: None) -> Iterator[None]:
    """Let PostgreSQL know no more of the tables than when they had just been made; also afterwards."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_clear_relation_stats('public', relname::text) FROM pg_class"
            " WHERE relname = ANY(%(tables)s) AND relkind = 'r'",
            {"tables": list(KEYS)},
        )
        cursor.execute(
            "SELECT pg_clear_attribute_stats('public', tablename::text, attname::text, false) FROM pg_stats"
            " WHERE tablename = ANY(%(tables)s)",
            {"tables": list(KEYS)},
        )


def test_every_statement_is_found():
    found = statements()

    assert len(found) > 80
    assert {"CLAIM", "READ_AHEAD", "OWED_HEALS", "MOVE_ON", "_TAKE_TURN"} <= found.keys()
    assert READ_MORE.keys() | EACH_WITH_EACH <= found.keys()


def test_plans_of_tables_that_nobody_has_counted(forget_counts):
    assert [fault for name, text in statements().items() for fault in excess(name, text)] == []


@pytest.mark.parametrize("flow_runs", [0, 1, 3, 20])
def test_plans_of_tables_that_were_counted_tiny(forget_counts, register, start, flow_runs):
    flow = register(one_task("f"))
    for _ in range(flow_runs):
        start(flow)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert [fault for name, text in statements().items() for fault in excess(name, text)] == []


# Rows that are in the indexes of few, too.
WERE_THERE: dict[str, list[dict[str, Any]]] = {
    "orchestrator_taskrun": [
        {"state": "Running", "lease_until": "2026-11-23T00:00Z"},
        {"state": "Submitted", "submitted_at": "2026-11-23T00:00Z"},
        {"state": "Retrying", "due_at": "2026-11-23T00:00Z"},
        {"state": "Pending", "tags": ["db"]},
        {"state": "Paused"},
    ],
    "orchestrator_flowrun": [
        {"state": "Scheduled", "scheduled_start_time": "2026-11-23T00:00Z"},
        {"state": "Success", "ended_at": "2026-11-23T00:00Z", "attempt": 2},
    ],
}


def test_plans_where_one_index_looks_cheaper_than_all_others(forget_counts, register, start):
    """Indexes stay as long as they were, with nothing in them, until they are vacuumed."""
    run = start(register(one_task("f")))
    task_run = TaskRun.objects.get(flow_run=run)
    stored = StoredResult.objects.create(serializer="json", path="a", digest="b", type_name="list", size=1)
    _fill_and_empty(task_run, child_flow_run_id=run.pk, stored_result_id=stored.pk)
    _fill_and_empty(run, parent_task_run_id=task_run.pk, root_run_id=run.pk, stored_result_id=stored.pk)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s)", [list(WERE_THERE)])
        indexes = [name for (name,) in cursor]
        asked = statements()
        faults = {}
        for index in indexes:
            with transaction.atomic():
                cursor.execute(f"REINDEX INDEX {index}")
                faults[index] = [fault for name, text in asked.items() for fault in excess(name, text)]
                transaction.set_rollback(True)
    assert {"task_run_of_child", "task_run_running", "flow_run_unfinished"} <= faults.keys()
    assert {index: found for index, found in faults.items() if found} == {}


def _fill_and_empty(like: TaskRun | FlowRun, **columns: UUID) -> None:
    table = like._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(t, %s::jsonb || row || own)).* FROM {table} AS t,"
            " jsonb_array_elements(%s) AS row, generate_series(1, 2000) AS number, LATERAL (SELECT jsonb_build_object("
            " 'id', gen_random_uuid(), 'slug', row ->> 'state', 'map_index', number,"
            " 'idempotency_key', gen_random_uuid()) AS own OFFSET 0) AS o",
            [json.dumps(columns, default=str), json.dumps(WERE_THERE[table])],
        )
        cursor.execute(f"DELETE FROM {table} WHERE id <> %s", [like.pk])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM orchestrator_taskrun WHERE flow_run_id = %(id)s::uuid ORDER BY id",
        "SELECT id FROM orchestrator_taskrun WHERE message = %(message)s::text",
        "SELECT r.id FROM orchestrator_taskrun t JOIN orchestrator_flowrun r ON r.id = t.flow_run_id"
        " WHERE t.id = %(id)s::uuid",
        "SELECT t.id FROM unnest(%(ids)s::uuid[]) AS g(id) JOIN orchestrator_taskrun t"
        " ON t.id = g.id AND t.id = ANY(%(ids)s::uuid[])",
    ],
    ids=["by its order", "by nothing", "joined", "each with each"],
)
def test_a_plan_that_reads_too_much_is_seen(forget_counts, register, start, statement):
    start(register(one_task("f")))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert excess("BAD", statement) != []
