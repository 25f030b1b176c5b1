"""Statements to PostgreSQL in flights: many are sent at once, and their answers read at once.

psycopg's own pipeline sends, and looks for answers, at every statement, and finds out anew how to bind it: on the hot
path that cost more than PostgreSQL's work (docs/performance.md). Here a flight is one write and one wait. It uses what
psycopg gives for this: libpq's functions, its loaders of rows and its errors.
"""

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg import pq
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.json import JsonbLoader
from psycopg.waiting import Ready, Wait

Rows = list[tuple[Any, ...]]

_PARAMETER = re.compile(r"%\((\w+)\)s")
_numbers = count(1)
# Which of our statements a connection has prepared already.
_prepared: WeakKeyDictionary[psycopg.Connection[Any], set[bytes]] = WeakKeyDictionary()

# Django reads JSON in its fields, and has its connections hand it over as text; here it is wanted as values.
_adapters = AdaptersMap(psycopg.adapters)
_adapters.register_loader("jsonb", JsonbLoader)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as PostgreSQL knows it: its name there, its text with $1, $2, ..., and what those stand for."""

    name: bytes
    text: bytes
    parameters: tuple[str, ...]


@cache
def compiled(text: str) -> Statement:
    """Return a statement written with %(name)s for its parameters. Each needs a cast, for nothing else types it."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    places = {name: f"${number}" for number, name in enumerate(names, 1)}
    return Statement(
        f"anabranch_{next(_numbers)}".encode(),
        _PARAMETER.sub(lambda found: places[found[1]], text).encode(),
        names,
    )


@dataclass(slots=True)
class _Context:
    """What psycopg's loaders need to know of a connection."""

    adapters: AdaptersMap
    connection: psycopg.Connection[Any]


class Answer:
    """The rows that a statement gives, once its flight is over."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: Rows | None = None


class Flight:
    """Statements that wait to be sent together on one connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._known = _prepared.setdefault(connection, set())
        self._sends: list[Callable[[], None]] = []
        self._answers: list[Answer | bytes | None] = []

    def is_empty(self) -> bool:
        return not self._sends

    def is_outside_transaction(self) -> bool:
        return self.connection.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def is_idle(self) -> bool:
        """Return whether nothing has been asked in this transaction at all."""
        return self.is_empty() and self.is_outside_transaction()

    def add(self, text: str, parameters: Mapping[str, Any]) -> Answer:
        """Add a named statement; its rows come with the flight."""
        statement = compiled(text)
        pgconn, answer = self.connection.pgconn, Answer()
        values = [_bound(parameters[name]) for name in statement.parameters]
        if statement.name not in self._known and statement.name not in self._answers:
            self._sends.append(lambda: pgconn.send_prepare(statement.name, statement.text))
            self._answers.append(statement.name)
        self._sends.append(lambda: pgconn.send_query_prepared(statement.name, values))
        self._answers.append(answer)
        return answer

    def command(self, text: bytes) -> None:
        """Add a command without rows, like COMMIT."""
        pgconn = self.connection.pgconn
        self._sends.append(lambda: pgconn.send_query_params(text, None))
        self._answers.append(None)

    def fly(self) -> None:
        """Send what was added and read the answers; if one is an error, PostgreSQL has done nothing after it.

        :raises psycopg.Error: the first error
        """
        sends, self._sends = self._sends, []
        answers, self._answers = self._answers, []
        if not sends:
            return
        pgconn = self.connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            for send in sends:
                send()
            pgconn.pipeline_sync()
            results = self.connection.wait(_exchange(pgconn))
        finally:
            if pgconn.status == pq.ConnStatus.OK and pgconn.transaction_status != pq.TransactionStatus.ACTIVE:
                pgconn.exit_pipeline_mode()
        self._read(answers, results)

    def _read(self, answers: Sequence[Answer | bytes | None], results: Sequence[PGresult]) -> None:
        transformer = Transformer(_Context(_adapters, self.connection))
        for answer, result in zip(answers, results, strict=True):
            if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                raise error_from_result(result, encoding="utf-8")
            match answer:
                case bytes():
                    self._known.add(answer)
                case Answer():
                    transformer.set_pgresult(result)
                    answer.rows = transformer.load_rows(0, result.ntuples, tuple)


def _exchange(pgconn: PGconn) -> Generator[Wait, Ready | int, list[PGresult]]:
    """Send what libpq has buffered and return one result a message, up to the one that ends the pipeline."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if pgconn.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection was lost while its answers were read")
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        results.append(result)


def _bound(value: Any) -> bytes | None:
    """Return a parameter as PostgreSQL reads it in text: a list is an array, a dict JSON."""
    match value:
        case None:
            return None
        case bool():
            return b"t" if value else b"f"
        case str():
            return value.encode()
        case list() | tuple():
            return ("{" + ",".join(map(_element, value)) + "}").encode()
        case dict():
            return json.dumps(value).encode()
        case int() | float() | UUID() | datetime():
            return str(value).encode()
    raise TypeError(f"A statement's parameter cannot be of type {type(value).__name__}: {value!r:.80}")


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, UUID | int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
