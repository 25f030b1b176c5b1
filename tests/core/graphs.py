"""Values, bindings and graphs for tests, written short or drawn at random."""

from typing import Any

from hypothesis import strategies as st

from orchestrator.core.bindings import Binding, Flat, Item, ListOf, Literal, ObjectOf, Parameter, Upstream
from orchestrator.core.graph import Edge, FlowGraph, Task, TaskKind
from orchestrator.core.states import State
from orchestrator.core.triggers import Trigger

DIAMOND = "A-B A-C B-D C-D"

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from(["", "rows", "rows[0]", "rows[0].id", "[2]", "a b.c-d", "[0][1].x"])
_LEAVES = st.builds(Literal, VALUES) | st.builds(Upstream, TEXT, PATHS) | st.builds(Parameter, TEXT)
BINDINGS: st.SearchStrategy[Binding] = st.recursive(
    _LEAVES | st.builds(Flat, _LEAVES) | st.builds(Item, _LEAVES | st.builds(Flat, _LEAVES)),
    lambda inner: (
        st.builds(ListOf, st.lists(inner, max_size=3).map(tuple))
        | st.builds(ObjectOf, st.dictionaries(TEXT, inner, max_size=3))
    ),
    max_leaves=6,
)

# Whether an edge is mapped, and flattened.
FLAGS = st.tuples(st.booleans(), st.booleans())

# How a task run that started may end.
OUTCOMES = [State.SUCCESS, State.FAILED, State.SKIPPED, State.CANCELLED]


def graph_of(edges: str = "", *, alone: str = "", tasks: dict[str, dict[str, Any]] | None = None) -> FlowGraph:
    """Return a graph of functions: `A-B` makes A an upstream of B.

    :param alone: slugs of tasks without edges
    :param tasks: slug -> what is not as usual about a task
    """
    pairs = [tuple(edge.split("-")) for edge in edges.split()]
    slugs = dict.fromkeys([slug for pair in pairs for slug in pair] + alone.split())
    return FlowGraph(
        {slug: Task(slug, slug, TaskKind.FUNCTION, **(tasks or {}).get(slug, {})) for slug in slugs},
        tuple(Edge(*pair) for pair in pairs),
    )


@st.composite
def acyclic_graphs(draw: st.DrawFn) -> FlowGraph:
    """Draw a graph of up to nine functions with any triggers, in which every edge leads to a later task."""
    count = draw(st.integers(1, 9))
    slugs = [f"t{number}" for number in range(count)]
    pairs = [(first, second) for second in range(count) for first in range(second)]
    chosen = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    tasks = {
        slug: Task(
            slug,
            slug,
            TaskKind.FUNCTION,
            trigger=draw(st.sampled_from(Trigger)),
            skip_on_upstream_skip=draw(st.booleans()),
        )
        for slug in draw(st.permutations(slugs))
    }
    return FlowGraph(tasks, tuple(Edge(slugs[first], slugs[second]) for first, second in sorted(chosen)))
