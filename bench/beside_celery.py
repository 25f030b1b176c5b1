"""W1 to W5 and W7: the same shapes run by Anabranch, by bare Celery and by the least of it, in turn."""

import time
from collections.abc import Callable

from bench import bare, lean
from bench.flows import INDEPENDENT
from bench.measured import Measured
from bench.running import Running
from bench.runs import clear, finish_all, flow_named, run, start, timed


def in_pairs(name: str, figure: Callable[[float], float], *, warm_up: int = 2) -> Callable[[int, Running], Measured]:
    """Return how to measure a workload: `figure` makes of the seconds of one run what is reported."""

    def measure(pairs: int, running: Running) -> Measured:
        stamp, measured = time.time_ns(), Measured()
        ours = independent if name == "W7" else one_run_of(name)
        for number in range(-warm_up, pairs):
            own = timed(ours)
            base = timed(lambda: bare.run(name))
            least = timed(lambda at=number: lean.run(name, stamp + at))
            if number >= 0:
                measured.add(figure(own), figure(base), figure(least))
        clear()
        return measured

    return measure


def one_run_of(name: str) -> Callable[[], None]:
    flow = flow_named(name)
    return lambda: run(flow)


def independent() -> None:
    """Start many flow runs of one task each, and return when all have ended."""
    flow = flow_named("child")
    for _ in range(INDEPENDENT):
        start(flow)
    finish_all(flow)
