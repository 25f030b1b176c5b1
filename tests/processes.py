"""Real processes for tests: Celery workers, beat and the pages, against the test database and the session's Valkey."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import redis
from django.conf import settings
from django.db import connection

from orchestrator import models
from orchestrator.config import celery_app
from orchestrator.embedded import processes
from orchestrator.embedded.valkey import Valkey
from orchestrator.management import parts
from orchestrator.management.parts import Program
from orchestrator.management.web_address import WebAddress

Found = TypeVar("Found")

_numbers = itertools.count(1)


def eventually(
    condition: Callable[[], Found], *, within: float = 30.0, else_say: str | Callable[[], str] = ""
) -> Found:
    """Return the first truthy answer of `condition`, asked again and again.

    :raises AssertionError: there was none within that many seconds; it says `else_say` and the last answer
    """
    give_up = time.monotonic() + within
    while not (answer := condition()):
        if time.monotonic() > give_up:
            said = else_say() if callable(else_say) else else_say
            raise AssertionError(f"not within {within} s: {said or condition} (last answer: {answer!r})")
        time.sleep(0.02)
    return answer


def database_url() -> str:
    """Return the address of the database that Django uses right now: the test database, in a test."""
    used = connection.settings_dict
    password = f":{quote(used['PASSWORD'])}" if used["PASSWORD"] else ""
    place = urlencode({"host": used["HOST"], "port": used["PORT"] or 5432})
    return f"postgresql://{quote(used['USER'])}{password}@/{used['NAME']}?{place}"


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningProgram:
    """A program started for one test. It dies with the test session at the latest."""

    def __init__(self, program: Program, *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = program.name
        self.log = log
        own = {"DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL, "PYTHONUNBUFFERED": "1"}
        self._program = program
        with log.open("wb") as output:
            self.process: subprocess.Popen[bytes] = processes.spawn(
                [sys.executable, *program.words],
                when_orphaned=signal.SIGKILL,
                output=output,
                env=os.environ | own | dict(env or {}),
                cwd=settings.BASE_DIR,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        """Return all it has printed."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it and all its children at once, as a power cut would."""
        self._kill_group()
        self.process.wait()

    def stop(self) -> None:
        """End it in the orderly way, as the supervisor would."""
        processes.end(self.process, self._program.stop)
        self._kill_group()

    def pause(self) -> None:
        """Let it hang, with all its children, until `resume`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def has(self, pid: int) -> bool:
        """Return whether a process is it or one of its children."""
        return os.getpgid(pid) == self.pid

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class Worker(RunningProgram):
    """A Celery worker that answers, and is known to be there."""

    def __init__(
        self, *, concurrency: int = 1, queues: str = "", log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.node = f"test-{os.getpid()}-{next(_numbers)}@localhost"
        program = parts.worker(concurrency=concurrency)
        words = [*program.words, "--hostname", self.node, "--loglevel", "INFO"]
        words += ["--queues", queues] if queues else []
        super().__init__(Program("worker", words, program.stop), log=log, env=env)

    def wait_until_ready(self) -> None:
        eventually(self._answers, else_say=lambda: f"the worker answers; it said:\n{self.output()}")

    def _answers(self) -> bool:
        assert self.is_running, f"the worker ended while starting:\n{self.output()}"
        # Whom nobody answers is kept waiting for over a second.
        if f"{self.node} ready." not in self.output():
            return False
        # A connection of its own: a pooled one may date from before a restart of Valkey.
        with celery_app.connection_for_write() as fresh:
            answers = celery_app.control.ping(destination=[self.node], timeout=0.3, connection=fresh)
        return bool(answers) and models.Worker.objects.filter(name=self.node).exists()


class Beat(RunningProgram):
    """Celery beat, ticking."""

    def __init__(self, *, log: Path, env: Mapping[str, str] | None = None) -> None:
        program = parts.beat()
        super().__init__(Program("beat", [*program.words, "--loglevel", "INFO"], program.stop), log=log, env=env)

    def wait_until_ready(self) -> None:
        eventually(self._ticks, else_say=lambda: f"beat ticks; it said:\n{self.output()}")

    def _ticks(self) -> bool:
        assert self.is_running, f"beat ended while starting:\n{self.output()}"
        return "beat: Starting..." in self.output()


class Web(RunningProgram):
    """The pages, the API and the sockets, on a free port of this machine."""

    def __init__(self, *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.address = WebAddress("127.0.0.1", free_port())
        super().__init__(parts.web(self.address), log=log, env=env)

    @property
    def url(self) -> str:
        return self.address.url

    def wait_until_ready(self) -> None:
        eventually(self._answers, else_say=lambda: f"the pages answer; uvicorn said:\n{self.output()}")

    def _answers(self) -> bool:
        assert self.is_running, f"uvicorn ended while starting:\n{self.output()}"
        return self.address.answers()


class Broker:
    """The session's Valkey, to be harmed: whatever a test did, `mend` makes it answer again, empty."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def flush(self) -> None:
        """Forget everything, as after a restart without a disk."""
        assert self._valkey.command("FLUSHALL") == b"+OK\r\n"

    def sent(self) -> int:
        """Return how many messages Celery has put into its queues so far."""
        with redis.Redis(unix_socket_path=str(self._valkey.address)) as client:
            return int(client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"])

    def forget_who_is_at_work(self) -> None:
        """Let nobody count as at work: what was killed there would be taken to find its work by itself for seconds."""
        with redis.Redis(unix_socket_path=str(self._valkey.address)) as client:
            client.delete("anabranch:at-work:default")

    def stop(self) -> None:
        self._valkey.stop()

    def start(self) -> None:
        """Start it again, with what it had."""
        self._valkey.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Let it hang: connections open, nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def mend(self) -> None:
        if self._valkey.is_running:
            self.resume()
        self.start()
        self.flush()

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self._valkey.process is not None, "Valkey is stopped"
        return self._valkey.process
