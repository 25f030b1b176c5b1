"""The workloads: what each measures, what must run for it, and what it should reach."""

from collections.abc import Callable
from dataclasses import dataclass

from bench import clocks, large_runs, pages, start_up, waiting
from bench.beside_celery import in_pairs
from bench.flows import CHAIN, FAN, INDEPENDENT, ITEMS
from bench.measured import Measured
from bench.running import Needs, Running

CELERY = "bare Celery"
PAIRED = Needs()
ALONE = Needs(bare=False)
LARGE = Needs(bare=False, large=True)


@dataclass(frozen=True)
class Workload:
    """What is measured, in `unit`, `pairs` times unless told otherwise; `beside`: what it is compared with."""

    name: str
    what: str
    unit: str
    goal: str
    measure: Callable[[int, Running], Measured]
    needs: Needs | None = PAIRED
    pairs: int = 15
    beside: str = CELERY
    by_default: bool = True


def _milliseconds(seconds: float) -> float:
    return seconds * 1000


# Those that need the same running next to each other.
WORKLOADS = (
    Workload("W1", "parent + one child", "ms", "<= 0.5x", in_pairs("W1", _milliseconds)),
    Workload("W2", "diamond", "ms", "<= 0.7x", in_pairs("W2", _milliseconds)),
    Workload("W3", f"chain of {CHAIN}", "ms/hop", "<= 1.0x", in_pairs("W3", lambda s: s * 1000 / CHAIN)),
    Workload("W4", f"fan 1 -> {FAN} -> 1", "children/s", ">= 3.5x", in_pairs("W4", lambda s: (FAN + 2) / s)),
    Workload(
        "W7",
        f"{INDEPENDENT} flow runs of one task",
        "runs/s",
        ">= 1.5x",
        in_pairs("W7", lambda s: INDEPENDENT / s, warm_up=1),
        pairs=3,
    ),
    Workload(
        "W5",
        "five levels, one slot",
        "ms",
        "<= 1.0x",
        in_pairs("W5", _milliseconds),
        needs=Needs(slots=1),
    ),
    Workload(
        "W6",
        f"parent + child beside {waiting.MANY} waiting parents",
        "ms",
        "<= 1.2x",
        waiting.measure,
        needs=ALONE,
        pairs=30,
        beside="beside none",
    ),
    Workload(
        "W9",
        f"mapped over {ITEMS} items",
        "us/child",
        "<= 1.3x",
        large_runs.mapped,
        needs=ALONE,
        pairs=1,
        beside="a fan of 200",
    ),
    Workload(
        "W8",
        f"a run of {large_runs.TASKS} tasks",
        "us/task",
        "<= 1.3x, created < 1 s",
        large_runs.layers,
        needs=LARGE,
        pairs=3,
        beside="a run of 100",
    ),
    Workload(
        "W10",
        f"restart, cancel {large_runs.TASKS} task runs",
        "s",
        "< 1 s",
        large_runs.cancel_and_restart,
        needs=LARGE,
        pairs=3,
        beside="",
    ),
    Workload(
        "W11",
        f"{clocks.SCHEDULES} schedules in one second",
        "s late",
        "all < 5 s",
        clocks.measure,
        needs=Needs(bare=False, beats=2),
        pairs=1,
        beside="",
    ),
    Workload(
        "W12",
        "a state's way to the page",
        "ms",
        "95th <= 250, busy <= 1000",
        pages.measure,
        needs=Needs(bare=False, web=True),
        pairs=1,
        beside="",
        by_default=False,
    ),
    Workload(
        "W13",
        "start of everything",
        "s",
        "<= 8 s, <= 600 MB",
        start_up.measure,
        needs=None,
        pairs=3,
        beside="",
        by_default=False,
    ),
)
