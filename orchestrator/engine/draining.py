"""What a woken worker does: claim, execute, complete, go on with what that made ready, until its budget ends."""

import logging
import os
import socket
import time
from collections import deque

from django.db import DataError, transaction

from orchestrator import dispatch
from orchestrator.core.graph import TaskKind
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim, is_work_left
from orchestrator.engine.completing import complete_task_run, start_child_of
from orchestrator.engine.executing import Log, execute
from orchestrator.engine.following import carry_out
from orchestrator.engine.keeping import keeper
from orchestrator.engine.steps import Claim, Step
from orchestrator.engine.versions import load_version

log = logging.getLogger(__name__)

# A woken worker goes back to its broker this often, so that a deploy or a limit of tasks a process can take hold.
BUDGET_SECONDS = 5.0
# It takes from the common queue at least this often, so that a long chain does not starve what waits there.
FAIR_SECONDS = 0.5
# What has proved short is claimed several at a time; what then waits behind something longer goes back.
SHORT_SECONDS = 0.01
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
