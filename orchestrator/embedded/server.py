"""What PostgreSQL and Valkey have in common: started once, answered for, stopped."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from orchestrator.embedded import processes
from orchestrator.embedded.logs import ServerFailed

START_SECONDS = 60


class Server(ABC):
    """A server of ours, with its data and its log below `home`. The caller holds the lock of `home`."""

    name: ClassVar[str]
    stop_steps: ClassVar[processes.Steps]

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / f"{self.name.lower()}.log"
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
        self.process = self._launch()
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.is_running:
                raise ServerFailed(self.name, "ended while starting", self.log)
            if time.monotonic() > give_up:
                self.stop()
                raise ServerFailed(self.name, f"did not answer within {START_SECONDS} seconds", self.log)
            time.sleep(0.01)

    def stop(self) -> None:
        """Return when the server has ended, with everything it was given on disk."""
        if self.process is not None:
            processes.end(self.process, self.stop_steps)
            self.process = None

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the process, after ending one that an earlier owner of the home left over."""

    @abstractmethod
    def _answers(self) -> bool:
        """Say whether the server is ready for clients."""
