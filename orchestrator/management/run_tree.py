"""A flow run in the terminal: the tree of its task runs and child flow runs as they change, a table at the end."""

import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from orchestrator.core.states import SUCCESSFUL, TERMINAL, UNSUCCESSFUL, State
from orchestrator.models import FlowRun, TaskRun, Worker

LOOK_SECONDS = 0.1
# How long nothing may have happened before the tree says that there is no worker.
PATIENCE_SECONDS = 3.0
_MARKS = {
    State.SUCCESS: ("✓", "green"),
    State.FAILED: ("✗", "red"),
    State.TRIGGER_FAILED: ("✗", "dark_orange"),
    State.CANCELLED: ("■", "magenta"),
    State.CANCELLING: ("■", "magenta"),
    State.SKIPPED: ("»", "cyan"),
    State.RUNNING: ("●", "blue"),
    State.RETRYING: ("↻", "yellow"),
    State.SUBMITTED: ("◌", "blue"),
    State.SCHEDULED: ("◷", "yellow"),
    State.PENDING: ("·", "dim"),
}


def watch(flow_run_id: UUID, console: Console, *, show: bool) -> FlowRun:
    """Return a flow run when it has ended; with `show`, draw its tree meanwhile."""
    began = time.monotonic()
    with Live(console=console, auto_refresh=False, transient=False) if show else _Nothing() as live:
        while True:
            run = FlowRun.objects.select_related("flow__project", "version").get(pk=flow_run_id)
            if show:
                live.update(_tree(run, patience_over=time.monotonic() - began > PATIENCE_SECONDS), refresh=True)
            if run.state in TERMINAL:
                break
            time.sleep(LOOK_SECONDS)
    if show and not console.is_terminal:
        console.print()
    return run


def table_of(run: FlowRun) -> Table:
    """Return a table of everything that was run for a flow run, its child flow runs included."""
    table = Table(title=f"{run.flow} version {run.version.number}: {run.state}", title_justify="left")
    for column in ("flow run", "task", "state", "attempt", "seconds", "message"):
        table.add_column(column, overflow="fold")
    for depth, owner, task_run in _all(run, 0):
        name = "  " * depth + escape(task_run.slug)
        table.add_row(
            escape(str(owner.flow)),
            name,
            _marked(task_run.state),
            str(task_run.attempt),
            _seconds(task_run.started_at, task_run.ended_at),
            escape(task_run.message),
        )
    return table


class _Nothing:
    """Stands where nothing is drawn."""

    def __enter__(self) -> "Live":
        return None  # type: ignore[return-value]

    def __exit__(self, *_: object) -> None:
        return None


def _tree(run: FlowRun, *, patience_over: bool) -> Tree:
    tree = Tree(_line(str(run.flow), run.state, run.message, run.started_at, run.ended_at))
    _grow(tree, run)
    if patience_over and run.state == State.PENDING and not _is_worker_there():
        tree.add("[yellow]no worker is running: start one with `manage.py up`, or a Celery worker of its own[/yellow]")
    return tree


def _grow(tree: Tree, run: FlowRun) -> None:
    for task_run in _task_runs(run):
        branch = tree.add(
            _line(task_run.slug, task_run.state, task_run.message, task_run.started_at, task_run.ended_at)
        )
        if task_run.child_flow_run is not None:
            _grow(branch, task_run.child_flow_run)


def _all(run: FlowRun, depth: int) -> Iterator[tuple[int, FlowRun, TaskRun]]:
    for task_run in _task_runs(run):
        yield depth, run, task_run
        if task_run.child_flow_run is not None:
            yield from _all(task_run.child_flow_run, depth + 1)


def _task_runs(run: FlowRun) -> list[TaskRun]:
    """Return a run's task runs in the order of its graph's writing."""
    place = {task["slug"]: index for index, task in enumerate(run.version.graph["tasks"])}
    found = TaskRun.objects.filter(flow_run=run)
    found = found.select_related("child_flow_run__flow__project", "child_flow_run__version")
    return sorted(found, key=lambda task_run: (place.get(task_run.slug, 0), task_run.map_index))


def _line(name: str, state: str, message: str, started: datetime | None, ended: datetime | None) -> str:
    seconds = _seconds(started, ended)
    took = f" [dim]{seconds} s[/dim]" if seconds else ""
    said = f" [dim]{escape(message)}[/dim]" if message and state not in SUCCESSFUL else ""
    return f"{_marked(state)} {escape(name)}{took}{said}"


def _marked(state: str) -> str:
    mark, colour = _MARKS[State(state)]
    strong = "bold " if state in UNSUCCESSFUL else ""
    return f"[{strong}{colour}]{mark} {state}[/{strong}{colour}]"


def _seconds(started: datetime | None, ended: datetime | None) -> str:
    return f"{((ended or timezone.now()) - started).total_seconds():.1f}" if started else ""


def _is_worker_there() -> bool:
    return Worker.objects.filter(lease_until__gt=timezone.now()).exists()
