"""Keep processes running: start again what ends, stop all in order."""

import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from orchestrator.embedded.logs import ServerFailed
from orchestrator.embedded.processes import StillRunning
from orchestrator.management.combined_log import CombinedLog

LOOK_SECONDS = 0.2
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
# A process that lived this long was well; its next end counts as the first.
WELL_SECONDS = 60.0


class Startable(Protocol):
    """A process or server that can be started and stopped any number of times."""

    @property
    def name(self) -> str: ...
    @property
    def process(self) -> subprocess.Popen[bytes] | None: ...
    @property
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Supervisor:
    """Start `parts` in their order, start each again when it ends, stop them in the reverse order.

    All of it happens in one thread that outlives the processes: the kernel ends a process with the thread that
    started it.
    """

    def __init__(self, parts: Sequence[Startable], log: CombinedLog) -> None:
        self._watched = [Watched(part, log) for part in parts]
        self._log = log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def start(self) -> None:
        """Begin; return at once."""
        self._thread.start()

    def stop(self) -> None:
        """Return when every part has ended."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        for watched in self._watched:
            watched.start()
        while not self._stopping.wait(LOOK_SECONDS):
            for watched in self._watched:
                watched.look(now=time.monotonic())
        for watched in reversed(self._watched):
            try:
                watched.part.stop()
            except StillRunning as error:
                self._log.say("up", f"{watched.part.name}: {error}")


class Watched:
    """One part, and when to start it again: after a second at first, then later and later."""

    def __init__(self, part: Startable, log: CombinedLog) -> None:
        self.part = part
        self._log = log
        self._delay = 0.0
        self._started_at = 0.0
        self._start_at: float | None = None

    def start(self) -> None:
        self._started_at = time.monotonic()
        self._start_at = None
        try:
            self.part.start()
        except (OSError, ServerFailed) as error:
            self._log.say("up", f"{self.part.name} does not start: {error}")

    def look(self, *, now: float) -> None:
        """Start the part again if it has ended and its time has come."""
        if self.part.is_running:
            return
        if self._start_at is None:
            self._wait_before_start(now)
        elif now >= self._start_at:
            self.start()

    def _wait_before_start(self, now: float) -> None:
        if now - self._started_at > WELL_SECONDS:
            self._delay = 0.0
        self._delay = min(self._delay * 2 or FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
        self._start_at = now + self._delay
        code = self.part.process.returncode if self.part.process else None
        self._log.say("up", f"{self.part.name} ended (exit code {code}); it starts again in {self._delay:.0f} s")
