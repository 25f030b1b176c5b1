"""Statements that fail as PostgreSQL fails them: the server itself gives the error, or really drops the connection."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg
import pytest
from django.db import connection

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
    def counting(self) -> Iterator[None]:
        """Count what the block sends; what is sent outside of such blocks never fails."""
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False
            # What broke in the block must not be found broken by what follows.
            connection.close()


@contextmanager
def one_failing(at: int, fault: Fault) -> Iterator[Counter]:
    """Let the statement or COMMIT of number `at` fail, whoever in this process sends it."""
    counter = Counter(at, fault)
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def faulty_execute(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if not counter.is_due():
            return execute(cursor, query, *args, **kwargs)
        if fault is Fault.AFTER:
            done = execute(cursor, query, *args, **kwargs)
            _break(cursor.connection)
            return done
        if fault is Fault.CONNECTION:
            _break(cursor.connection)
            return execute(cursor, query, *args, **kwargs)
        return execute(cursor, RAISED.format(_CODES[fault]))

    def faulty_commit(used: Any) -> None:
        if not counter.is_due():
            return commit(used)
        if fault is Fault.AFTER:
            commit(used)
            _break(used)
            raise psycopg.OperationalError("the connection was lost: nobody heard of the commit")
        if fault is Fault.CONNECTION:
            _break(used)
            return commit(used)
        execute(psycopg.Cursor(used), RAISED.format(_CODES[fault]))
        return commit(used)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", faulty_execute)
        patch.setattr(psycopg.Connection, "commit", faulty_commit)
        yield counter


def _break(used: Any) -> None:
    """Cut the connection; the server ends it, and with it a transaction that is open."""
    with socket.socket(fileno=os.dup(used.fileno())) as cut:
        cut.shutdown(socket.SHUT_RDWR)
