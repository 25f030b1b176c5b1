"""Put flows written in Python into the database: a new version only where something changed."""

import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.module_loading import module_has_submodule

from orchestrator.core.documents import read_graph
from orchestrator.core.graph import FlowName
from orchestrator.core.parameters import check_defaults, check_schema
from orchestrator.core.problems import ProblemsFound
from orchestrator.engine.code_schedules import sync_code_schedules
from orchestrator.engine.turns import Turn, take_turn
from orchestrator.models import Flow, FlowVersion, Project, Source
from orchestrator.queries.circles import circle_of
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import compiling, registry


class BrokenFlows(Exception):
    """An app's flows.py cannot be imported; the message names the file and the line."""


class UnknownProject(ValueError):
    """There is no project of that name."""


class InvalidFlow(ValueError):
    """A flow written in Python cannot be registered; the message names it and its place."""


class DrawnFlow(ValueError):
    """A flow drawn on the canvas has that name already."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A flow that is in the database now; `created` says whether this made a new version."""

    flow: Flow
    version: FlowVersion
    created: bool


def register_apps(*, now: datetime) -> list[Registered]:
    """Register the flows of every installed app's flows.py, all or none; missing projects are created.

    :raises BrokenFlows: a flows.py cannot be imported
    :raises DuplicateFlow: two flows of one name in one project
    :raises InvalidFlow: a flow cannot be registered
    """
    flows = list(discover())
    with transaction.atomic():
        for flow in flows:
            _ensure_project(flow)
        registered = [_register(flow=flow, project=str(flow.project), now=now) for flow in flows]
        # Only now are all their versions there: one of them may no longer start another.
        for flow, found in zip(flows, registered, strict=True):
            _refuse_circle(flow, found)
    return registered


def discover() -> Iterator[WrittenFlow]:
    """Import the flows.py of every installed app, and yield the flows that it constructs, now known to this process.

    :raises BrokenFlows: one cannot be imported
    :raises DuplicateFlow: two flows of one name in one project
    """
    for app in apps.get_app_configs():
        module = app.module
        if module is None or not module_has_submodule(module, "flows"):
            continue
        name = f"{module.__name__}.flows"
        _import(name)
        for flow in registry.constructed_in(name):
            flow.project = flow.project or app.label
            registry.add(flow, flow.project, replaces=False)
            yield flow


def discover_all() -> None:
    """Make the flows of all installed apps known to this process."""
    for _ in discover():
        pass


def register_flow(*, flow: WrittenFlow, project: str, now: datetime) -> Registered:
    """Put a flow into a project; a new version is made only if its definition differs from the latest one.

    :raises UnknownProject: there is no such project
    :raises InvalidFlow: the flow cannot be executed, or flows would start each other in a circle
    :raises DrawnFlow: the canvas has a flow of that name
    :raises InvalidSchedule: a clock of its schedule does not give a parameter that the flow requires
    """
    with transaction.atomic():
        registered = _register(flow=flow, project=project, now=now)
        _refuse_circle(flow, registered)
    return registered


def _refuse_circle(flow: WrittenFlow, registered: Registered) -> None:
    if not registered.created:
        return
    graph = read_graph(registered.version.graph)
    if graph.starts:
        take_turn(Turn.FLOWS)
    circle = circle_of(FlowName(registered.flow.project.name, flow.name), graph)
    if circle:
        raise _invalid(flow, f"flows would start each other without end: {' -> '.join(map(str, circle))}.")


def _register(*, flow: WrittenFlow, project: str, now: datetime) -> Registered:
    document = _document(flow)
    fingerprint = compiling.fingerprint(document)
    with transaction.atomic():
        owner = _project(project)
        row, _ = Flow.objects.select_for_update().get_or_create(
            project=owner, name=flow.name, defaults={"description": flow.description}
        )
        if row.source == Source.CANVAS:
            raise DrawnFlow(f"{row} was drawn on the canvas; give the one at {flow.place} another name.")
        latest = row.latest_version
        created = latest is None or latest.fingerprint != fingerprint
        if latest is None or created:
            latest = FlowVersion.objects.create(
                flow=row,
                number=(row.versions.aggregate(last=Max("number"))["last"] or 0) + 1,
                graph=document["graph"],
                parameter_schema=document["parameter_schema"],
                fingerprint=fingerprint,
                source=Source.CODE,
            )
            row.latest_version = latest
            row.description = flow.description
            row.save(update_fields=["latest_version", "description"])
        if flow.max_runs is not None and (flow.max_runs, flow.overlap) != (row.max_runs, row.overlap):
            row.max_runs, row.overlap = flow.max_runs, flow.overlap
            row.save(update_fields=["max_runs", "overlap"])
        sync_code_schedules(flow=row, clocks=document["schedule"], now=now)
    return Registered(row, latest, created)


def register_one(flow: WrittenFlow, project: str) -> int:
    """Register a flow for `flow.register(project)`; return its version number."""
    return register_flow(flow=flow, project=project, now=timezone.now()).version.number


def _document(flow: WrittenFlow) -> dict[str, Any]:
    try:
        document = flow.serialize()
        if not document["graph"]["tasks"]:
            raise ValueError("It has no tasks.")
        read_graph(document["graph"])  # as the engine will
        schema = document["parameter_schema"]
        if problems := check_schema(schema) or check_defaults(schema):
            raise ProblemsFound(problems)
    except (ValueError, TypeError) as error:
        raise _invalid(flow, str(error)) from None
    return document


def _invalid(flow: WrittenFlow, reason: str) -> InvalidFlow:
    return InvalidFlow(f"{flow!r} at {flow.place} cannot be registered: {reason}")


def _ensure_project(flow: WrittenFlow) -> None:
    if Project.objects.filter(name=flow.project).exists():
        return
    project = Project(name=str(flow.project))
    try:
        project.full_clean()
    except ValidationError as error:
        raise _invalid(flow, f"its project {flow.project!r} cannot be made: {' '.join(error.messages)}") from None
    project.save()


def _project(name: str) -> Project:
    found = Project.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Project.objects.values_list("name", flat=True)) or "none yet"
        raise UnknownProject(f"There is no project {name!r}; there are: {known}. Create it in the admin panel first.")
    return found


def _import(name: str) -> ModuleType:
    if name not in sys.modules:
        registry.forget(name)
    try:
        return import_module(name)
    except SyntaxError as error:
        raise BrokenFlows(f"{error.filename}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        raise BrokenFlows(f"{_place_of(error, name)}: {type(error).__name__}: {error}") from error


def _place_of(error: Exception, name: str) -> str:
    """Return file:line of the last line of the flows.py itself that was executed."""
    ending = str(Path(*name.split(".")).with_suffix(".py"))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(ending)]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else name
