"""The baseline: the same shapes as Celery's own documentation makes them, with Celery's own settings.

A parent waits for its child with `get`; what runs after what is a `chain`, what joins is a chord; results, in Valkey,
say how it ended. That is the least by which whoever started it knows that it is over, as ours is known by its row.
"""

import os
from collections.abc import Callable
from typing import Any

from celery import Celery, chain, group
from celery.result import ResultSet, allow_join_result

from bench.flows import CHAIN, FAN, INDEPENDENT, LEVELS

WITHIN_SECONDS = 60

_address = os.environ["REDIS_URL"]
_broker = "redis+socket://" + _address.removeprefix("unix://") if _address.startswith("unix://") else _address

# Not the current app of whoever imports this to start workloads: the product's hints go by that.
app = Celery("bare", broker=_broker, backend=_broker, set_as_current=False)
app.conf.update(
    task_default_queue="bare",
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def work() -> dict[str, int]:
    """Do what the product's child does."""
    return {"rows": 1}


@app.task
def parent() -> dict[str, int]:
    """Wait for a child, as a slot that does nothing else meanwhile."""
    with allow_join_result():
        return work.delay().get(timeout=WITHIN_SECONDS)


def in_chain(count: int) -> Any:
    return chain(*[work.si() for _ in range(count)], app=app)


def fan(count: int) -> Any:
    return chain(work.si(), group([work.si() for _ in range(count)], app=app), work.si(), app=app)


def independent() -> Any:
    return ResultSet([work.delay() for _ in range(INDEPENDENT)], app=app)


STARTS: dict[str, Callable[[], Any]] = {
    "W1": parent.delay,
    "W2": lambda: fan(2).apply_async(),
    "W3": lambda: in_chain(CHAIN).apply_async(),
    "W4": lambda: fan(FAN).apply_async(),
    "W5": lambda: in_chain(LEVELS).apply_async(),
    "W7": independent,
}


def run(name: str) -> None:
    """Run a workload once and return when its last result is there."""
    STARTS[name]().get(timeout=WITHIN_SECONDS)
