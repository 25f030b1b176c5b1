"""Flow versions as the engine needs them: their graphs read once a process, the latest of a flow found by name."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from orchestrator.core.documents import read_graph
from orchestrator.core.graph import FlowGraph, FlowName
from orchestrator.core.planner import judge_task, waiting_counts
from orchestrator.models import FlowVersion


@dataclass(frozen=True)
class Version:
    """An immutable flow version, ready to be executed."""

    id: int
    number: int
    flow_id: int
    project_id: int
    flow: FlowName
    graph: FlowGraph
    parameter_schema: dict[str, Any]
    waiting_on: dict[str, int]
    first_functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest version of a flow, None if it has none yet; whether its flow and its project limit their runs."""

    version: Version | None
    flow_is_limited: bool = False
    project_is_limited: bool = False


@lru_cache(maxsize=512)
def load_version(version_id: int) -> Version:
    """Return a flow version; the second time from memory, for versions never change."""
    row = FlowVersion.objects.select_related("flow__project").get(pk=version_id)
    graph = read_graph(row.graph)
    return Version(
        id=row.pk,
        number=row.number,
        flow_id=row.flow_id,
        project_id=row.flow.project_id,
        flow=FlowName(row.flow.project.name, row.flow.name),
        graph=graph,
        parameter_schema=row.parameter_schema,
        waiting_on=waiting_counts(graph),
        first_functions=frozenset(
            slug
            for slug in graph.roots
            if graph.tasks[slug].is_claimed and slug not in graph.mapped and judge_task(graph, slug, {}) is None
        ),
    )
