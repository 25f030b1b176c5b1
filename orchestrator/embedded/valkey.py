"""A Valkey server of our own."""

import signal
import socket
import subprocess
from pathlib import Path

from orchestrator.embedded import processes
from orchestrator.embedded.folders import private_folder
from orchestrator.embedded.logs import fresh_log
from orchestrator.embedded.server import Server
from orchestrator.embedded.wheels import valkey_program

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "loglevel": "warning",
}


class Valkey(Server):
    """Valkey, listening on the Unix socket `address` and nowhere else. Only we may enter the socket's folder."""

    name = "Valkey"
    # It writes its append-only file on SIGTERM.
    stop_steps = ((signal.SIGTERM, 10), (signal.SIGKILL, 5))

    def __init__(self, *, home: Path, address: Path) -> None:
        super().__init__(home)
        self.address = address

    def command(self, words: str) -> bytes:
        """Return the first line of the answer to a command whose arguments need no quoting.

        :raises OSError: the server does not answer
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.address))
            connection.sendall(words.encode() + b"\r\n")
            with connection.makefile("rb") as answer:
                return answer.readline()

    def _launch(self) -> subprocess.Popen[bytes]:
        data = private_folder(self.home / "valkey")
        private_folder(self.address.parent)
        pid_file = data / "valkey.pid"
        self._end_left_over(pid_file)
        settings = SETTINGS | {"unixsocket": str(self.address), "dir": str(data), "pidfile": str(pid_file)}
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with fresh_log(self.log) as output:
            return processes.spawn([valkey_program(), *options], when_orphaned=signal.SIGTERM, output=output)

    def _end_left_over(self, pid_file: Path) -> None:
        """End a server that outlived its supervisor: two of them would write to one append-only file."""
        if pid_file.exists():
            # Its process title names the socket it listens on.
            pid = int(pid_file.read_text().strip() or 0)
            processes.end_left_over(pid, marker=str(self.address), steps=self.stop_steps)
            pid_file.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            # While it reads its append-only file back it says -LOADING.
            return self.command("PING") == b"+PONG\r\n"
        except OSError:
            return False
