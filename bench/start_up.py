"""W13: from the start of everything, set up already, to the page that answers; and the memory that it takes idle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from bench.measured import Measured
from bench.running import MEGABYTE, ROOT, Running
from orchestrator.management.web_address import WebAddress

HOME = ROOT / ".anabranch" / "bench-up"
PATIENCE_SECONDS = 60.0
# Until the worker has announced itself and beat has read its schedules.
SETTLING_SECONDS = 5.0
NOT_HANDED_ON = ("DATABASE_URL", "REDIS_URL")


def measure(samples: int, running: Running) -> Measured:
    """Give the seconds of each start; the first ever sets the home folder up and is not counted."""
    if not HOME.exists():
        with _up(running.web):
            pass
    measured = Measured()
    for _ in range(samples):
        began = time.perf_counter()
        with _up(running.web) as process:
            measured.add(time.perf_counter() - began)
            time.sleep(SETTLING_SECONDS)
            measured.note("MB (PSS) idle", _proportional(process.pid))
    return measured


@contextmanager
def _up(web: WebAddress) -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py up` from when its page answers.

    :raises TimeoutError: it does not
    """
    env = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
    env |= {"ANABRANCH_HOME": str(HOME), "ANABRANCH_APPS": "examples"}
    words = [sys.executable, "manage.py", "up", "--port", str(web.port)]
    process = subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not web.answers():
            if time.monotonic() > give_up or process.poll() is not None:
                raise TimeoutError(f"`manage.py up` did not answer within {PATIENCE_SECONDS:.0f} seconds.")
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def _proportional(pid: int) -> float:
    """Return the memory of a process and all its children in MB, what they share counted once."""
    root = psutil.Process(pid)
    every = [root, *root.children(recursive=True)]
    return sum(process.memory_full_info().pss for process in every) / MEGABYTE
