"""Flows drawn on the canvas: made, saved, published."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max

from orchestrator.core.documents import MalformedGraph, read_graph, write_graph
from orchestrator.core.graph import FlowGraph
from orchestrator.core.parameters import check_schema, empty_schema
from orchestrator.core.problems import ProblemsFound
from orchestrator.engine.turns import Turn, take_turn
from orchestrator.models import Draft, Flow, FlowVersion, Project, Source
from orchestrator.queries.drafts import draft_problems
from orchestrator.sdk.compiling import fingerprint

__all__ = [
    "InvalidGraph",
    "InvalidName",
    "MalformedGraph",
    "NameTaken",
    "NotDrawn",
    "Published",
    "StaleRevision",
    "TooLarge",
    "create_canvas_flow",
    "publish_draft",
    "save_draft",
]

# What a canvas can show and a request may bring; flows written in Python may be larger.
MAX_TASKS = 2_000
MAX_EDGES = 10_000
MAX_BYTES = 2_000_000


class NameTaken(ValueError):
    """The project has a flow of that name."""


class InvalidName(ValueError):
    """A flow cannot be called so."""


class TooLarge(ValueError):
    """The graph is larger than a canvas holds."""


class NotDrawn(ValueError):
    """The flow is written in Python, so it has no draft."""


class InvalidGraph(ProblemsFound):
    """The draft cannot be published yet."""


class StaleRevision(ValueError):
    """The draft was saved by somebody else since it was read."""

    def __init__(self, current: int) -> None:
        super().__init__(f"The draft was saved by somebody else: it is at revision {current} now. Load it again.")
        self.current = current


@dataclass(frozen=True, slots=True)
class Published:
    """A flow's latest version; `created` is False if the draft did not differ from it."""

    version: FlowVersion
    created: bool


def create_canvas_flow(*, project: Project, name: str, description: str, user: User) -> Flow:
    """Create a flow to be drawn, with an empty draft.

    :raises InvalidName: empty, too long, or with characters that cannot be shown
    :raises NameTaken: the project has a flow of that name
    """
    name = name.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise InvalidName("A flow's name has 1 to 200 characters that can be shown.")
    try:
        with transaction.atomic():
            flow = Flow.objects.create(
                project=project, name=name, description=description.strip(), source=Source.CANVAS
            )
            empty = write_graph(FlowGraph({}))
            Draft.objects.create(flow=flow, graph=empty, parameter_schema=empty_schema(), updated_by=user)
    except IntegrityError:
        raise NameTaken(f"The project {project.name!r} has a flow {name!r} already; choose another name.") from None
    return flow


def save_draft(*, flow: Flow, graph: Any, parameter_schema: dict[str, Any] | None, revision: int, user: User) -> Draft:
    """Save what is on the canvas, over the revision that it was made from. What is wrong with it is saved with it.

    :param parameter_schema: None leaves the parameters as they are
    :raises NotDrawn: the flow is written in Python
    :raises TooLarge: more than a canvas holds
    :raises MalformedGraph: not of the documented shape; nothing is saved
    :raises StaleRevision: the draft has been saved since
    """
    _check_size(graph)
    document = write_graph(read_graph(graph))
    if parameter_schema is not None and (problems := check_schema(parameter_schema)):
        raise MalformedGraph(problems)
    with transaction.atomic():
        draft = _locked_draft(flow, revision)
        draft.graph = document
        draft.parameter_schema = draft.parameter_schema if parameter_schema is None else parameter_schema
        draft.revision += 1
        draft.updated_by = user
        draft.save()
    return draft


def publish_draft(*, flow: Flow, revision: int, message: str, user: User) -> Published:
    """Make the draft the flow's next version. One that does not differ from the latest makes none.

    :raises NotDrawn: the flow is written in Python
    :raises StaleRevision: the draft has been saved since
    :raises InvalidGraph: with everything that is wrong with it
    """
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        draft = _locked_draft(flow, revision)
        if read_graph(draft.graph).starts:
            take_turn(Turn.FLOWS)
        if problems := draft_problems(draft, user):
            raise InvalidGraph(problems)
        document = {"graph": draft.graph, "parameter_schema": draft.parameter_schema}
        digest = fingerprint(document)
        latest = locked.latest_version
        if latest is not None and latest.fingerprint == digest and latest.graph == draft.graph:
            return Published(latest, created=False)
        version = FlowVersion.objects.create(
            flow=locked,
            number=(locked.versions.aggregate(last=Max("number"))["last"] or 0) + 1,
            fingerprint=digest,
            source=Source.CANVAS,
            author=user,
            message=message.strip(),
            **document,
        )
        locked.latest_version = version
        locked.save(update_fields=["latest_version"])
        draft.base_version = version
        draft.save(update_fields=["base_version", "updated_at"])
    return Published(version, created=True)


def _locked_draft(flow: Flow, revision: int) -> Draft:
    draft = Draft.objects.select_for_update().filter(flow=flow).first()
    if draft is None:
        raise NotDrawn(f"{flow} is written in Python; change it there and register it again.")
    if draft.revision != revision:
        raise StaleRevision(draft.revision)
    return draft


def _check_size(graph: Any) -> None:
    try:
        size = len(json.dumps(graph))
    except (ValueError, RecursionError):
        raise TooLarge("The graph is nested too deep.") from None
    if size > MAX_BYTES:
        raise TooLarge(f"The graph takes {size:,} bytes; a draft holds {MAX_BYTES:,}.")
    for key, limit in (("tasks", MAX_TASKS), ("edges", MAX_EDGES)):
        items = graph.get(key) if isinstance(graph, dict) else None
        if isinstance(items, list) and len(items) > limit:
            raise TooLarge(f"The graph has {len(items):,} {key}; a draft holds {limit:,}.")
