"""A Valkey server of our own."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from orchestrator.embedded import processes
from orchestrator.embedded.folders import private_folder
from orchestrator.embedded.logs import ServerFailed, fresh_log
from orchestrator.embedded.wheels import valkey_program

# It writes its append-only file on SIGTERM.
STOP: processes.Steps = [(signal.SIGTERM, 10), (signal.SIGKILL, 5)]
START_SECONDS = 60

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


class Valkey:
    """Valkey with its data below `home`, listening on the Unix socket `address` and nowhere else.

    Only we may enter the folders of both. The caller holds the lock of `home`.
    """

    name = "Valkey"

    def __init__(self, *, home: Path, address: Path) -> None:
        self.home = home
        self.address = address
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Return when the server answers. Does nothing if it runs already.

        :raises ServerFailed: it ended while starting, or did not answer in time
        """
        if self.is_running:
            return
        data = private_folder(self.home / "valkey")
        private_folder(self.address.parent)
        pid_file = data / "valkey.pid"
        self._clear_left_over(pid_file)
        settings = SETTINGS | {"unixsocket": str(self.address), "dir": str(data), "pidfile": str(pid_file)}
        command: list[str | Path] = [valkey_program()]
        command += [word for name, value in settings.items() for word in (f"--{name}", value)]
        with fresh_log(self._log) as output:
            self.process = processes.spawn(command, when_orphaned=signal.SIGTERM, output=output)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Return when the server has ended, with everything it held on disk."""
        if self.process is not None:
            processes.end(self.process, STOP)
            self.process = None

    def command(self, words: str) -> bytes:
        """Return the first line of the answer to a command without arguments that need quoting.

        :raises OSError: the server does not answer
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.address))
            connection.sendall(words.encode() + b"\r\n")
            return connection.makefile("rb").readline()

    @property
    def _log(self) -> Path:
        return self.home / "valkey.log"

    def _clear_left_over(self, pid_file: Path) -> None:
        """End a server that outlived its supervisor: two of them would write to one append-only file."""
        if pid_file.exists():
            pid = int(pid_file.read_text().strip() or 0)
            # Its process title ends in the socket it listens on.
            processes.end_left_over(pid, marker=str(self.address), steps=STOP)
            pid_file.unlink(missing_ok=True)

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.is_running:
                raise ServerFailed(self.name, "ended while starting", self._log)
            if time.monotonic() > give_up:
                self.stop()
                raise ServerFailed(self.name, f"did not answer within {START_SECONDS} seconds", self._log)
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            # While it reads its append-only file back it says -LOADING.
            return self.command("PING") == b"+PONG\r\n"
        except OSError:
            return False
