"""Time limits of functions."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.sdk.signals import Signal


class OutOfTime(Signal):
    """Raised inside a function that has run for longer than its time limit. `except Exception` does not catch it."""

    counts_as = TimeoutError

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Took longer than its time limit of {seconds:g} s.")

    def ending(self) -> Ending:
        return Ending(State.TIMED_OUT, self.message)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Interrupt the block when its time is over; outside of the main thread, once it has ended.

    :raises OutOfTime: it took longer
    """
    if seconds is None:
        yield
    elif threading.current_thread() is threading.main_thread():
        with _alarm(seconds):
            yield
    else:
        began = time.monotonic()
        yield
        if time.monotonic() - began > seconds:
            raise OutOfTime(seconds)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_signal: int, _frame: object) -> None:
        raise OutOfTime(seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
