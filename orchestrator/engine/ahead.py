"""What is read before it is asked for: the rows that the end of a claim will count down.

Whoever holds a claim knows what will follow when it has ended: the graph says it. The question leaves behind another
one, in the same flight, and PostgreSQL answers it when the flow run is held.
"""

from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from orchestrator.core.graph import FlowGraph
from orchestrator.core.states import State
from orchestrator.engine.database import ask
from orchestrator.engine.statements import READ_AHEAD
from orchestrator.engine.steps import Claim, Counted, Ready
from orchestrator.engine.versions import load_version

Ahead = dict[UUID, dict[str, Counted]]
Place = tuple[UUID, str]  # a flow run, and the slug of a task run of it

# A task with more upstreams than this has their states read when it is its turn, not at the end of each of them.
FEW_UPSTREAMS = 8


def read_ahead(places: Iterable[Place]) -> Callable[[], Ahead]:
    """Ask for task runs as their rows are; return what gives them, by flow run and slug."""
    wanted = list(places)
    if not wanted:
        return dict
    answer = ask(
        READ_AHEAD,
        flow_run_ids=list(dict.fromkeys(flow_run_id for flow_run_id, _ in wanted)),
        slugs=list(dict.fromkeys(slug for _, slug in wanted)),
    )

    def read() -> Ahead:
        found: Ahead = {}
        for flow_run_id, slug, state, identity, attempt, waiting_on, failures, child, child_attempt in answer():
            task_run = Ready(identity, slug, attempt, State(state), failures, child, child_attempt)
            found.setdefault(flow_run_id, {})[slug] = Counted(task_run, waiting_on)
        return found

    return read


def places_after(held: Claim, *, climb: bool) -> Iterator[Place]:
    """Give what the end of a claim counts down, and what is judged with that.

    :param climb: where it may end its flow run: what that counts down
    """
    graph = load_version(held.version_id).graph
    if graph.downstreams[held.slug]:
        yield from ((held.flow_run_id, slug) for slug in _concerned(graph, held.slug))
    elif climb and held.above:
        above = held.above
        yield from ((above.flow_run_id, slug) for slug in _concerned(load_version(above.version_id).graph, above.slug))


def _concerned(graph: FlowGraph, slug: str) -> Iterator[str]:
    """Give the tasks whose rows matter when a task has ended. Those of flows with mapped tasks are read differently."""
    if graph.mapped:
        return
    for downstream in graph.downstreams[slug]:
        yield downstream
        upstreams = graph.upstreams[downstream]
        if len(upstreams) <= FEW_UPSTREAMS:
            yield from upstreams
