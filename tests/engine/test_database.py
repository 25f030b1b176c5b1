"""How the engine talks to PostgreSQL."""

import socket

import pytest
from django.db import connection

from orchestrator.engine.database import one_transaction, rows, send

ECHO = "SELECT length(%(text)s::text)"
MEGABYTES = 4 * 1024 * 1024


@pytest.fixture
def narrow(transactional_db: None) -> None:
    """A connection that takes little at once, as one to a busy server does."""
    connection.ensure_connection()
    with socket.fromfd(connection.connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


@pytest.mark.timeout(20)
def test_a_statement_larger_than_the_socket_takes_at_once_arrives(narrow: None):
    with one_transaction():
        send(ECHO, text="x" * MEGABYTES)
        send(ECHO, text="x" * MEGABYTES)

    with one_transaction():
        assert rows(ECHO, text="x" * MEGABYTES) == [(MEGABYTES,)]
