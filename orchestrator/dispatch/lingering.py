"""Workers that linger: one with nothing left to do stays for a moment at a list of its own, and is woken there.

A Celery message takes four milliseconds and as much of a worker's time; a push to a list takes a tenth of one. Who
lingers stands in a sorted set, by the time until which it does. Whoever has work for it takes it off the set and pushes
to its list. None of this is the truth: what is lost here `recover` finds, as it finds a lost Celery message.
"""

import logging
import os
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import redis
from celery.signals import after_task_publish
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from orchestrator.dispatch.hints import WORK

log = logging.getLogger(__name__)

# How long a worker lingers for its next work. A frozen broker holds it up for as long again.
SECONDS = 2.0

_SET = "anabranch:lingering"
_LIST = "anabranch:wake:"
_WORK, _LEAVE = "work", "leave"

# Not while a Celery message waits for this slot. What was pushed for an earlier stay is past. By the broker's clock.
_ENTER = """
if redis.call('LLEN', KEYS[2]) > 0 then return 0 end
redis.call('DEL', KEYS[3])
redis.call('ZADD', KEYS[1], redis.call('TIME')[1] + ARGV[2], ARGV[1])
return 1
"""
_CALL = """
local now, called = tonumber(redis.call('TIME')[1]), 0
while called < tonumber(ARGV[2]) do
    local last = redis.call('ZPOPMAX', KEYS[1])
    if not last[1] then break end
    if tonumber(last[2]) >= now then
        redis.call('RPUSH', ARGV[1] .. last[1], ARGV[3])
        redis.call('EXPIRE', ARGV[1] .. last[1], 60)
        called = called + 1
    end
end
return called
"""

_worker_pid = 0


def is_worker() -> bool:
    """Return whether this process is one of a worker's, and so takes one of the slots that there are."""
    return _worker_pid == os.getpid()


def linger(*, is_work_left: Callable[[], bool]) -> bool:
    """Wait for more work; return whether there may be some. False: the slot is for whatever Celery has for it.

    :param is_work_left: looks once more, for what became ready before this worker was known to linger
    """
    global _worker_pid
    _worker_pid = os.getpid()
    name = f"{socket.gethostname()}:{_worker_pid}"
    try:
        client = _client(_worker_pid)
        keys = [_SET, settings.CELERY_TASK_DEFAULT_QUEUE, _LIST + name]
        if not client.eval(_ENTER, len(keys), *keys, name, SECONDS):
            return False
        if is_work_left():
            client.zrem(_SET, name)
            return True
        called = client.blpop([_LIST + name], timeout=SECONDS)
        if called is None:
            # Somebody who took it off the set just now is about to push.
            return not client.zrem(_SET, name)
        return bool(called[1] == _WORK.encode())
    except redis.RedisError as error:
        log.info("Does not linger: %s", error)
        return False


def wake(count: int) -> int:
    """Wake up to `count` workers that linger; return how many were."""
    return _call(count, _WORK)


def release() -> None:
    """Let all workers that linger go back to Celery: something else waits for their slots, or they are to stop."""
    _call(1_000, _LEAVE)


@after_task_publish.connect
def _make_room(sender: str | None = None, **_: Any) -> None:
    """Give a slot back to Celery for a message that does not wake workers, beat's for example."""
    if sender != WORK:
        _call(1, _LEAVE)


def _call(count: int, what: str) -> int:
    try:
        return int(_client(os.getpid()).eval(_CALL, 1, _SET, _LIST, count, what))
    except redis.RedisError as error:
        log.info("Cannot reach the workers that linger: %s", error)
        return 0


@lru_cache(maxsize=1)
def _client(_pid: int) -> redis.Redis:
    """Return this process's connections to the broker: a forked process has its own."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=2 * SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
