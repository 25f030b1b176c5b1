"""The flows that this process knows, by project and name, and where each was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from orchestrator.core.graph import FlowName

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.tasks import Task


class DuplicateFlow(ValueError):
    """Two flows of one name in one project; the message names both places."""


class UnknownTask(LookupError):
    """The code that this process has loaded does not hold the flow or the task."""


Registrar = Callable[["Flow", str], int]

_flows: dict[FlowName, Flow] = {}
_constructed: dict[str, list[Flow]] = {}
_registrar: Registrar | None = None
_discover: Callable[[], None] | None = None


def note(flow: Flow, modules: Iterable[str]) -> None:
    """Note that a flow was constructed while these modules were imported, whoever imports a flows.py first."""
    for module in modules:
        if module.endswith(".flows"):
            _constructed.setdefault(module, []).append(flow)


def constructed_in(module: str) -> list[Flow]:
    """Return the flows that importing a flows.py constructed."""
    return list(_constructed.get(module, ()))


def forget(module: str) -> None:
    """Forget what was constructed by a flows.py that broke while it was imported."""
    _constructed.pop(module, None)


def add(flow: Flow, project: str, *, replaces: bool = True) -> None:
    """Make a flow known under a project.

    :param replaces: whether it takes the place of one written at the same line, as code that is run again does
    :raises DuplicateFlow: another place has a flow of that name there
    """
    name = FlowName(project, flow.name)
    known = _flows.get(name)
    if known is not None and known is not flow and not (replaces and known.place == flow.place):
        raise DuplicateFlow(
            f"There are two flows {name}: one at {known.place}, one at {flow.place}. Rename one, or give it another"
            " project."
        )
    _flows[name] = flow


def find_flow(name: FlowName) -> Flow | None:
    """Return the flow of that name that this process knows, None if there is none."""
    if name not in _flows:
        discover()
    return _flows.get(name)


def find_flows(name: str) -> list[FlowName]:
    """Return the flows of that name that this process knows, in any project."""
    discover()
    return sorted((known for known in _flows if known.name == name), key=str)


def discover() -> None:
    """Read the flows.py of the installed apps, where Django is set up: their flows get their projects by it."""
    if _discover is not None:
        _discover()


def find_task(name: FlowName, slug: str) -> Task:
    """Return the task that a task run stands for.

    :raises UnknownTask: the code at hand has no such flow or task
    """
    flow = find_flow(name)
    if flow is None:
        raise UnknownTask(
            f"This worker's code has no flow {name}. Is the app that holds it in ANABRANCH_APPS, and the worker started"
            " after it was added?"
        )
    tasks = flow.get_tasks(slug=slug)
    if not tasks:
        raise UnknownTask(
            f"The flow {name} has no task {slug!r} in this worker's code ({flow.place}). Did the code change without"
            " being registered again?"
        )
    return tasks[0]


def register(flow: Flow, project: str) -> int:
    """Register a flow in the database; return its version number.

    :raises RuntimeError: Django is not set up in this process
    """
    flow.project = project
    add(flow, project)
    if _registrar is None:
        raise RuntimeError(
            "register() needs Anabranch's Django project: put the flow into an app's flows.py and run"
            " `manage.py register`, or call django.setup() first."
        )
    return _registrar(flow, project)


def connect(*, registrar: Registrar, discover: Callable[[], None]) -> None:
    """Let this process register flows and find those of installed apps; called once, when Django is ready."""
    global _registrar, _discover
    _registrar, _discover = registrar, discover
