"""A worker's process is told to leave: by its worker, which stops for a deploy, or by a signal from elsewhere."""

import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from django.conf import settings

from orchestrator.sdk.raised import Stop

log = logging.getLogger(__name__)

# What a worker sends its processes when it begins to stop. A process that has no handler for it yet ignores it.
NOTICE = signal.SIGURG


class ToldToLeave(Stop):
    """Raised inside a running function whose process has to leave."""


class Departure:
    """Whether this process has been told to leave, and when what it executes is interrupted for it.

    After a notice, what runs may go on for a while. A signal to end (SIGTERM, SIGQUIT) interrupts it now, and ends the
    process when its work has been given back. Must be made in the main thread.
    """

    def __init__(self, *, is_at_work: Callable[[], bool], is_in_function: Callable[[], bool]) -> None:
        self.interrupts_at: float | None = None
        self._is_at_work = is_at_work
        self._is_in_function = is_in_function
        self._last: int | None = None
        signal.signal(NOTICE, self._be_told)
        # Celery has its processes ignore one of them where REMAP_SIGTERM is set.
        asked = [number for number in (signal.SIGTERM, signal.SIGQUIT) if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._go) for number in asked}

    @property
    def is_near(self) -> bool:
        """Whether nothing new may be begun."""
        return self.interrupts_at is not None

    @property
    def is_due(self) -> bool:
        """Whether what is being executed is to be interrupted."""
        return self.interrupts_at is not None and time.monotonic() >= self.interrupts_at

    def take_place(self) -> None:
        """End this process, if it was asked to end at once and held work then."""
        if self._last is not None:
            number, self._last = self._last, None
            self._hand_on(number, None)

    def _be_told(self, _number: int, _frame: FrameType | None) -> None:
        if self.interrupts_at is None:
            self.interrupts_at = time.monotonic() + settings.ANABRANCH_STOP_GRACE_SECONDS

    def _go(self, number: int, frame: FrameType | None) -> None:
        if not self._is_at_work():
            self._hand_on(number, frame)
            return
        self.interrupts_at = time.monotonic()
        self._last = number
        if self._is_in_function():
            raise ToldToLeave

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        """Do what the process would have done on the signal without us."""
        before = self._before[signal.Signals(number)]
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
