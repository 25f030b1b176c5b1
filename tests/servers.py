"""Real servers for a test session, started before Django's settings are read (a plugin: see pyproject.toml).

Sessions that run at the same time each have a home folder, and servers, of their own; a later one takes over what an
earlier one left. With DATABASE_URL or REDIS_URL set, those servers are used instead.
"""

import itertools
import os
from pathlib import Path

import psycopg
import pytest

from orchestrator.embedded.addresses import addresses
from orchestrator.embedded.lock import HomeInUse
from orchestrator.embedded.servers import Servers
from orchestrator.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parents[1]

servers_key = pytest.StashKey[Servers]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    servers = _start_in_free_home()
    early_config.stash[servers_key] = servers
    early_config.add_cleanup(servers.stop)
    if servers.valkey:
        servers.valkey.command("FLUSHALL")
    local = addresses(servers.home)
    os.environ["ANABRANCH_HOME"] = str(servers.home)
    if servers.postgres:
        os.environ["DATABASE_URL"] = local.database_url
        _wait_for_no_disk(local.database_url)
    if servers.valkey:
        os.environ["REDIS_URL"] = local.redis_url


def _start_in_free_home() -> Servers:
    for number in itertools.count(1):
        servers = Servers(
            ROOT / ".anabranch" / f"test-{number}",
            postgres=not os.environ.get("DATABASE_URL"),
            valkey=not os.environ.get("REDIS_URL"),
        )
        try:
            servers.start()
        except HomeInUse:
            continue
        return servers
    raise AssertionError("unreachable: numbers do not end")


def _wait_for_no_disk(database_url: str) -> None:
    """Let a COMMIT outlive all of PostgreSQL's processes, as ever, but not this machine: that takes a quarter off."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """The servers of this session; it holds only those that no environment variable names."""
    return pytestconfig.stash[servers_key]


@pytest.fixture(scope="session")
def own_valkey(servers: Servers) -> Valkey:
    """This session's Valkey, to be stopped and flushed at will; skips where REDIS_URL names a shared one."""
    if servers.valkey is None:
        pytest.skip("REDIS_URL names a server that is not this session's own")
    return servers.valkey
