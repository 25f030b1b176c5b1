"""Workers that linger: one with nothing left to do stays for a moment at a list of its own, and is woken there.

A Celery message takes four milliseconds and as much of a worker's time; a push to a list takes a tenth of one. Who
lingers stands in a sorted set, by the time until which it does. Whoever has work for it takes it off the set and pushes
to its list. None of this is the truth: what is lost here `recover` finds, as it finds a lost Celery message.
"""

import logging
import os
import socket
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import redis
from celery import current_app
from celery.signals import after_task_publish
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from orchestrator.dispatch.hints import WORK

log = logging.getLogger(__name__)

# How long a worker lingers for its next work. A frozen broker holds it up for as long again.
SECONDS = 2.0

_SET = "anabranch:lingering:"
_LIST = "anabranch:wake:"
_WORK, _LEAVE = "work", "leave"

# Who lingers stands in the set of each queue that it serves, as `name|queue|queue`. Not while a Celery message waits
# for this slot. What was pushed for an earlier stay is past. By the broker's clock.
_ENTER = """
local until_then = redis.call('TIME')[1] + ARGV[4]
for queue in string.gmatch(ARGV[3], '[^|]+') do
    if redis.call('LLEN', queue) > 0 then return 0 end
end
redis.call('DEL', KEYS[1])
for queue in string.gmatch(ARGV[3], '[^|]+') do
    redis.call('ZADD', ARGV[1] .. queue, until_then, ARGV[2] .. '|' .. ARGV[3])
end
return 1
"""
# Whoever is called leaves the sets of all its queues. Tells also how many Celery messages wait.
_CALL = """
local now, called = tonumber(redis.call('TIME')[1]), 0
while called < tonumber(ARGV[4]) do
    local last = redis.call('ZPOPMAX', ARGV[1] .. ARGV[3])
    if not last[1] then break end
    local name, queues = string.match(last[1], '^([^|]*)|(.*)$')
    for queue in string.gmatch(queues, '[^|]+') do redis.call('ZREM', ARGV[1] .. queue, last[1]) end
    if tonumber(last[2]) >= now then
        redis.call('RPUSH', ARGV[2] .. name, ARGV[5])
        redis.call('EXPIRE', ARGV[2] .. name, 60)
        called = called + 1
    end
end
return {called, redis.call('LLEN', ARGV[3])}
"""

_worker_pid = 0


def is_worker() -> bool:
    """Return whether this process is one of a worker's, and so takes one of the slots that there are."""
    return _worker_pid == os.getpid()


@cache
def served_queues() -> frozenset[str]:
    """Return the queues of this worker: those that it was started with, or the default one."""
    return frozenset(current_app.amqp.queues.consume_from)


def linger(*, is_work_left: Callable[[], bool]) -> bool:
    """Wait for more work; return whether there may be some. False: the slot is for whatever Celery has for it.

    :param is_work_left: looks once more, for what became ready before this worker was known to linger
    """
    global _worker_pid
    _worker_pid = os.getpid()
    try:
        return _linger(_client(_worker_pid), f"{socket.gethostname()}:{_worker_pid}", is_work_left)
    except redis.RedisError as error:
        log.info("Does not linger: %s", error)
        return False


def _linger(client: redis.Redis, name: str, is_work_left: Callable[[], bool]) -> bool:
    queues = "|".join(sorted(served_queues()))
    if not client.eval(_ENTER, 1, _LIST + name, _SET, name, queues, SECONDS):
        return False
    if is_work_left():
        _leave(client, name, queues)
        return True
    called = client.blpop([_LIST + name], timeout=SECONDS)
    if called is None:
        # Somebody who took it off the sets just now is about to push.
        return not _leave(client, name, queues)
    return bool(called[1] == _WORK.encode())


def _leave(client: redis.Redis, name: str, queues: str) -> bool:
    """Leave the sets; return whether this process stood in them."""
    return sum(client.zrem(_SET + queue, f"{name}|{queues}") for queue in queues.split("|")) > 0


def wake(queue: str, count: int) -> tuple[int, int]:
    """Wake up to `count` workers that linger for work of a queue.

    :return: how many were, and how many Celery messages wait for the others already
    """
    return _call(queue, count, _WORK)


def release() -> None:
    """Let this worker's processes that linger go back to Celery: it is to stop. Others of its queues go as well."""
    for queue in served_queues():
        _call(queue, 1_000, _LEAVE)


@after_task_publish.connect
def _make_room(sender: str | None = None, routing_key: str = "", **_: Any) -> None:
    """Give a slot back to Celery for a message that does not wake workers, beat's for example."""
    if sender != WORK:
        _call(routing_key or settings.CELERY_TASK_DEFAULT_QUEUE, 1, _LEAVE)


def _call(queue: str, count: int, what: str) -> tuple[int, int]:
    try:
        called, waiting = _client(os.getpid()).eval(_CALL, 0, _SET, _LIST, queue, count, what)
        return int(called), int(waiting)
    except redis.RedisError as error:
        log.info("Cannot reach the workers that linger: %s", error)
        return 0, 0


@lru_cache(maxsize=1)
def _client(_pid: int) -> redis.Redis:
    """Return this process's connections to the broker: a forked process has its own."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=2 * SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
