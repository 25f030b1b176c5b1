"""A whole Anabranch on this machine, for as long as a block of code runs."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from orchestrator.embedded.lock import HomeInUse, owner_of
from orchestrator.embedded.servers import Servers
from orchestrator.management import parts
from orchestrator.management.combined_log import CombinedLog, Stream
from orchestrator.management.supervisor import Supervisor
from orchestrator.management.web_address import WebAddress

OTHERS_START_SECONDS = 60


class OtherNotReady(Exception):
    """An `up` that was just starting did not get there."""


class LocalParts:
    """A whole Anabranch in the home folder of the settings: `with LocalParts(log=sys.stdout): ...`.

    Servers (where no address of one is set), a database with the flows registered, worker, beat and, with `web`,
    the pages. What all of them print goes to `log`.
    """

    def __init__(self, *, web: WebAddress | None = None, concurrency: int = 2, log: Stream) -> None:
        self._servers = Servers(
            settings.HOME,
            postgres=not os.environ.get("DATABASE_URL"),
            valkey=not os.environ.get("REDIS_URL"),
            pages_at=web.url if web else "",
        )
        self._web = web
        self._log = CombinedLog(log)
        programs = [parts.worker(concurrency=concurrency), parts.beat(), *([parts.web(web)] if web else [])]
        own = [parts.Part(program, home=self._servers.home, log=self._log) for program in programs]
        self._supervisor = Supervisor([*self._servers.all, *own], self._log)

    def __enter__(self) -> Self:
        """
        :raises HomeInUse: another process runs this home folder
        :raises ServerFailed: a server does not start
        :raises PortTaken: something else is where the pages belong
        """
        self._servers.start()
        try:
            if self._web:
                self._web.refuse_if_taken()
            self._set_up_database()
            self._supervisor.start()
            self._servers.lock.tell_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def say(self, line: str) -> None:
        """Write one line of ours into the log."""
        self._log.say("up", line)

    def _set_up_database(self) -> None:
        self.say("setting up the database and registering the flows")
        self._call("migrate", interactive=False, verbosity=0)
        self._call("register")
        connections.close_all()

    def _call(self, command: str, **options: object) -> None:
        """Run a command of `manage.py`, with what it prints in the log."""
        printed = StringIO()
        try:
            call_command(command, stdout=printed, **options)
        finally:
            for line in printed.getvalue().splitlines():
                self.say(line)

    def _stop(self) -> None:
        self._supervisor.stop()
        connections.close_all()
        self._servers.stop()


@contextmanager
def running_parts(*, concurrency: int = 2, log: Stream) -> Iterator[None]:
    """Have a worker and beat while the block runs: those of an `up` that runs already, else own ones.

    :raises OtherNotReady: an `up` has the home folder, but does not get ready
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(LocalParts(concurrency=concurrency, log=log))
        except HomeInUse:
            _wait_until_ready(settings.HOME)
        yield


def _wait_until_ready(home: Path) -> None:
    give_up = time.monotonic() + OTHERS_START_SECONDS
    while True:
        owner = owner_of(home)
        if owner and owner.is_ready:
            return
        if time.monotonic() > give_up:
            raise OtherNotReady(
                f"Another process has {home}, but is not ready after {OTHERS_START_SECONDS} seconds. Look at what"
                " it prints, or stop it."
            )
        time.sleep(0.1)
