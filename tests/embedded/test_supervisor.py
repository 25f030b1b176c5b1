"""What ends is started again, later and later; what is stopped is stopped in order."""

import io
import subprocess
from typing import Any

import pytest

from orchestrator.embedded.processes import StillRunning
from orchestrator.management.combined_log import CombinedLog
from orchestrator.management.supervisor import Supervisor, Watched
from tests.processes import eventually


class FakePart:
    """A part whose process is a flag."""

    def __init__(self, name: str, story: list[str], *, fails: int = 0) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.is_running = False
        self._story = story
        self._fails = fails

    def start(self) -> None:
        self._story.append(f"start {self.name}")
        if self._fails:
            self._fails -= 1
            raise OSError("no memory")
        self.is_running = True

    def stop(self) -> None:
        self._story.append(f"stop {self.name}")
        self.is_running = False


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(printed: io.StringIO) -> CombinedLog:
    return CombinedLog(printed)


def test_parts_stop_in_the_reverse_order_of_their_start(log: CombinedLog) -> None:
    story: list[str] = []
    supervisor = Supervisor([FakePart("a", story), FakePart("b", story)], log)
    supervisor.start()
    eventually(lambda: story == ["start a", "start b"])
    supervisor.stop()
    assert story == ["start a", "start b", "stop b", "stop a"]


def test_one_that_does_not_stop_does_not_keep_the_others(log: CombinedLog, printed: io.StringIO) -> None:
    class Stubborn(FakePart):
        def stop(self) -> None:
            raise StillRunning("process 7 does not end")

    story: list[str] = []
    supervisor = Supervisor([FakePart("a", story), Stubborn("b", story)], log)
    supervisor.start()
    supervisor.stop()
    assert story[-1] == "stop a"
    assert "b: process 7 does not end" in printed.getvalue()


def test_a_supervisor_that_never_started_stops_at_once(log: CombinedLog) -> None:
    Supervisor([], log).stop()


def test_delays_double_up_to_a_limit_and_begin_anew_after_a_good_life(
    log: CombinedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("orchestrator.management.supervisor.time.monotonic", lambda: now)
    part = FakePart("a", [])
    watched = Watched(part, log)

    def die_and_wait() -> float:
        """Return the seconds until it was started again."""
        nonlocal now
        part.is_running = False
        ended = now
        while not part.is_running:
            watched.look(now=now)
            now += 0.5
        now -= 0.5
        return now - ended

    watched.start()
    assert [die_and_wait() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    now += 61
    assert die_and_wait() == 1


def test_a_start_that_fails_is_tried_again(log: CombinedLog, printed: io.StringIO) -> None:
    story: list[str] = []
    part = FakePart("a", story, fails=1)
    watched = Watched(part, log)
    watched.start()
    assert "a does not start: no memory" in printed.getvalue()
    for now in (1e9, 1e9 + 1):
        watched.look(now=now)
    assert part.is_running


def test_the_log_names_who_speaks_and_is_plain_where_nobody_looks(log: CombinedLog, printed: io.StringIO) -> None:
    log.say("web", "hello")
    log.say("worker", "hello, you")
    assert printed.getvalue() == "web        | hello\nworker     | hello, you\n"


def test_the_log_is_coloured_on_a_terminal_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def prefix_of(name: str) -> Any:
        stream = Terminal()
        CombinedLog(stream).say(name, "x")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert prefix_of("web").startswith("\033[")
    monkeypatch.setenv("NO_COLOR", "1")
    assert prefix_of("web") == "web        | x\n"
