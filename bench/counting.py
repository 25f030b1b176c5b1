"""What the engine asks of PostgreSQL, counted in this process."""

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
    flights: int = 0


@contextmanager
def counting() -> Iterator[Counted]:
    """Count the statements, the ORM's among them, and the engine's transactions and flights within the block."""
    counted = Counted()
    add, command, fly = Flight.add, Flight.command, Flight.fly

    def counted_add(*arguments: Any) -> Any:
        counted.statements += 1
        return add(*arguments)

    def counted_command(flight: Flight, text: bytes) -> None:
        counted.transactions += text == b"COMMIT"
        command(flight, text)

    def counted_flight(flight: Flight) -> None:
        counted.flights += not flight.is_empty()
        fly(flight)

    def counted_query(execute: Any, *arguments: Any) -> Any:
        counted.statements += 1
        return execute(*arguments)

    Flight.add, Flight.command, Flight.fly = counted_add, counted_command, counted_flight  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(counted_query):
            yield counted
    finally:
        Flight.add, Flight.command, Flight.fly = add, command, fly  # type: ignore[method-assign]


def per_child_flow_run() -> dict[str, float]:
    """Return statements, transactions and flights per child flow run of a chain, run by this process."""
    start(flow_named("W3"))
    with counting() as counted:
        Drain().run()
    clear()
    return {name: round(count / CHAIN, 2) for name, count in asdict(counted).items()}
