"""Home folders, servers and supervisors of a test's own."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from orchestrator.embedded import processes
from orchestrator.embedded.addresses import addresses
from tests.processes import eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home folder which the account that root's PostgreSQL runs as can reach, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="anabranch-test-"))
    folder.chmod(0o755)
    yield folder
    # The name says which user's sockets they are; a test may have been another user.
    digest = addresses(folder).sockets.name.rpartition("-")[2]
    for sockets in addresses(folder).sockets.parent.glob(f"anabranch-*-{digest}"):
        shutil.rmtree(sockets)
    shutil.rmtree(folder)


class Owned:
    """A process in a session of its own, and all the processes that it ever had below it."""

    def __init__(self, command: list[str | Path], *, home: Path) -> None:
        self.home = home
        self.log = home / "test.log"
        # Its own servers: not those of the test session.
        env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
        with self.log.open("ab") as output:
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
        """Return the processes below this one, and remember them for `left_over`."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self._seen |= {process.pid: process for process in found}
        return found

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
        eventually(lambda: not self._alive(), within=20, else_say=lambda: f"gone: {self._alive()}")

    def _alive(self) -> list[str]:
        alive = (p for p in self._seen.values() if p.is_running() and p.status() != psutil.STATUS_ZOMBIE)
        return [f"{p.pid} {' '.join(p.cmdline())}" for p in alive]


@pytest.fixture
def own(home: Path) -> Iterator[Callable[..., Owned]]:
    """Run Python with the given words in `home`, ended after the test; `run_by` are words to put before it."""
    started: list[Owned] = []

    def run(*words: str | Path, run_by: Sequence[str] = ()) -> Owned:
        command = [*run_by, sys.executable, *words]
        owned = Owned([shutil.which(command[0]) or command[0], *command[1:]], home=home)
        started.append(owned)
        return owned

    yield run
    for owned in started:
        if not owned.has_ended:
            owned.send(signal.SIGTERM)
