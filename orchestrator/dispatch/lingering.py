"""Where a worker's processes are: at work, or lingering, or with Celery.

One with nothing left to do lingers for a moment at a list of its own, and is woken there: a Celery message takes four
milliseconds and as much of a worker's time, a push to a list a tenth of one. One that is at work finds all that becomes
ready when it has done what it holds, and needs no message at all; so there are only as many as there are slots that
neither linger nor are at work. Both stand in sorted sets, by the time until which that holds. None of this is the
truth: what is lost here `recover` finds, as it finds a lost Celery message.
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
# For so long a process counts as at work; one that was killed is missed after that at the latest.
AT_WORK_SECONDS = 10.0

_LINGERING = "anabranch:lingering:"
_AT_WORK = "anabranch:at-work:"
_LIST = "anabranch:wake:"
_WORK, _LEAVE = "work", "leave"

# Puts a process, `name|queue|queue`, into the sets of all its queues, of one kind or of the other or of none.
# By the broker's clock.
_PLACE = """
local function place(prefix, other, member, seconds)
    local until_then = redis.call('TIME')[1] + seconds
    for queue in string.gmatch(string.match(member, '|(.*)$'), '[^|]+') do
        redis.call('ZREM', other .. queue, member)
        if seconds > 0 then redis.call('ZADD', prefix .. queue, until_then, member)
        else redis.call('ZREM', prefix .. queue, member) end
    end
end
"""
_AT_WORK_NOW = _PLACE + "place(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))"
# Not while a Celery message waits for this slot. What was pushed for an earlier stay is past.
_ENTER = f"""{_PLACE}
for queue in string.gmatch(string.match(ARGV[3], '|(.*)$'), '[^|]+') do
    if redis.call('LLEN', queue) > 0 then return 0 end
end
redis.call('DEL', KEYS[1])
place(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
return 1
"""
# Whoever is called is at work from then on, or in no set if it is to leave. Tells also how many slots need no message
# of their own: those at work, and those for which Celery messages wait already.
_CALL = f"""{_PLACE}
local now, called = tonumber(redis.call('TIME')[1]), 0
while called < tonumber(ARGV[5]) do
    local last = redis.call('ZPOPMAX', ARGV[1] .. ARGV[4])
    if not last[1] then break end
    place(ARGV[2], ARGV[1], last[1], ARGV[6] == '{_WORK}' and tonumber(ARGV[7]) or 0)
    if tonumber(last[2]) >= now then
        local list = ARGV[3] .. string.match(last[1], '^[^|]*')
        redis.call('RPUSH', list, ARGV[6])
        redis.call('EXPIRE', list, 60)
        called = called + 1
    end
end
return {{called, redis.call('ZCOUNT', ARGV[2] .. ARGV[4], now, '+inf') - called + redis.call('LLEN', ARGV[4])}}
"""


@cache
def served_queues() -> frozenset[str]:
    """Return the queues of this worker: those that it was started with, or the default one."""
    return frozenset(current_app.amqp.queues.consume_from)


def be_at_work() -> None:
    """Let this process be known as one that looks for more work by itself, until it lingers or goes back to Celery."""
    _place(_AT_WORK, _LINGERING, AT_WORK_SECONDS)


def go_back() -> None:
    """Let this process be known as one that Celery has back. What became ready before that, it has to look for."""
    _place(_AT_WORK, _LINGERING, 0.0)


def linger(*, is_work_left: Callable[[], bool]) -> bool:
    """Wait for more work; return whether there may be some. False: the slot is for whatever Celery has for it.

    :param is_work_left: looks once more, for what became ready before this worker was known to linger
    """
    try:
        return _linger(_client(os.getpid()), is_work_left)
    except redis.RedisError as error:
        log.info("Does not linger: %s", error)
        return False


def _linger(client: redis.Redis, is_work_left: Callable[[], bool]) -> bool:
    own_list = _LIST + _name()
    if not client.eval(_ENTER, 1, own_list, _LINGERING, _AT_WORK, _member(), SECONDS):
        return False
    if is_work_left():
        be_at_work()
        return True
    called = client.blpop([own_list], timeout=SECONDS)
    if called is None:
        # Somebody who took it off the sets just now is about to push.
        return not _leave(client)
    return bool(called[1] == _WORK.encode())


def _leave(client: redis.Redis) -> bool:
    """Leave the sets of those that linger; return whether this process stood in them."""
    return sum(client.zrem(_LINGERING + queue, _member()) for queue in served_queues()) > 0


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _member() -> str:
    return "|".join([_name(), *sorted(served_queues())])


def _place(kind: str, other: str, seconds: float) -> None:
    try:
        _client(os.getpid()).eval(_AT_WORK_NOW, 0, kind, other, _member(), seconds)
    except redis.RedisError as error:
        log.info("Cannot tell where this worker is: %s", error)


def wake(queue: str, count: int) -> tuple[int, int]:
    """Wake up to `count` workers that linger for work of a queue.

    :return: how many were, and how many slots besides need no message: at work, or with one that waits already
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
        arguments = (_LINGERING, _AT_WORK, _LIST, queue, count, what, AT_WORK_SECONDS)
        called, provided = _client(os.getpid()).eval(_CALL, 0, *arguments)
        return int(called), int(provided)
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
