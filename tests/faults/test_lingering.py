"""Workers that linger are woken past Celery, and give their slots back to whatever else waits for them."""

from functools import partial

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.utils import timezone

from orchestrator import dispatch
from orchestrator.core.states import State
from orchestrator.dispatch import lingering
from orchestrator.engine.registration import register_apps
from tests.faults.test_cancels import assert_goes_on, start
from tests.faults.test_faults import start_diamond
from tests.processes import eventually

pytestmark = [pytest.mark.workers, pytest.mark.timeout(120)]


@pytest.fixture
def broker(valkey) -> redis.Redis:
    valkey.flush()
    return redis.Redis.from_url(settings.REDIS_URL)


def lingers(broker: redis.Redis) -> bool:
    return bool(broker.zcard(lingering._LINGERING + "default"))


def test_a_worker_that_lingers_is_woken_without_a_celery_message_and_goes_for_one_of_another_kind(start_worker, broker):
    register_apps(now=timezone.now())
    start_worker(concurrency=1)
    assert_goes_on(start("examples", "A", seconds=0))
    eventually(partial(lingers, broker), else_say="the worker lingers")
    current_app.control.purge()
    before = broker.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0)

    assert_goes_on(start("examples", "B", seconds=0))

    # Celery publishes with LPUSH, whoever wakes a worker that lingers with RPUSH.
    assert broker.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0) == before
    eventually(partial(lingers, broker), else_say="the worker lingers again")

    current_app.tasks[dispatch.START_DUE].apply_async()

    eventually(lambda: not lingers(broker) and not broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", [dispatch.START_DUE, dispatch.RECOVER, dispatch.SWEEP, dispatch.ADVANCE_BACKFILLS])
def test_whoever_takes_a_message_of_another_kind_takes_the_work_as_well(broker, other):
    register_apps(now=timezone.now())
    run = start("examples", "B", seconds=0)
    broker.lpush(settings.CELERY_TASK_DEFAULT_QUEUE, "a message: nobody lingers")

    current_app.tasks[other]()

    # Where such a message waited for each slot, no hint was sent for this work.
    run.refresh_from_db()
    assert run.state == State.SUCCESS


def test_nobody_is_woken_where_nobody_lingers_or_whoever_did_has_died(broker):
    assert lingering.wake("default", 3)[0] == 0

    broker.zadd(lingering._LINGERING + "default", {"host:1|default": 1})

    assert lingering.wake("default", 3)[0] == 0
    assert not lingers(broker)


def test_a_worker_does_not_linger_while_a_celery_message_waits(broker):
    broker.lpush(settings.CELERY_TASK_DEFAULT_QUEUE, "a message")

    assert lingering.linger(is_work_left=lambda: False) is False
    assert not lingers(broker)


def test_what_became_ready_before_a_worker_lingered_is_not_missed(broker):
    assert lingering.linger(is_work_left=lambda: True) is True
    assert not lingers(broker)


def test_a_worker_told_to_leave_is_not_told_that_there_is_work(broker):
    def leave_now() -> bool:
        dispatch.release()
        return False

    assert lingering.linger(is_work_left=leave_now) is False


def test_a_broker_that_is_away_keeps_nobody(broker, valkey):
    valkey.stop()
    try:
        assert lingering.linger(is_work_left=lambda: False) is False
        assert lingering.wake("default", 1) == (0, 0)
    finally:
        valkey.start()


def test_no_message_is_sent_to_a_slot_that_is_at_work(broker, transactional_db):
    lingering.be_at_work()

    start_diamond()
    dispatch.wait_until_sent(seconds=5)
    assert broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE) == 0

    lingering.go_back()

    start_diamond()
    dispatch.wait_until_sent(seconds=5)
    assert broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE) == 1


def test_a_slot_that_died_at_work_is_missed_after_a_while(broker, transactional_db):
    broker.zadd(lingering._AT_WORK + "default", {"host:1|default": 1})

    start_diamond()
    dispatch.wait_until_sent(seconds=5)

    assert broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE) == 1


def test_whoever_is_woken_is_at_work_and_whoever_is_to_leave_is_not(broker):
    for called, at_work in ((lingering.wake, 1), (lambda *_: lingering.release(), 0)):
        broker.zadd(lingering._LINGERING + "default", {"host:1|default": broker.time()[0] + 60})
        called("default", 1)
        assert broker.zcard(lingering._AT_WORK + "default") == at_work
        broker.delete(lingering._AT_WORK + "default")


def test_no_more_messages_wait_than_workers_have_slots(broker, transactional_db):
    for _ in range(5):
        start_diamond()
        dispatch.wait_until_sent(seconds=5)

    dispatch.wait_until_sent(seconds=5)

    # One slot where no worker is there; another test's worker may still be counted.
    assert 1 <= broker.llen(settings.CELERY_TASK_DEFAULT_QUEUE) <= 2
