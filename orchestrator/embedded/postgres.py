"""A PostgreSQL server of our own."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from orchestrator.embedded import processes
from orchestrator.embedded.account import postgres_account
from orchestrator.embedded.addresses import DATABASE, PORT, USER
from orchestrator.embedded.folders import empty_folder, postgres_data, private_folder
from orchestrator.embedded.logs import ServerFailed, fresh_log
from orchestrator.embedded.server import Server
from orchestrator.embedded.wheels import postgres_programs

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# PostgreSQL's own locale: sorts by code point and knows upper and lower case, the same on every machine.
LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
AUTHENTICATION = (f"--username={USER}", "--auth-local=trust", "--auth-host=reject")
# Not ours: a PGOPTIONS or PGDATA meant for another server must not reach this one.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


class Postgres(Server):
    """PostgreSQL, listening on a Unix socket in the folder `sockets` and nowhere else.

    Whoever may enter `sockets` needs no password: only root and the account it runs as, which is ours unless we are
    root, may.
    """

    name = "PostgreSQL"
    # "Fast": tell clients to go, write everything, end. Then "immediate": the next start recovers. Then no mercy.
    stop_steps = ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))

    def __init__(self, *, home: Path, sockets: Path) -> None:
        super().__init__(home)
        self.sockets = sockets
        self._account = postgres_account()

    def _launch(self) -> subprocess.Popen[bytes]:
        programs = postgres_programs(self._account)
        data = postgres_data(self.home, account=self._account)
        private_folder(self.sockets, owner=self._account)
        if not (data / "PG_VERSION").exists():
            self._create(programs, data)
        self._clear_left_over(data)
        settings = SETTINGS | {"unix_socket_directories": str(self.sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self._run([programs / "postgres", "-D", data, "-p", str(PORT), *options], signal.SIGINT)

    def _run(self, command: Sequence[str | Path], when_orphaned: signal.Signals) -> subprocess.Popen[bytes]:
        with fresh_log(self.log) as output:
            return processes.spawn(
                command,
                when_orphaned=when_orphaned,
                account=self._account,
                output=output,
                env=ENVIRONMENT,
                cwd=Path("/"),
            )

    def _create(self, programs: Path, data: Path) -> None:
        """Make an empty cluster, which appears at `data` whole or not at all."""
        fresh = empty_folder(data.with_name(data.name + ".new"), owner=self._account)
        initdb = self._run([programs / "initdb", "-D", fresh, *AUTHENTICATION, *LOCALE], signal.SIGKILL)
        if initdb.wait() != 0:
            raise ServerFailed(self.name, "could not make its data folder", self.log)
        fresh.rename(data)

    def _clear_left_over(self, data: Path) -> None:
        """End a server that outlived its supervisor, and remove the lock files of one that was killed.

        PostgreSQL would refuse to start where the number in such a file belongs to any live process of its
        account, as happens in a restarted container. Holding the home's lock we know better.
        """
        lock = data / "postmaster.pid"
        if lock.exists():
            pid = int(lock.read_text().split("\n", 1)[0] or 0)
            processes.end_left_over(pid, marker=str(data), steps=self.stop_steps)
            lock.unlink(missing_ok=True)
        for stale in self.sockets.glob(".s.PGSQL.*"):
            stale.unlink()

    def _answers(self) -> bool:
        """Say whether clients are let in. Our database is made on the way, should it be missing."""
        try:
            with psycopg.connect(
                host=str(self.sockets), port=PORT, user=USER, dbname="postgres", autocommit=True
            ) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if known.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True
