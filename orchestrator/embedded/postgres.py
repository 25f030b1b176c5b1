"""A PostgreSQL server of our own."""

import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from orchestrator.embedded import processes
from orchestrator.embedded.account import postgres_account
from orchestrator.embedded.addresses import DATABASE, PORT, USER
from orchestrator.embedded.folders import empty_folder, postgres_data, private_folder
from orchestrator.embedded.logs import ServerFailed, fresh_log
from orchestrator.embedded.wheels import postgres_programs

# "Fast": tell clients to go, write everything, end. Then "immediate": the next start recovers. Then no mercy.
STOP: processes.Steps = [(signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)]
START_SECONDS = 60

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Not ours: a PGPORT or PGOPTIONS meant for another server must not reach this one.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


class Postgres:
    """PostgreSQL with its data below `home`, listening on a Unix socket in `sockets` and nowhere else.

    Whoever may enter `sockets` needs no password; nobody but root, we and the account it runs as may. The caller
    holds the lock of `home`.
    """

    name = "PostgreSQL"

    def __init__(self, *, home: Path, sockets: Path) -> None:
        self.home = home
        self.sockets = sockets
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Return when the server answers and has its database. Does nothing if it runs already.

        :raises ServerFailed: it ended while starting, or did not answer in time
        """
        if self.is_running:
            return
        account = postgres_account()
        programs = postgres_programs(account)
        data = postgres_data(self.home, account=account)
        private_folder(self.sockets, owner=account)
        if not (data / "PG_VERSION").exists():
            self._create(programs, data)
        self._clear_left_over(data)
        settings = SETTINGS | {"unix_socket_directories": str(self.sockets)}
        command: list[str | Path] = [programs / "postgres", "-D", data, "-p", str(PORT)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with fresh_log(self._log) as output:
            self.process = processes.spawn(
                command,
                when_orphaned=signal.SIGINT,
                account=account,
                output=output,
                env=ENVIRONMENT,
                cwd=Path("/"),
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Return when the server has ended, with everything that was committed on disk."""
        if self.process is not None:
            processes.end(self.process, STOP)
            self.process = None

    @property
    def _log(self) -> Path:
        return self.home / "postgres.log"

    def _create(self, programs: Path, data: Path) -> None:
        """Make an empty cluster, which appears at `data` whole or not at all."""
        account = postgres_account()
        fresh = empty_folder(data.with_name(data.name + ".new"), owner=account)
        options = ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", f"--username={USER}"]
        # PostgreSQL's own locale: sorts by code point and knows upper and lower case, the same on every machine.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        with fresh_log(self._log) as output:
            initdb = processes.spawn(
                [programs / "initdb", "-D", fresh, *options, *locale],
                when_orphaned=signal.SIGKILL,
                account=account,
                output=output,
                env=ENVIRONMENT,
                cwd=Path("/"),
            )
            if initdb.wait() != 0:
                raise ServerFailed(self.name, "initdb could not make its data folder", self._log)
        fresh.rename(data)

    def _clear_left_over(self, data: Path) -> None:
        """End a server that outlived its supervisor, and remove the lock files of one that was killed.

        PostgreSQL would refuse to start where the number in such a file belongs to any live process of its
        account, as happens in a restarted container. Holding the home's lock we know better.
        """
        lock = data / "postmaster.pid"
        if lock.exists():
            pid = int(lock.read_text().split("\n", 1)[0] or 0)
            processes.end_left_over(pid, marker=str(data), steps=STOP)
            lock.unlink(missing_ok=True)
        for stale in self.sockets.glob(".s.PGSQL.*"):
            stale.unlink()

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                self._ensure_database()
            except psycopg.OperationalError:
                if not self.is_running:
                    raise ServerFailed(self.name, "ended while starting", self._log) from None
                if time.monotonic() > give_up:
                    self.stop()
                    reason = f"did not answer within {START_SECONDS} seconds"
                    raise ServerFailed(self.name, reason, self._log) from None
                time.sleep(0.02)
            else:
                return

    def _ensure_database(self) -> None:
        """Create our database where it is missing: the first start may have been killed before it got to this."""
        with psycopg.connect(
            host=str(self.sockets), port=PORT, user=USER, dbname="postgres", autocommit=True
        ) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
