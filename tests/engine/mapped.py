"""What tests of mapped tasks are made of."""

from typing import Any

from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import task

# The items that `picky` refuses; none at the start of a test.
BAD: set[int] = set()
# The items that it was executed for, refused ones too.
DONE: list[int] = []


@task
def numbers(n: int = 3) -> list[int]:
    return list(range(1, n + 1))


@task
def add(x: int, y: int = 10) -> int:
    return x + y


@task
def keep(value: Any = None) -> Any:
    return value


@task
def picky(x: int) -> int:
    DONE.append(x)
    if x in BAD:
        raise ValueError(f"no {x}")
    return x


@task
def is_even(x: int) -> bool:
    return x % 2 == 0


def item_states(run: FlowRun, slug: str) -> list[str]:
    return list(
        TaskRun.objects.filter(flow_run=run, slug=slug, map_index__gte=0)
        .order_by("map_index")
        .values_list("state", flat=True)
    )


def items(run: FlowRun, slug: str) -> dict[int, tuple[str, int]]:
    """Return index -> (state, attempt) of the items of a mapped task."""
    found = TaskRun.objects.filter(flow_run=run, slug=slug, map_index__gte=0).order_by("map_index")
    return {item.map_index: (item.state, item.attempt) for item in found}


def item(run: FlowRun, slug: str, index: int) -> TaskRun:
    return TaskRun.objects.get(flow_run=run, slug=slug, map_index=index)


def parent(run: FlowRun, slug: str) -> TaskRun:
    return item(run, slug, -1)
