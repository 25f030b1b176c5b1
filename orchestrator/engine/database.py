"""How the engine talks to PostgreSQL on its hot path: prepared statements in flights, on Django's own connection."""

import functools
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from orchestrator.engine.wire import Flight, Rows

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.2
# Deadlock, serialization failure, lock not available, too many connections, server shutting down or starting.
_PASSING = ("40P01", "40001", "55P03", "53300", "57P01", "57P02", "57P03")

_encode = json.JSONEncoder(default=str, separators=(",", ":")).encode


class _Open(threading.local):
    """What this thread's transaction has not sent yet, and whether it may and does act on what it has not asked."""

    flight: Flight | None = None  # there inside `one_transaction` only
    write: Callable[[], None] | None = None  # what `write_late` was given
    may_believe = False
    believes = False


_open = _Open()


def write_late(write: Callable[[], None]) -> None:
    """Call `write` before the transaction's next statement that may depend on it, at the latest before its COMMIT.

    Changes that gather meanwhile cost one statement together.
    """
    _open.write = write


def _write_now() -> None:
    write, _open.write = _open.write, None
    if write is not None:
        write()


def send(statement: str, *, overtakes: bool = False, **parameters: Any) -> None:
    """Have a named statement of `statements.py` carried out whose rows nobody needs.

    In a transaction it leaves with the next statement whose rows are needed, at the latest with the COMMIT.

    :param overtakes: it neither reads nor writes what is written late, so it need not wait for that
    """
    answer = ask(statement, overtakes=overtakes, **parameters)
    if _open.flight is None:
        answer()


def rows(statement: str, *, overtakes: bool = False, **parameters: Any) -> Rows:
    """Carry out a named statement and return its rows."""
    return ask(statement, overtakes=overtakes, **parameters)()


def ask(statement: str, *, overtakes: bool = False, **parameters: Any) -> Callable[[], Rows]:
    """Add a named statement to what is sent next; its rows are there when they are called for.

    What is asked before rows are called for leaves in one flight: only that waits for the server's answer.
    """
    if not overtakes:
        _write_now()
    flight = _flight()
    answer = flight.add(statement, parameters)

    def answered() -> Rows:
        if answer.rows is None:
            _fly(flight)
        assert answer.rows is not None
        return answer.rows

    return answered


def _flight() -> Flight:
    """Return what is sent next. In a transaction that PostgreSQL has not begun yet, it begins with BEGIN."""
    connection.ensure_connection()
    flight = _open.flight or Flight(connection.connection)
    if flight.is_empty() and connection.in_atomic_block and flight.is_outside_transaction():
        flight.command(b"BEGIN")
    return flight


def _fly(flight: Flight) -> None:
    with connection.wrap_database_errors:
        flight.fly()


def _fly_first(execute: Callable[..., Any], *statement: Any) -> Any:
    """Carry out what was asked so far before a query of the ORM, which may depend on it."""
    _write_now()
    if _open.flight is not None:
        _fly(_open.flight)
    return execute(*statement)


def records(items: Iterable[Mapping[str, Any]]) -> str:
    """Return many rows as the one parameter that `json_to_recordset` reads."""
    return _encode(list(items))


@contextmanager
def one_transaction() -> Iterator[None]:
    """Run the block in one transaction, whose COMMIT leaves in the same flight as its last statements.

    Inside a transaction that is there already (a test's), the block becomes a part of that one.
    """
    outermost = not connection.in_atomic_block
    try:
        with transaction.atomic(), connection.execute_wrapper(_fly_first):
            _open.flight = flight = Flight(connection.connection)
            yield
            _write_now()
            if outermost and not flight.is_idle():
                # Django's own COMMIT finds nothing left to commit, and then calls what waits for it.
                flight.command(b"COMMIT")
            _fly(flight)
    finally:
        _open.flight = _open.write = None


def believe() -> bool:
    """Return whether this transaction may act on what its process read before; it must ask whether that still holds.

    Where it does not hold, or anything else goes wrong, `retried` does the whole operation again and believes nothing.
    """
    _open.believes = _open.may_believe
    return _open.may_believe


def retried(operation: Callable[P, R]) -> Callable[P, R]:
    """Run the whole operation again when the database lost it for a passing reason, or when it believed something old.

    Only for operations that are safe to repeat after a commit that arrived unheard: all of ours are compare-and-set.
    Other errors are raised.
    """

    @functools.wraps(operation)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        outside = _open.may_believe, _open.believes
        for attempt in range(1, ATTEMPTS + 1):
            _open.may_believe, _open.believes = attempt == 1 and not connection.in_atomic_block, False
            try:
                return operation(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if connection.in_atomic_block or attempt == ATTEMPTS or not _is_passing(error):
                    raise
                connection.close()
                time.sleep(random.uniform(0.5, 1.5) * FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            except Exception:
                if not _open.believes:
                    raise
            finally:
                _open.may_believe, _open.believes = outside
        raise AssertionError("unreachable")

    return call


def _is_passing(error: Exception) -> bool:
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None)
    return code is None or code in _PASSING or code.startswith("08")
