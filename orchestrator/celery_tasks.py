"""The Celery tasks: thin entry points. Every one may be delivered twice, late, or never; each reads the rows again.

Whoever takes a message, of any kind, then takes all the work that there is: the sender counts on that, and sends no
more messages than there are slots to take them.
"""

import logging
import os
import sys
import time
from contextlib import suppress
from typing import Any

from celery import shared_task
from celery.signals import (
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from django.db import close_old_connections, transaction
from django.utils import timezone

from orchestrator import dispatch
from orchestrator.engine.answering import end_unanswered
from orchestrator.engine.backfilling import advance_backfills as advance_all_backfills
from orchestrator.engine.caching import forget_expired
from orchestrator.engine.claiming import is_work_left
from orchestrator.engine.draining import Drain, hand_over
from orchestrator.engine.firing import fire_due
from orchestrator.engine.forking import allow_processes, end_processes
from orchestrator.engine.keeping import keeper
from orchestrator.engine.leaving import NOTICE
from orchestrator.engine.overdue import end_overdue
from orchestrator.engine.presence import Presence
from orchestrator.engine.recovering import recover as recover_all
from orchestrator.engine.recovering import start_due as start_due_task_runs
from orchestrator.engine.results import sweep_results

log = logging.getLogger(__name__)

# A woken worker's process goes back to Celery this often, so that a limit of Celery tasks a process can take hold.
LONGEST_SECONDS = 30.0


@shared_task(name=dispatch.WORK)
def work(**_: object) -> None:
    """Claim and execute task runs until there are none or the budget is used; stay a moment for what comes next."""
    _work_off()


def _work_off() -> None:
    until = time.monotonic() + LONGEST_SECONDS
    dispatch.be_at_work()
    Drain().run()
    while time.monotonic() < until and not keeper().departure.is_near and dispatch.linger(is_work_left=is_work_left):
        Drain().run()
    dispatch.go_back()
    hand_over()
    _forget_exits()


def _forget_exits() -> None:
    """Have the process end well: it would end with what a function last gave to `sys.exit`, which Celery notes."""
    with suppress(SystemExit):
        sys.exit()


@shared_task(name=dispatch.START_DUE)
def start_due(**_: object) -> None:
    """Submit the task runs whose retry delay or pause is over, and end those that have waited too long."""
    start_due_task_runs()
    end_overdue()
    end_unanswered()
    _work_off()


@shared_task(name=dispatch.RING)
def ring(**_: object) -> None:
    """Fire the schedules that are due: the bell that beat rings on time. Of many at once, the first rings for all."""
    fire_due(now=timezone.now())
    _work_off()


@shared_task(name=dispatch.ADVANCE_BACKFILLS)
def advance_backfills(**_: object) -> None:
    """Start what active backfills have room for."""
    advance_all_backfills(now=timezone.now())
    _work_off()


@shared_task(name=dispatch.RECOVER)
def recover(**_: object) -> None:
    """Find and do what no message was heard of, fire the schedules whose bell did not ring, go on with backfills."""
    found = recover_all()
    fired = fire_due(now=timezone.now())
    backfilled = advance_all_backfills(now=timezone.now())
    if any((found.taken_back, found.owed, fired, backfilled)):
        log.info("Recovered: %s, %s run(s) of schedules and %s of backfills started.", found, fired, backfilled)
    _work_off()


@shared_task(name=dispatch.SWEEP)
def sweep(**_: object) -> None:
    """Delete cached results that hold no longer, and stored ones that nobody has any more: beat's, every hour."""
    forget_expired(now=timezone.now())
    deleted = sweep_results(now=timezone.now())
    if deleted:
        log.info("Swept %s stored result(s) that no run has any more.", deleted)
    _work_off()


_presence: list[Presence] = []
_controllers: list[Any] = []


@worker_process_init.connect
def begin_process(**_: object) -> None:
    """Let people's functions start processes."""
    allow_processes()


@worker_process_shutdown.connect
def end_process(**_: object) -> None:
    """Leave none of the processes behind that people's functions started."""
    end_processes()


@worker_ready.connect
def announce(sender: Any = None, **_: object) -> None:
    """Make the worker known, and look at once for what was lost while no worker was there."""
    slots = int(getattr(sender.controller, "concurrency", 1) or 1)
    _controllers[:] = [sender.controller]
    _presence.append(Presence(name=str(sender.hostname), slots=slots, queues=sorted(dispatch.served_queues())))
    _presence[-1].start()
    with transaction.atomic():
        dispatch.recover_soon()


@worker_shutdown.connect
def leave(**_: object) -> None:
    """Take the worker off the list."""
    while _presence:
        _presence.pop().stop()


@worker_shutting_down.connect
def let_go(**_: object) -> None:
    """Have the processes of a stopping worker give their work back, and those that linger come back."""
    for controller in _controllers:
        for pid in controller.pool.info.get("processes", ()):
            with suppress(ProcessLookupError):
                os.kill(pid, NOTICE)
    dispatch.release()


@task_prerun.connect
def check_connections(**_: object) -> None:
    """Let go of database connections that a restart of the server has broken."""
    close_old_connections()
