"""What runs while a workload is measured: workers, beats, the pages; and the memory that all of it takes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from orchestrator.embedded.servers import Servers
from orchestrator.management import parts
from orchestrator.management.parts import Program
from orchestrator.management.web_address import WebAddress

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1024 * 1024
START_SECONDS = 30.0


@dataclass(frozen=True)
class Needs:
    """What a workload needs running."""

    slots: int = 2
    bare: bool = True
    large: bool = False
    beats: int = 0
    web: bool = False


@dataclass
class Running:
    """What is running now, the servers included."""

    servers: Servers
    web: WebAddress
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def megabytes(self) -> dict[str, float]:
        """Return the memory that each process has for itself alone: its name and id -> MB."""
        servers = [server.process for server in (self.servers.postgres, self.servers.valkey) if server]
        roots = [psutil.Process(process.pid) for process in [*self.processes, *servers] if process]
        every = [process for root in roots for process in [root, *root.children(recursive=True)]]
        return {f"{process.name()} {process.pid}": _own(process) for process in every}

    def growth(self, before: dict[str, float]) -> dict[str, float]:
        """Return by how many MB the process of each name grew that grew most; new processes are not counted."""
        now = self.megabytes()
        most: dict[str, float] = {}
        for process in now.keys() & before.keys():
            name = process.split()[0]
            most[name] = max(now[process] - before[process], most.get(name, 0.0))
        return most


def _own(process: psutil.Process) -> float:
    """Return the MB that no other process can use; PostgreSQL's shared buffers are not among them."""
    memory = process.memory_info()
    return float(memory.rss - getattr(memory, "shared", 0)) / MEGABYTE


@contextmanager
def running(needs: Needs, servers: Servers, web: WebAddress) -> Iterator[Running]:
    """Have everything running that is needed, the product's and the baseline's.

    :raises TimeoutError: something did not start
    """
    everything = Running(servers, web)
    try:
        for program in _programs(needs, web):
            env = os.environ | {"ANABRANCH_APPS": "bench,bench.large" if needs.large else "bench"}
            words = [sys.executable, *program.words]
            everything.processes.append(subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.DEVNULL))
        _wait_until_ready(needs, web)
        yield everything
    finally:
        for process in everything.processes:
            process.terminate()
        for process in everything.processes:
            _end(process)


def _programs(needs: Needs, web: WebAddress) -> Iterator[Program]:
    ours = parts.worker(concurrency=needs.slots)
    words = [*ours.words, "--loglevel", "WARNING"]
    yield Program("worker", [*words, "-n", f"ours-{needs.slots}@bench"], ours.stop)
    if needs.bare:
        for name in ("bare", "lean"):
            baseline = [word.replace("orchestrator.config", f"bench.{name}") for word in words]
            yield Program(name, [*baseline, "-n", f"{name}-{needs.slots}@bench", "-Q", name], ours.stop)
    for _ in range(needs.beats):
        yield parts.beat()
    if needs.web:
        yield parts.web(web)


def _wait_until_ready(needs: Needs, web: WebAddress) -> None:
    from django.utils import timezone

    from orchestrator.models import Worker

    give_up = time.monotonic() + START_SECONDS
    while not (
        Worker.objects.filter(name=f"ours-{needs.slots}@bench", lease_until__gt=timezone.now()).exists()
        and (not needs.web or web.answers())
    ):
        if time.monotonic() > give_up:
            raise TimeoutError(f"The worker, or the pages, did not start within {START_SECONDS:.0f} seconds.")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
