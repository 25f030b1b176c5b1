"""Home folders, servers and supervisors of a test's own."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from orchestrator.embedded import processes
from orchestrator.embedded.addresses import addresses
from tests.processes import eventually

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def temporary_home() -> Iterator[Path]:
    """An empty home folder which the account that root's PostgreSQL runs as can reach, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="anabranch-test-"))
    folder.chmod(0o755)
    yield folder
    # The name says which user's sockets they are; a test may have been another user.
    digest = addresses(folder).sockets.name.rpartition("-")[2]
    for sockets in addresses(folder).sockets.parent.glob(f"anabranch-*-{digest}"):
        shutil.rmtree(sockets)
    shutil.rmtree(folder)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder of this test alone."""
    with temporary_home() as folder:
        yield folder


class Owned:
    """A process in a session of its own, and all the processes that it ever had below it."""

    def __init__(self, command: list[str | Path], *, home: Path, log: Path) -> None:
        self.home = home
        self.log = log
        # Its own servers: not those of the test session.
        env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        with log.open("wb") as output:
            self.process = processes.spawn(
                command,
                when_orphaned=signal.SIGKILL,
                output=output,
                env=env | {"ANABRANCH_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
            )
        self._seen: dict[int, psutil.Process] = {}

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def below(self) -> list[psutil.Process]:
        """Return the live processes below this one, and remember them for `assert_nothing_is_left`."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self._seen |= {process.pid: process for process in found}
        return [process for process in found if is_alive(process)]

    def find(self, words: str) -> list[psutil.Process]:
        """Return the live processes below this one whose command line contains `words`."""
        return [process for process in self.below() if words in processes.command_line(process.pid)]

    def wait_for(self, text: str) -> None:
        """Return when the process has printed `text`."""
        eventually(lambda: text in self.output() or self.has_ended, else_say=self.output)
        assert text in self.output(), self.output()

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def send(self, number: signal.Signals) -> int:
        """Send a signal, wait for the end and return the exit code."""
        self.below()
        self.process.send_signal(number)
        return self.process.wait(60)

    def assert_nothing_is_left(self) -> None:
        """Pass when every process that was below this one has ended, at the latest after a few seconds."""
        assert self._seen, "no process was looked at while it ran"
        eventually(lambda: not self._alive(), within=20, else_say=lambda: f"ended: {self._alive()}")

    def _alive(self) -> list[str]:
        return [str(process) for process in self._seen.values() if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Say whether it runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Iterator[Callable[..., Owned]]:
    """Run Python with the given words in `home`, ended after the test; `run_by` are words to put before it."""
    started: list[Owned] = []

    def run(*words: str | Path, run_by: Sequence[str] = ()) -> Owned:
        command = [*run_by, sys.executable, *words]
        first = shutil.which(command[0]) or command[0]
        owned = Owned([first, *command[1:]], home=home, log=tmp_path / f"own-{len(started)}.log")
        started.append(owned)
        return owned

    yield run
    for owned in started:
        if not owned.has_ended:
            owned.send(signal.SIGTERM)
