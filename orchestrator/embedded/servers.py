"""The servers of one home folder, as one thing to start and stop."""

from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.embedded.addresses import addresses
from orchestrator.embedded.folders import socket_folder
from orchestrator.embedded.lock import HomeLock
from orchestrator.embedded.postgres import Postgres
from orchestrator.embedded.server import Server
from orchestrator.embedded.valkey import Valkey


class Servers:
    """The PostgreSQL and the Valkey of `home`, for as long as this object is started: `with Servers(home): ...`.

    Clients find them at `addresses(home)`. Leave out a server that somebody else provides; the home folder has
    one owner either way. `pages_at` is told to those who come second.
    """

    def __init__(self, home: Path, *, postgres: bool = True, valkey: bool = True, pages_at: str = "") -> None:
        self.home = home.resolve()
        self.lock = HomeLock(self.home)
        self._addresses = addresses(self.home)
        self.postgres = Postgres(home=self.home, sockets=self._addresses.postgres_folder) if postgres else None
        self.valkey = Valkey(home=self.home, address=self._addresses.valkey_socket) if valkey else None
        self._pages_at = pages_at
        self._started = False

    @property
    def all(self) -> list[Server]:
        return [server for server in (self.postgres, self.valkey) if server is not None]

    @property
    def are_running(self) -> bool:
        return self._started and all(server.is_running for server in self.all)

    def start(self) -> None:
        """Return when every server answers. Started ones are left as they are, ended ones started again.

        :raises HomeInUse: another owner has the home folder; nothing was touched
        :raises ServerFailed: one does not start; none is left running
        :raises ForeignFolder: another user of this machine sits where the sockets belong
        """
        if not self._started:
            self.lock.take(address=self._pages_at)
            self._started = True
        try:
            if self.all:
                socket_folder(self._addresses.sockets)
            for server in self.all:
                server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Return when every server has ended and the home folder is free."""
        if not self._started:
            return
        for server in reversed(self.all):
            server.stop()
        self.lock.release()
        self._started = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
