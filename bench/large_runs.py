"""W8 to W10: a flow run of 10,000 task runs costs per task what a small one costs, and is cancelled at once."""

import time
from statistics import median

from bench.flows import FAN, ITEMS
from bench.large.flows import FEW, LAYERS, WIDTH
from bench.measured import Measured
from bench.running import Running
from bench.runs import clear, finish, flow_named, run, start, timed
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.restarting import restart_flow_run

TASKS = LAYERS * WIDTH
SMALL_RUNS = 10
MICROSECONDS = 1_000_000


def layers(pairs: int, running: Running) -> Measured:
    """Compare the cost per task of a run of 10,000 tasks with that of a run of 100."""
    few, many = flow_named("few", "large"), flow_named("many", "large")
    measured = Measured()
    clear()
    for flow in (few, many):
        run(flow)  # every process has read both graphs
    for _ in range(pairs):
        small = median(timed(lambda: run(few)) for _ in range(SMALL_RUNS))
        memory = running.megabytes()
        began = time.perf_counter()
        flow_run_id = start(many)
        measured.note("s to create", time.perf_counter() - began)
        finish(flow_run_id)
        large = time.perf_counter() - began
        measured.add(large / TASKS * MICROSECONDS, small / (FEW * FEW) * MICROSECONDS)
        measured.note_growth(running.growth(memory))
        clear()
    return measured


def mapped(pairs: int, running: Running) -> Measured:
    """Compare the cost per child of a task that is mapped over 10,000 items with that of a fan of 200."""
    many, few = flow_named("W9"), flow_named("W4")
    measured = Measured()
    clear()
    run(few)
    for _ in range(pairs):
        small = median(timed(lambda: run(few)) for _ in range(SMALL_RUNS)) / (FAN + 2)
        memory = running.megabytes()
        flow_run_id = start(many)
        large = timed(lambda: finish(flow_run_id)) / ITEMS  # noqa: B023 - called at once
        measured.add(large * MICROSECONDS, small * MICROSECONDS)
        measured.note_growth(running.growth(memory))
        clear()
    return measured


def cancel_and_restart(samples: int, running: Running) -> Measured:
    """Restart a run of 10,000 tasks of which the first failed, and cancel it: the seconds of the slower."""
    flow = flow_named("all-wait-for-one", "large")
    measured = Measured()
    clear()
    for _ in range(samples):
        flow_run_id = start(flow)
        finish(flow_run_id, ends="Failed")
        restart = timed(lambda: restart_flow_run(flow_run_id=flow_run_id))  # noqa: B023 - called at once
        cancel = timed(lambda: cancel_flow_run(flow_run_id=flow_run_id))  # noqa: B023 - called at once
        finish(flow_run_id, ends="Cancelled")
        measured.add(max(restart, cancel))
        measured.note("s to restart", restart)
        measured.note("s to cancel", cancel)
    clear()
    return measured
