"""W6: parents that wait hold nothing, and nothing is slower beside them."""

import time
from collections.abc import Iterator

from bench.flows import PARENTS_AT_ONCE
from bench.measured import Measured
from bench.running import Running
from bench.runs import clear, database_bytes, finish, flow_named, run, start, timed

FEW, MANY = 1_000, 10_000
# In which each process comes to look for what is owed, and PostgreSQL's process at its side to keep the plans for that.
WARM_UP_SECONDS = 20


def measure(samples: int, running: Running) -> Measured:
    """Compare the latency of a parent and its child beside 10,000 waiting parents with that beside none."""
    measured = Measured()
    clear()
    idle = list(_latencies(samples))
    _let_wait(PARENTS_AT_ONCE)
    time.sleep(WARM_UP_SECONDS)
    memory, size = running.megabytes(), database_bytes()
    _let_wait(FEW)
    few = list(_latencies(samples))
    measured.note_growth(running.growth(memory), f", {FEW} more waiting")
    measured.note("KB of database a waiting parent", (database_bytes() - size) / FEW / 1024)
    _let_wait(MANY - FEW - PARENTS_AT_ONCE)
    for own, base in zip(_latencies(samples), idle, strict=True):
        measured.add(own, base)
    measured.note_growth(running.growth(memory), f", {MANY} waiting")
    measured.note(f"ms beside {FEW}", sorted(few)[len(few) // 2])
    clear()
    return measured


def _latencies(samples: int) -> Iterator[float]:
    """Yield the milliseconds that a parent and its child take, after two runs to warm up."""
    flow = flow_named("W1")
    for number in range(-2, samples):
        milliseconds = timed(lambda: run(flow)) * 1000
        if number >= 0:
            yield milliseconds


def _let_wait(parents: int) -> None:
    """Have so many flow runs more wait for a child that is not due for long."""
    flow = flow_named("waiting-parents")
    for _ in range(parents // PARENTS_AT_ONCE):
        finish(start(flow))
