"""The processes of one installation: two workers, two beats, the pages. What ends is started again."""

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from orchestrator.embedded.servers import Servers
from tests.processes import Beat, Broker, RunningProgram, Web, Worker

CONCURRENCY = 2


class Parts:
    """Two workers, two beats, web and the two servers, for the time of the block."""

    def __init__(self, servers: Servers, logs: Path) -> None:
        assert servers.postgres is not None
        assert servers.valkey is not None
        self.postgres = servers.postgres
        self.valkey = servers.valkey
        self.broker = Broker(servers.valkey)
        self.ended: Counter[str] = Counter()
        self._logs = logs
        self._numbers = itertools.count(1)
        self.programs: dict[str, RunningProgram] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(exist_ok=True)
        for old in self._logs.glob("*.log"):
            old.unlink()
        for name in ("worker-1", "worker-2", "beat-1", "beat-2", "web-1"):
            self.start(name)
        self.web.wait_until_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in self.programs.values():
            program.kill()

    @property
    def web(self) -> Web:
        web = self.programs["web-1"]
        assert isinstance(web, Web)
        return web

    def names(self, kind: str) -> list[str]:
        return [name for name in self.programs if name.startswith(kind)]

    def start(self, name: str) -> None:
        """Start a program, in place of one of that name that has ended."""
        log = self._logs / f"{name}-{next(self._numbers)}.log"
        kinds: dict[str, Callable[[], RunningProgram]] = {
            "worker": lambda: Worker(concurrency=CONCURRENCY, log=log),
            "beat": lambda: Beat(log=log),
            "web": lambda: Web(log=log),
        }
        self.programs[name] = kinds[name.partition("-")[0]]()

    def kill(self, name: str) -> None:
        """End a program with all its processes, and start it again."""
        self.programs[name].kill()
        self.start(name)

    def pool_children(self) -> list[psutil.Process]:
        found = []
        for name in self.names("worker"):
            try:
                found += psutil.Process(self.programs[name].pid).children()
            except psutil.NoSuchProcess:
                continue
        return found

    def replace_ended(self) -> None:
        """Start again what has ended by itself."""
        for name, program in list(self.programs.items()):
            if not program.is_running:
                self.ended[name.partition("-")[0]] += 1
                self.start(name)
