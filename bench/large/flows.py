"""Flows of as many tasks as the product is made for: layers, and one task that all others wait for."""

from orchestrator.sdk import Flow, Task, context, task

WIDTH = 100
LAYERS = 100
UPSTREAMS = 3
FEW = 10


@task
def small() -> dict[str, int]:
    """Return a small dict."""
    return {"rows": 1}


@task
def fails_once() -> None:
    """Fail, unless it runs again."""
    if context().attempt == 1:
        raise ValueError("fails the first time")


def layers(name: str, *, count: int, width: int) -> Flow:
    """Return a flow of layers in which each task waits for three of the layer above."""
    with Flow(name) as flow:
        above: list[Task] = [small() for _ in range(width)]
        for _ in range(count - 1):
            above = [
                small(upstream_tasks=[above[(place + near) % width] for near in range(UPSTREAMS)])
                for place in range(width)
            ]
    return flow


few = layers("few", count=FEW, width=FEW)
many = layers("many", count=LAYERS, width=WIDTH)

with Flow("all-wait-for-one") as flow:
    first = fails_once()
    last = [small(upstream_tasks=[first]) for _ in range(LAYERS * WIDTH)]
