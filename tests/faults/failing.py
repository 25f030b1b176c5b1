"""Statements that fail as PostgreSQL fails them: the server itself gives the error, or really drops the connection."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from orchestrator.engine.wire import Flight

RAISED = "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{}'; END $$"


class Fault(StrEnum):
    """What happens in place of a statement, or of a COMMIT, or right after one."""

    CONNECTION = "the connection is lost before it arrives"
    AFTER = "the connection is lost after it was carried out"
    DEADLOCK = "it is the victim of a deadlock"
    LOCK_TIMEOUT = "it waits too long for a lock"


_CODES = {Fault.DEADLOCK: "40P01", Fault.LOCK_TIMEOUT: "55P03"}


class Counter:
    """Counts statements and COMMITs together; the one of number `at` fails, and no other."""

    def __init__(self, at: int, fault: Fault) -> None:
        self.count = 0
        self.is_on = False
        self.at = at
        self.fault = fault

    def is_due(self) -> bool:
        self.count += self.is_on
        return self.is_on and self.count == self.at

    @contextmanager
    def counting(self, is_on: bool = True) -> Iterator[None]:
        """Count what the block sends; what is sent outside of such blocks, or in one that is not on, never fails."""
        was_on, before = self.is_on, self.count
        self.is_on = is_on
        try:
            yield
        finally:
            self.is_on = was_on
            if before < self.at <= self.count:
                # What broke in the block must not be found broken by what follows.
                connection.close()


class Faulty:
    """Statements of flights and of the ORM, as they are or as the fault has them."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.fault = counter.fault
        self.execute, self.commit = psycopg.Cursor.execute, psycopg.Connection.commit
        self.add, self.command = Flight.add, Flight.command

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(psycopg.Cursor, "execute", lambda cursor, *args, **more: self._execute(cursor, args, more))
        # Functions, not bound methods: only those become methods of what they are set on.
        patch.setattr(psycopg.Connection, "commit", lambda used: self._commit(used))  # noqa: PLW0108
        patch.setattr(Flight, "add", lambda flight, *args: self._in_flight(flight, self.add, args))
        patch.setattr(Flight, "command", lambda flight, text: self._command(flight, text))  # noqa: PLW0108

    def _execute(self, cursor: Any, args: Any, more: Any) -> Any:
        if not self.counter.is_due():
            return self.execute(cursor, *args, **more)
        if self.fault in _CODES:
            return self.execute(cursor, RAISED.format(_CODES[self.fault]))
        if self.fault is Fault.CONNECTION:
            _break(cursor.connection)
        done = self.execute(cursor, *args, **more)
        if self.fault is Fault.AFTER:
            _break(cursor.connection)
        return done

    def _commit(self, used: Any) -> None:
        if not self.counter.is_due():
            return self.commit(used)
        if self.fault in _CODES:
            self.execute(psycopg.Cursor(used), RAISED.format(_CODES[self.fault]))
        if self.fault is Fault.CONNECTION:
            _break(used)
        self.commit(used)
        if self.fault is Fault.AFTER:
            _break(used)
            raise psycopg.OperationalError("the connection was lost: nobody heard of the commit")
        return None

    def _command(self, flight: Flight, text: bytes) -> None:
        if text != b"COMMIT":
            return self.command(flight, text)
        before = self.counter.count
        self._in_flight(flight, self.command, (text,))
        if self.fault is Fault.AFTER and before < self.counter.count == self.counter.at:
            raise OperationalError("the connection was lost: nobody heard of the commit")
        return None

    def _in_flight(self, flight: Flight, carry_out: Any, args: Any) -> Any:
        if not self.counter.is_due():
            return carry_out(flight, *args)
        if self.fault in _CODES:
            self.command(flight, RAISED.format(_CODES[self.fault]).encode())
        if self.fault is Fault.CONNECTION:
            _break(flight.connection)
        answer = carry_out(flight, *args)
        if self.fault is Fault.AFTER:
            flight.fly()
            _break(flight.connection)
        return answer


@contextmanager
def one_failing(at: int, fault: Fault) -> Iterator[Counter]:
    """Let the statement or COMMIT of number `at` fail, whoever in this process sends it."""
    counter = Counter(at, fault)
    with pytest.MonkeyPatch.context() as patch:
        Faulty(counter).patch(patch)
        yield counter


def _break(used: Any) -> None:
    """Cut the connection; the server ends it, and with it a transaction that is open."""
    with socket.socket(fileno=os.dup(used.fileno())) as cut:
        cut.shutdown(socket.SHUT_RDWR)
