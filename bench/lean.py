"""The least that the same shapes can be made of with Celery: nobody waits, nothing is kept, the last one replies.

No result backend: each Celery task sends the next, fans are joined by a counter in Valkey made for the purpose. A
parent is over before its child is, and nobody learns how anything ended. Settings are those of the product where they
matter for speed: early acknowledgement, no prefetch, JSON.
"""

import os
from functools import cache

import redis
from celery import Celery

from bench.flows import CHAIN, FAN, INDEPENDENT, LEVELS

URL = os.environ["REDIS_URL"]

# Not the current app of whoever imports this to start workloads: the product's hints go by that.
app = Celery(
    "lean",
    broker="redis+socket://" + URL.removeprefix("unix://") if URL.startswith("unix://") else URL,
    set_as_current=False,
)
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    task_default_queue="lean",
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
)


@cache
def valkey() -> redis.Redis:
    """Return this process's connection to Valkey."""
    return redis.Redis.from_url(URL, socket_timeout=None)  # `run` waits longer than the default


def work() -> dict[str, int]:
    """Do what the product's child does."""
    return {"rows": 1}


def reply(key: str) -> None:
    valkey().rpush(key, "done")


@app.task
def w1_parent(key: str) -> None:
    w1_child.delay(key)


@app.task
def w1_child(key: str) -> None:
    work()
    reply(key)


@app.task
def w2_first(key: str) -> None:
    work()
    for _ in range(2):
        w2_branch.delay(key)


@app.task
def w2_branch(key: str) -> None:
    work()
    if valkey().incr(f"{key}:ended") == 2:
        w2_last.delay(key)


@app.task
def w2_last(key: str) -> None:
    work()
    reply(key)


@app.task
def link(key: str, left: int) -> None:
    work()
    if left > 1:
        link.delay(key, left - 1)
    else:
        reply(key)


@app.task
def w4_first(key: str) -> None:
    work()
    for _ in range(FAN):
        w4_branch.delay(key)


@app.task
def w4_branch(key: str) -> None:
    work()
    if valkey().incr(f"{key}:ended") == FAN:
        w4_last.delay(key)


@app.task
def w4_last(key: str) -> None:
    work()
    reply(key)


@app.task
def w7_one(key: str) -> None:
    work()
    if valkey().incr(f"{key}:ended") == INDEPENDENT:
        reply(key)


def w7(key: str) -> None:
    for _ in range(INDEPENDENT):
        w7_one.delay(key)


STARTS = {
    "W1": w1_parent.delay,
    "W2": w2_first.delay,
    "W3": lambda key: link.delay(key, CHAIN),
    "W4": w4_first.delay,
    "W5": lambda key: link.delay(key, LEVELS),
    "W7": w7,
}


def run(name: str, number: int) -> None:
    """Run a workload once and return when its last Celery task has replied."""
    key = f"lean:{name}:{number}"
    STARTS[name](key)
    if valkey().blpop([key], timeout=60) is None:
        raise TimeoutError(f"{name} did not end within 60 seconds")
