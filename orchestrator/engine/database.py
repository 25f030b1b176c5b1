"""How the engine talks to PostgreSQL on its hot path: prepared statements on Django's own connection."""

import functools
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.types.json import JsonbLoader

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
# Deadlock, serialization failure, lock not available, too many connections, server shutting down or starting.
_PASSING = ("40P01", "40001", "55P03", "53300", "57P01", "57P02", "57P03")


def send(statement: str, **parameters: Any) -> None:
    """Send a named statement of `statements.py` whose rows nobody needs; `one_transaction` does not wait for it.

    Parameters are bound by the server, and the statement is prepared once a connection: building queries and objects
    through the ORM, and a round trip a statement, cost more here than PostgreSQL itself does (docs/performance.md).
    """
    with connection.wrap_database_errors:
        _execute(statement, parameters)


def rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Send a named statement and return its rows."""
    with connection.wrap_database_errors:
        # In a pipeline, asking for the rows is what makes the server answer.
        return _execute(statement, parameters).fetchall()


def _execute(statement: str, parameters: dict[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    # Django reads JSON in its fields, and has the connection hand it over as text.
    cursor.adapters.register_loader("jsonb", JsonbLoader)
    return cursor.execute(statement, parameters, prepare=True)


def records(items: Iterable[Mapping[str, Any]]) -> str:
    """Return many rows as the one parameter that `json_to_recordset` reads."""
    return json.dumps(list(items), default=str, separators=(",", ":"))


@contextmanager
def one_transaction() -> Iterator[None]:
    """Run the block in one transaction; statements are sent in a pipeline, the COMMIT in the same flight as the last.

    Inside a transaction that is there already (a test's), the block becomes a part of that one.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.wrap_database_errors, connection.connection.pipeline():
        yield
        if outermost:
            # Django's own COMMIT finds nothing left to commit, and then calls what waits for it.
            connection.connection.commit()


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
