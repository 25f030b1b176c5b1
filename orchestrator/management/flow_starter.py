"""Start a flow from the command line."""

import json
from typing import Any
from uuid import UUID

from django.utils import timezone

from orchestrator.core.graph import FlowName
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.models import Flow, Origin


class Refused(ValueError):
    """The flow cannot be started so; the message says why."""


def start(text: str, parameters: list[str]) -> UUID:
    """Start a run of the flow that `project/name` names; return its id.

    :param parameters: each `name=JSON`; what is not JSON is taken as text
    :raises Refused: unknown flow, no version, wrong parameters
    """
    try:
        name = FlowName.parse(text)
        flow = Flow.objects.filter(project__name=name.project, name=name.name).first()
        if flow is None:
            raise Refused(f"There is no flow {name}. Known: {_known()}.")
        given = dict(map(_pair, parameters))
        started = start_flow_run(flow=flow, parameters=given, now=timezone.now(), origin=Origin.COMMAND)
    except Refused:
        raise
    except ValueError as error:
        raise Refused(str(error)) from None
    return started.flow_run_id


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Refused(f"{text!r} is no parameter; write --param name=JSON, for example --param rows=10.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _known() -> str:
    names = [str(flow) for flow in Flow.objects.select_related("project")[:20]]
    return ", ".join(names) or "none; `manage.py register` puts those of the installed apps into the database"
