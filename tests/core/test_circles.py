"""Flows that would start each other without end."""

from orchestrator.core.circles import find_circle
from orchestrator.core.graph import FlowName


def flow(name: str) -> FlowName:
    return FlowName("tests", name)


def circle(first: str, **starts: str) -> str:
    """Return the circle of a flow A that starts the flows of `first`, each letter one, as text."""
    others = {flow(name): [flow(letter) for letter in names] for name, names in starts.items()}
    return "".join(found.name for found in find_circle(flow("A"), [flow(letter) for letter in first], others))


def test_a_circle_goes_from_the_flow_back_to_it() -> None:
    assert circle("A") == "AA"
    assert circle("B", B="A") == "ABA"
    assert circle("BC", B="D", C="D", D="E", E="A") == "ABDEA"


def test_the_shortest_is_told() -> None:
    assert circle("BC", B="DD", D="A", C="A") == "ACA"


def test_circles_of_others_and_shared_children_are_none_of_its_own() -> None:
    assert circle("BC", B="D", C="D", D="E") == ""
    assert circle("B", B="C", C="B") == ""
    assert circle("") == ""
