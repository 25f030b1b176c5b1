"""What the engine asks of PostgreSQL: statements and transactions, counted in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from bench.flows import CHAIN
from bench.runs import clear, flow_named, start
from orchestrator.engine.draining import Drain
from orchestrator.engine.wire import Flight


@dataclass
class Counted:
    """What was asked within the block so far."""

    statements: int = 0
    transactions: int = 0


@contextmanager
def counting() -> Iterator[Counted]:
    """Count the statements, the ORM's among them, and the transactions of the engine within the block."""
    counted = Counted()
    add, command = Flight.add, Flight.command

    def counted_add(*arguments: Any) -> Any:
        counted.statements += 1
        return add(*arguments)

    def counted_command(flight: Flight, text: bytes) -> None:
        counted.transactions += text == b"COMMIT"
        command(flight, text)

    def counted_query(execute: Any, *arguments: Any) -> Any:
        counted.statements += 1
        return execute(*arguments)

    Flight.add, Flight.command = counted_add, counted_command  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(counted_query):
            yield counted
    finally:
        Flight.add, Flight.command = add, command  # type: ignore[method-assign]


def per_child_flow_run() -> dict[str, float]:
    """Return statements and transactions per child flow run of a chain, run by this process."""
    start(flow_named("W3"))
    with counting() as counted:
        Drain().run()
    clear()
    return {name: round(count / CHAIN, 2) for name, count in asdict(counted).items()}
