"""What happens beside the work of a worker's process: leases renewed, logs stored, cancelled functions interrupted."""

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection

from orchestrator import dispatch
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import renew
from orchestrator.engine.completing import Ended, complete
from orchestrator.engine.executing import Interrupted, Log, overdue
from orchestrator.engine.following import carry_out
from orchestrator.engine.forking import end_descendants
from orchestrator.engine.leaving import Departure, ToldToLeave
from orchestrator.engine.returning import give_back
from orchestrator.engine.steps import Claim
from orchestrator.sdk.limits import OutOfTime
from orchestrator.sdk.raised import Stop

E = TypeVar("E", bound=Ending | None)

log = logging.getLogger(__name__)

# What waits in hand behind a function that takes longer than this goes back to the queue.
LONGEST_WAIT_SECONDS = 0.1
LOOK_SECONDS = 0.05
HALT_SECONDS = 0.5


@dataclass(slots=True)
class Desk:
    """What a worker's process has in hand besides what it executes: claims to come, ends not yet stored."""

    hand: deque[Claim] = field(default_factory=deque)
    ended: list[Ended] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a function is stopped: what is raised inside it, and how its task run ends if it does not stop by that.

    Without an ending it does not end: another worker starts it again.
    """

    raised: BaseException
    ending: Ending | None


_CANCELLED = Reason(Interrupted(), Ending(State.CANCELLED, "Cancelled."))
_LEAVING = Reason(ToldToLeave(), None)

GIVEN_BACK = "Its worker was told to stop; another one starts it again."


class Keeper:
    """A thread beside the work: renews leases, stores logs, clears what must not wait, stops what shall not go on.

    It looks from time to time and is never woken for a task run: most end before it has looked once.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self._attending = threading.Event()
        self._held: Claim | None = None
        self._desk = Desk()
        self._log: Log | None = None
        self._began = 0.0
        self._limit: float | None = None
        self._stopping = 0.0
        self._raised: BaseException = Interrupted()
        self._in_function = False
        self._is_over = False
        self._halted = threading.Event()
        signal.signal(signal.SIGUSR2, self._interrupt)
        self.departure = Departure(is_at_work=self._attending.is_set, is_in_function=lambda: self._in_function)
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    @contextmanager
    def attending(self) -> Iterator[None]:
        """Look after what is held while the block runs."""
        self._attending.set()
        try:
            yield
        finally:
            self._attending.clear()
            self.departure.take_place()

    def hold(self, held: Claim, desk: Desk, lines: Log, work: Callable[[], E], *, limit: float | None = None) -> E:
        """Do the work while the claim is kept, and nothing on the desk waits long for its end.

        :param limit: the seconds after which it is stopped
        """
        self._desk, self._log, self._began, self._stopping = desk, lines, time.monotonic(), 0.0
        self._limit = limit
        with self.lock:
            self._held = held
        try:
            return work()
        finally:
            with self.lock:
                self._held = None

    def interruptible(self, function: Callable[[], Any]) -> Any:
        """Call people's code; only in here it may be interrupted. The processes that it started end with it then."""
        self._in_function = True
        try:
            return function()
        except Stop:
            self._in_function = False
            end_descendants()
            raise
        finally:
            self._in_function = False

    def _interrupt(self, _signal: int, _frame: object) -> None:
        if self._is_over:
            self._halted.set()
            threading.Event().wait()
        if self._in_function:
            # Before it hears of it: an executor that it is about to leave would wait for them.
            end_descendants()
            raise self._raised.with_traceback(None)

    def _run(self) -> None:
        beat = min(1.0, settings.ANABRANCH_LEASE_SECONDS / 5)
        renewed: dict[UUID, float] = {}
        while self._attending.wait():
            time.sleep(LOOK_SECONDS)
            with self.lock:
                held, began, limit = self._held, self._began, self._limit
            now = time.monotonic()
            if held is None or now - began < LONGEST_WAIT_SECONDS:
                continue
            self._clear()
            is_beat = now - renewed.get(held.task_run_id, began) > beat
            if is_beat:
                renewed = {held.task_run_id: now}
            if is_beat and not self._renew(held):
                self._stop(held, _CANCELLED)
            elif limit is not None and now - began > limit and (is_beat or not self._stopping):
                self._stop(held, Reason(OutOfTime(limit), overdue(held, limit)))
            elif self.departure.is_due and (is_beat or not self._stopping):
                self._stop(held, _LEAVING)

    def _clear(self) -> None:
        """Give back and store what would wait behind the work that turned out long."""
        with self.lock:
            waiting, ended = list(self._desk.hand), self._desk.ended
            self._desk.hand.clear()
            self._desk.ended = []
        try:
            if waiting:
                give_back(claims=waiting, message="Given back unstarted: the one before it takes long.")
            if ended:
                carry_out(complete(ended=ended))
        except Exception:
            log.exception("Could not clear the desk of %s task runs; their leases will end.", len(waiting) + len(ended))
            connection.close()

    def _renew(self, held: Claim) -> bool:
        """Hold what is executed for another lease; return whether it is still wanted, as far as that is known."""
        try:
            if self._log is not None:
                self._log.store()
            answer = renew(claims=[held])
        except Exception:
            log.exception("Could not renew the lease of task run %s.", held.task_run_id)
            connection.close()
            return True
        return not answer.get(held.task_run_id, True)

    def _stop(self, held: Claim, why: Reason) -> None:
        """Interrupt the running function; a function that does not stop is ended with its process."""
        with self.lock:
            if self._held is not held:
                return
            self._stopping = self._stopping or time.monotonic()
            self._raised = why.raised
            if time.monotonic() - self._stopping < settings.ANABRANCH_CANCEL_GRACE_SECONDS:
                os.kill(os.getpid(), signal.SIGUSR2)
                return
        log.warning("Task run %s did not stop when it was interrupted; its process is ended.", held.task_run_id)
        try:
            self._let_go(held, why)
        except Exception:
            # Its lease ends, and `recover` does it then.
            log.exception("Could not store the end of task run %s.", held.task_run_id)
        dispatch.go_back()
        dispatch.wait_until_sent()
        self._halt()
        end_descendants()
        os.kill(os.getpid(), signal.SIGKILL)

    def _halt(self) -> None:
        """Let the function start nothing more; one that does not even come back from what it has called does not."""
        self._is_over = True
        os.kill(os.getpid(), signal.SIGUSR2)
        self._halted.wait(HALT_SECONDS)

    def _let_go(self, held: Claim, why: Reason) -> None:
        if why.ending is None:
            give_back(claims=[held], message=GIVEN_BACK, started=True)
            return
        told = f"{why.ending.message} The function did not stop, so its process was ended."
        carry_out(complete(ended=[(held, replace(why.ending, message=told))]))


_keeper: Keeper | None = None


def keeper() -> Keeper:
    """Return this process's keeper; must first be called in its main thread."""
    global _keeper
    if _keeper is None or _keeper.pid != os.getpid():
        _keeper = Keeper()
    return _keeper
