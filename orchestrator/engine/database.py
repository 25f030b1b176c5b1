"""How the engine talks to PostgreSQL on its hot path: prepared statements on Django's own connection."""

import functools
import json
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.pq.abc import PGconn
from psycopg.types.json import JsonbLoader
from psycopg.waiting import Ready, Wait

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.2
# Deadlock, serialization failure, lock not available, too many connections, server shutting down or starting.
_PASSING = ("40P01", "40001", "55P03", "53300", "57P01", "57P02", "57P03")


class _Late(threading.local):
    """What this thread's transaction writes at its end, or before anything that could read it."""

    write: Callable[[], None] | None = None


_late = _Late()


def write_late(write: Callable[[], None]) -> None:
    """Call `write` before the transaction's next statement that may depend on it, at the latest before its COMMIT.

    Changes that gather meanwhile cost one statement together.
    """
    _late.write = write


def _write_now() -> None:
    write, _late.write = _late.write, None
    if write is not None:
        write()


def send(statement: str, *, overtakes: bool = False, **parameters: Any) -> None:
    """Send a named statement of `statements.py` whose rows nobody needs; `one_transaction` does not wait for it.

    :param overtakes: it neither reads nor writes what is written late, so it need not wait for that

    Parameters are bound by the server, and the statement is prepared once a connection: building queries and objects
    through the ORM, and a round trip a statement, cost more here than PostgreSQL itself does (docs/performance.md).
    """
    ask(statement, overtakes=overtakes, **parameters)


def rows(statement: str, *, overtakes: bool = False, **parameters: Any) -> list[tuple[Any, ...]]:
    """Send a named statement and return its rows."""
    return ask(statement, overtakes=overtakes, **parameters)()


def ask(statement: str, *, overtakes: bool = False, **parameters: Any) -> Callable[[], list[tuple[Any, ...]]]:
    """Send a named statement; its rows are there when they are called for.

    What is asked before rows are called for leaves in one flight: only that waits for the server's answer.
    """
    if not overtakes:
        _write_now()
    with connection.wrap_database_errors:
        cursor = _execute(statement, parameters)

    def answer() -> list[tuple[Any, ...]]:
        with connection.wrap_database_errors:
            return cursor.fetchall()

    return answer


def _execute(statement: str, parameters: dict[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    # Django reads JSON in its fields, and has the connection hand it over as text.
    cursor.adapters.register_loader("jsonb", JsonbLoader)
    cursor.execute(statement, parameters, prepare=True)
    if connection.connection.pgconn.flush():
        connection.connection.wait(_flush(connection.connection.pgconn))
    return cursor


def _flush(server: PGconn) -> Generator[Wait, Ready, None]:
    """Hand over the rest of a large statement: in a pipeline psycopg leaves what the socket does not take at once, and
    would then wait for ever for the answer to it.
    """
    while server.flush():
        yield Wait.RW


def records(items: Iterable[Mapping[str, Any]]) -> str:
    """Return many rows as the one parameter that `json_to_recordset` reads."""
    return json.dumps(list(items), default=str, separators=(",", ":"))


@contextmanager
def one_transaction() -> Iterator[None]:
    """Run the block in one transaction; statements are sent in a pipeline, the COMMIT in the same flight as the last.

    Inside a transaction that is there already (a test's), the block becomes a part of that one.
    """
    outermost = not connection.in_atomic_block
    try:
        with transaction.atomic(), connection.wrap_database_errors, connection.connection.pipeline():
            yield
            _write_now()
            if outermost:
                # Django's own COMMIT finds nothing left to commit, and then calls what waits for it.
                connection.connection.commit()
    finally:
        _late.write = None


def retried(operation: Callable[P, R]) -> Callable[P, R]:
    """Run the whole operation again when the database lost it for a passing reason; others are raised.

    Only for operations that are safe to repeat after a commit that arrived unheard: all of ours are compare-and-set.
    """

    @functools.wraps(operation)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return operation(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if connection.in_atomic_block or attempt == ATTEMPTS or not _is_passing(error):
                    raise
                connection.close()
                time.sleep(random.uniform(0.5, 1.5) * FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    return call


def _is_passing(error: Exception) -> bool:
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None)
    return code is None or code in _PASSING or code.startswith("08")
