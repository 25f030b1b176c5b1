"""What a woken worker does: claim, execute, complete, go on with what that made ready, until its budget ends."""

import logging
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DataError, connection, transaction

from orchestrator import dispatch
from orchestrator.core.graph import TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim, give_back, is_work_left, renew
from orchestrator.engine.completing import complete_task_run, start_child_of
from orchestrator.engine.executing import Interrupted, Log, execute
from orchestrator.engine.following import carry_out
from orchestrator.engine.steps import Claim, Step
from orchestrator.engine.versions import load_version

log = logging.getLogger(__name__)

# A woken worker goes back to its broker this often, so that a deploy or a limit of tasks a process can take hold.
BUDGET_SECONDS = 5.0
# It takes from the common queue at least this often, so that a long chain does not starve what waits there.
FAIR_SECONDS = 0.5
# What has proved short is claimed several at a time; what then waits behind something longer goes back.
SHORT_SECONDS = 0.01
LONGEST_WAIT_SECONDS = 0.1
LOOK_SECONDS = 0.05
MOST_AT_ONCE = 16
# Ends of children that arrive together are told to their parent together, at most this late.
TELL_SECONDS = 0.02


def worker_name() -> str:
    """Return the name under which this process holds task runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Drain:
    """One waking of one worker process."""

    def __init__(self) -> None:
        self.worker = worker_name()
        self.hand: deque[Claim] = deque()
        self.owed: list[Step] = []
        self.owed_since = 0.0
        self.batch = 1
        self.keeper = keeper()

    def run(self) -> int:
        """Work until there is nothing to claim or the budget is used; return how many task runs were executed."""
        with self.keeper.attending():
            return self._work_off()

    def _work_off(self) -> int:
        start = last_claim = time.monotonic()
        executed = 0
        while True:
            now = time.monotonic()
            over = now - start > BUDGET_SECONDS
            fair = now - last_claim < FAIR_SECONDS and not over
            if not self.hand or now - self.owed_since > TELL_SECONDS:
                self._tell(claims=1 if fair and not self.hand else 0)
            if not self.hand and not over:
                self.hand += claim(worker=self.worker, limit=self.batch)
                last_claim = time.monotonic()
            held = self._next()
            if held is None:
                break
            self._work(held, claims=1 if fair and not self.hand else 0)
            executed += 1
        if over:
            self._hand_over()
        return executed

    def _next(self) -> Claim | None:
        with self.keeper.lock:
            return self.hand.popleft() if self.hand else None

    def _work(self, held: Claim, claims: int) -> None:
        if load_version(held.version_id).graph.tasks[held.slug].kind is TaskKind.FLOW_RUN:
            self._keep(start_child_of(held=held, worker=self.worker, claims=claims))
            return
        began = time.monotonic()
        lines = Log(held)
        ending = self.keeper.hold(held, self.hand, lines, lambda: execute(held, lines, self.keeper.interruptible))
        took = time.monotonic() - began
        self.batch = min(MOST_AT_ONCE, self.batch * 2) if took < SHORT_SECONDS else 1
        lines.store()
        self._keep(self._complete(held, ending, claims))

    def _complete(self, held: Claim, ending: Ending, claims: int) -> Step:
        try:
            return complete_task_run(held=held, ending=ending, worker=self.worker, claims=claims)
        except DataError as error:
            # A result that the database refuses must not be tried again and again as if the worker had been lost.
            refused = Ending(State.FAILED, f"The result cannot be stored: {error}"[:500])
            return complete_task_run(held=held, ending=refused, worker=self.worker, claims=claims)

    def _keep(self, step: Step) -> None:
        """Take what a step claimed for this worker; put off what it owes, to be done together with the next."""
        with self.keeper.lock:
            self.hand += step.claimed
        step.claimed = []
        if step.follow_ups:
            self.owed_since = self.owed_since if self.owed else time.monotonic()
            self.owed.append(step)

    def _tell(self, claims: int) -> None:
        if self.owed:
            owed, self.owed = self.owed, []
            claimed = carry_out(owed, worker=self.worker, claims=claims)
            with self.keeper.lock:
                self.hand += claimed

    def _hand_over(self) -> None:
        """Leave what is not started to the next waking, of this process or another."""
        if is_work_left():
            with transaction.atomic():
                dispatch.wake_workers(1)


class Keeper:
    """A thread beside the work: renews leases, stores logs, interrupts what was cancelled, gives back what waits.

    It looks from time to time and is never woken for a task run: most end before it has looked once.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self._attending = threading.Event()
        self._held: Claim | None = None
        self._hand: deque[Claim] = deque()
        self._log: Log | None = None
        self._began = 0.0
        self._stopping = 0.0
        self._in_function = False
        signal.signal(signal.SIGUSR2, self._interrupt)
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    @contextmanager
    def attending(self) -> Iterator[None]:
        """Look after what is held while the block runs."""
        self._attending.set()
        try:
            yield
        finally:
            self._attending.clear()

    def hold(self, held: Claim, hand: deque[Claim], lines: Log, work: Callable[[], Ending]) -> Ending:
        """Do the work while the claim, and those in hand behind it, are kept."""
        self._hand, self._log, self._began, self._stopping = hand, lines, time.monotonic(), 0.0
        with self.lock:
            self._held = held
        try:
            return work()
        finally:
            with self.lock:
                self._held = None

    def interruptible(self, function: Callable[[], Any]) -> Any:
        """Call people's code; only in here a cancel may interrupt it."""
        self._in_function = True
        try:
            return function()
        finally:
            self._in_function = False

    def _interrupt(self, _signal: int, _frame: object) -> None:
        if self._in_function:
            raise Interrupted

    def _run(self) -> None:
        beat = min(1.0, settings.ANABRANCH_LEASE_SECONDS / 5)
        renewed: dict[UUID, float] = {}
        while self._attending.wait():
            time.sleep(LOOK_SECONDS)
            with self.lock:
                held, began = self._held, self._began
            now = time.monotonic()
            if held is None or now - began < LONGEST_WAIT_SECONDS:
                continue
            self._give_back()
            if now - renewed.get(held.task_run_id, began) > beat:
                renewed = {held.task_run_id: now}
                self._renew(held)

    def _give_back(self) -> None:
        """Let others have what would wait behind the work that turned out long."""
        with self.lock:
            waiting = list(self._hand)
            self._hand.clear()
        if waiting:
            try:
                give_back(claims=waiting, message="Given back unstarted: the one before it takes long.")
            except Exception:
                log.exception("Could not give back %s task runs; their leases will end.", len(waiting))

    def _renew(self, held: Claim) -> None:
        try:
            if self._log is not None:
                self._log.store()
            answer = renew(claims=[held])
        except Exception:
            log.exception("Could not renew the lease of task run %s.", held.task_run_id)
            connection.close()
            return
        if answer.get(held.task_run_id, True):
            self._stop(held)

    def _stop(self, held: Claim) -> None:
        """Interrupt the running function; a function that does not stop is ended with its process."""
        with self.lock:
            if self._held is not held:
                return
            self._stopping = self._stopping or time.monotonic()
            if time.monotonic() - self._stopping < settings.ANABRANCH_CANCEL_GRACE_SECONDS:
                os.kill(os.getpid(), signal.SIGUSR2)
                return
        log.warning("Task run %s did not stop when it was cancelled; its process is ended.", held.task_run_id)
        ending = Ending(State.CANCELLED, "Cancelled; the function did not stop, so its process was ended.")
        carry_out([complete_task_run(held=held, ending=ending)])
        os.kill(os.getpid(), signal.SIGKILL)


_keeper: Keeper | None = None


def keeper() -> Keeper:
    """Return this process's keeper; must first be called in its main thread."""
    global _keeper
    if _keeper is None or _keeper.pid != os.getpid():
        _keeper = Keeper()
    return _keeper
