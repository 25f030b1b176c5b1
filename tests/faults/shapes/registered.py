"""The shapes in the database."""

from django.utils import timezone

from orchestrator.engine.registration import register_flow
from orchestrator.models import Flow, Project
from orchestrator.sdk import registry
from tests.faults.shapes import flows

PROJECT = "shapes"


def register_shapes() -> dict[str, Flow]:
    """Register every shape in the project `shapes`, and make it known to this process; return name -> flow."""
    Project.objects.get_or_create(name=PROJECT)
    registered = {}
    for flow in registry.constructed_in(flows.__name__):
        flow.project = PROJECT
        registry.add(flow, PROJECT)
        registered[flow.name] = register_flow(flow=flow, project=PROJECT, now=timezone.now()).flow
    return registered
