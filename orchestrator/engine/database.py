"""How the engine talks to PostgreSQL on its hot path: prepared statements on Django's own connection."""

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, transaction
from psycopg.types.json import JsonbLoader

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
# Deadlock, serialization failure, lock not available, too many connections, server shutting down or starting.
_PASSING = ("40P01", "40001", "55P03", "53300", "57P01", "57P02", "57P03")


class _Cursors(threading.local):
    """One cursor a thread, on the connection that Django has open there."""

    cursor: psycopg.Cursor[tuple[Any, ...]] | None = None

    def current(self) -> psycopg.Cursor[tuple[Any, ...]]:
        connection.ensure_connection()
        opened = connection.connection
        if self.cursor is None or self.cursor.connection is not opened or self.cursor.closed:
            self.cursor = psycopg.Cursor(opened)
            # Django reads JSON in its fields, and has the connection hand it over as text.
            self.cursor.adapters.register_loader("jsonb", JsonbLoader)
        return self.cursor


_cursors = _Cursors()


def rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run a named statement of `statements.py` and return its rows, none if it returns none.

    Parameters are bound by the server, and the statement is prepared once a connection: building queries and
    objects through the ORM costs more here than PostgreSQL itself does (docs/performance.md).
    """
    with connection.wrap_database_errors:
        cursor = _cursors.current()
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def one_transaction() -> Iterator[None]:
    """Run the block in one transaction of its own (in tests: in a savepoint of the test's)."""
    with transaction.atomic(using=DEFAULT_DB_ALIAS):
        yield


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
                time.sleep(random.uniform(0.5, 1.5) * 0.1 * 2**attempt)
        raise AssertionError("unreachable")

    return call


def _is_passing(error: Exception) -> bool:
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None)
    return code is None or code in _PASSING or code.startswith("08")
