"""What a woken worker does: claim, execute, complete, go on with what that made ready, until its budget ends."""

import logging
import os
import socket
import time
from collections import Counter

from django.db import transaction

from orchestrator import dispatch
from orchestrator.core.graph import TaskKind
from orchestrator.engine.claiming import claim, is_work_left
from orchestrator.engine.completing import complete, give_items_to, start_held
from orchestrator.engine.crash_points import point
from orchestrator.engine.executing import Log, execute
from orchestrator.engine.following import carry_out
from orchestrator.engine.keeping import GIVEN_BACK, Desk, keeper
from orchestrator.engine.leaving import ToldToLeave
from orchestrator.engine.passing import why_passed_on
from orchestrator.engine.returning import give_back
from orchestrator.engine.steps import Claim, Step
from orchestrator.engine.versions import load_version

log = logging.getLogger(__name__)

# A woken worker goes back to its broker this often, so that a deploy or a limit of tasks a process can take hold.
BUDGET_SECONDS = 5.0
# It takes from the common queue at least this often, so that a long chain does not starve what waits there.
FAIR_SECONDS = 0.5
# As many are taken at a time as would take so long if they took as the last; what waits behind a longer one goes back.
AT_ONCE_SECONDS = 0.01
MOST_AT_ONCE = 16
SHORTEST_SECONDS = 1e-6  # some clocks do not move within a short function
# Ends that come shortly after each other are stored in one transaction, and told to their parents in one.
TOGETHER_SECONDS = 0.02
# Work comes in a stream where so many looks at the common queue in a row have found some. Then the next look shares the
# transaction that stores an end, which waits so long for company: five ends cost less than twice what one does. The end
# of what came alone waits for neither.
STREAM = 3
COMPANY_SECONDS = 0.008


def worker_name() -> str:
    """Return the name under which this process holds task runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Drain:
    """One waking of one worker process."""

    # How many at once the last functions of this process have proved short enough for.
    proved = 1

    def __init__(self) -> None:
        self.worker = worker_name()
        self.desk = Desk()
        self.owed: list[Step] = []
        self.waiting_since = 0.0
        self.batch = Drain.proved
        self.finds = 0  # how many looks at the common queue in a row have found something
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
            over = now - start > BUDGET_SECONDS or self.keeper.departure.is_near
            # Goes on with what it makes ready itself, unless others have waited long enough.
            claims = self.batch if now - last_claim < FAIR_SECONDS and not over else 0
            if self.keeper.departure.is_near:
                self._empty_hand()
            is_queue_empty = False
            if claims and self.finds >= STREAM and not self.desk.hand and 0 < len(self.desk.ended) < self.batch:
                time.sleep(COMPANY_SECONDS)
            if not self.desk.hand or now - self.waiting_since > TOGETHER_SECONDS:
                is_queue_empty = self._settle(claims)
            if not self.desk.hand and not over and not is_queue_empty:
                found = claim(worker=self.worker, limit=self.batch)
                self.desk.hand += found
                self._note_look(bool(found))
                last_claim = time.monotonic()
            held = self._next()
            if held is None:
                break
            self._work(held, claims)
            executed += 1
        if over:
            hand_over()
        return executed

    def _next(self) -> Claim | None:
        with self.keeper.lock:
            return self.desk.hand.popleft() if self.desk.hand else None

    def _work(self, held: Claim, claims: int) -> None:
        graph = load_version(held.version_id).graph
        task = graph.tasks[held.slug]
        if held.map_index < 0 and held.slug in graph.mapped:
            self._keep([give_items_to(held=held, worker=self.worker, claims=0 if self.desk.hand else claims)])
            return
        if not task.is_claimed:
            self._start(held, claims)
            return
        if task.kind is TaskKind.FUNCTION and (why := why_passed_on(held)):
            give_back(claims=[held], message=why)
            return
        if task.cache_for_seconds is not None and self.desk.ended:
            # What one of them has found may be what this one looks for.
            self._settle(0)
        began = time.monotonic()
        lines = Log(held)
        try:
            ending = self.keeper.hold(
                held,
                self.desk,
                lines,
                lambda: execute(held, lines, self.keeper.interruptible),
                limit=task.timeout_seconds if task.kind is TaskKind.FUNCTION else None,
            )
        except ToldToLeave:
            lines.store()
            give_back(claims=[held], message=GIVEN_BACK, started=True)
            return
        if ending is None:
            lines.store()
            self._start(held, claims)
            return
        point("executed")
        lines.store()
        took = max(time.monotonic() - began, SHORTEST_SECONDS)
        self.batch = Drain.proved = max(1, min(MOST_AT_ONCE, self.batch * 2, int(AT_ONCE_SECONDS / took)))
        with self.keeper.lock:
            self.waiting_since = self.waiting_since if self.desk.ended else began
            self.desk.ended.append((held, ending))

    def _empty_hand(self) -> None:
        """Let other workers have what this one has not started."""
        with self.keeper.lock:
            waiting = list(self.desk.hand)
            self.desk.hand.clear()
        if waiting:
            give_back(claims=waiting, message="Given back unstarted: its worker was told to stop.")

    def _start(self, held: Claim, claims: int) -> None:
        self._keep([start_held(held=held, worker=self.worker, claims=0 if self.desk.hand else claims)])

    def _settle(self, claims: int) -> bool:
        """Store the ends that have gathered, then tell the parents of the flow runs that ended by them.

        :return: whether it has looked for more work in the common queue, and found none
        """
        with self.keeper.lock:
            ended, self.desk.ended = self.desk.ended, []
        is_queue_empty = False
        if ended:
            looks = self.finds >= STREAM
            steps = complete(ended=ended, worker=self.worker, claims=0 if self.desk.hand else claims, looks=looks)
            if any(step.claiming for step in steps):
                self._note_look(any(step.claimed for step in steps))
                is_queue_empty = not self.finds
            self._keep(steps)
        if self.owed:
            owed, self.owed = self.owed, []
            claimed = carry_out(owed, worker=self.worker, claims=0 if self.desk.hand else claims)
            with self.keeper.lock:
                self.desk.hand += claimed
            return False
        return is_queue_empty

    def _note_look(self, has_found: bool) -> None:
        self.finds = self.finds + 1 if has_found else 0

    def _keep(self, steps: list[Step]) -> None:
        """Take what steps have claimed for this worker, and note what they owe."""
        for step in steps:
            with self.keeper.lock:
                self.desk.hand += step.claimed
            step.claimed = []
            if step.follow_ups:
                self.owed.append(step)


def hand_over() -> None:
    """Leave what is not started to the next waking, of this process or another."""
    if is_work_left():
        with transaction.atomic():
            dispatch.wake_workers(Counter(dispatch.served_queues()))
