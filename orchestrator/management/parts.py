"""The processes that make up a running Anabranch, besides its servers."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from orchestrator.embedded import processes
from orchestrator.management.combined_log import CombinedLog
from orchestrator.management.web_address import WebAddress


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: the words after `python`, and how to stop it."""

    name: str
    words: Sequence[str]
    stop: processes.Steps


class Part:
    """A program of ours as a process, started and stopped any number of times."""

    def __init__(self, program: Program, *, home: Path, log: CombinedLog) -> None:
        self.name = program.name
        self.process: subprocess.Popen[bytes] | None = None
        self._program = program
        self._log = log
        # Nobody else takes over here what a function has half done, and whoever pressed Ctrl-C wants it to end.
        quick = {"ANABRANCH_STOP_GRACE_SECONDS": "1"}
        self._env = quick | os.environ | {"ANABRANCH_HOME": str(home), "PYTHONUNBUFFERED": "1"}

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process if it does not run. Whatever an earlier one left of its children is killed first."""
        if self.is_running:
            return
        self._kill_group()
        self.process = processes.spawn(
            [sys.executable, *self._program.words],
            when_orphaned=signal.SIGKILL,
            output=subprocess.PIPE,
            env=self._env,
            cwd=settings.BASE_DIR,
        )
        assert self.process.stdout is not None
        self._log.follow(self.name, self.process.stdout)

    def stop(self) -> None:
        """Return when the process and all its children have ended."""
        if self.process is not None:
            processes.end(self.process, self._program.stop)
        self._kill_group()
        self.process = None

    def _kill_group(self) -> None:
        """Kill what is left of the process's children, which share its group, once it has ended itself."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                # Nothing is left. (macOS says "not permitted" of a group of zombies.)
                return


def worker(*, concurrency: int) -> Program:
    """A Celery worker with `concurrency` processes. Told to stop it finishes what it runs, for a while."""
    # Who runs `up` as root means it; eight lines of warning at every start would hide what matters.
    quiet = ["-W", "ignore:You're running the worker with superuser privileges"]
    words = f"""-m celery -A orchestrator.config --quiet worker --concurrency {concurrency}
        --without-gossip --without-mingle"""
    stop = [(signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]
    return Program("worker", [*quiet, *words.split()], stop)


def beat() -> Program:
    """Celery beat, which rings the schedules kept in the database."""
    words = "-m celery -A orchestrator.config --quiet beat"
    return Program("beat", words.split(), [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)])


def web(address: WebAddress) -> Program:
    """The pages, the API and the sockets. Told to stop it finishes the requests it has, for a while."""
    words = f"""-m uvicorn orchestrator.config.asgi:application --host {address.host} --port {address.port}
        --timeout-graceful-shutdown 10 --ws-ping-interval 20 --no-access-log --log-level warning"""
    return Program("web", words.split(), [(signal.SIGTERM, 12.0), (signal.SIGKILL, 5.0)])
