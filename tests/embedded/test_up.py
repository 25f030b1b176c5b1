"""`manage.py up`: one command runs everything, one signal ends it, and nothing is left of it."""

import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from orchestrator.management.web_address import WebAddress
from tests.embedded.conftest import Owned, is_alive, temporary_home
from tests.processes import eventually, free_port

pytestmark = pytest.mark.workers

READY = "sign in, once, at"
CELERY_PROCESSES = 4  # beat, worker and its pool of two
READY_SECONDS = 8
MOST_MEMORY = 600_000_000

StartUp = Callable[[], Owned]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One home folder for all tests here: setting up a database each time would take most of their time."""
    with temporary_home() as folder:
        yield folder


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start_up(own: Callable[..., Owned], port: int) -> StartUp:
    """Start `manage.py up` and return it when it has printed where to sign in and all its processes run."""

    def start() -> Owned:
        up = own("manage.py", "up", "--port", str(port))
        up.wait_for(READY)
        eventually(lambda: len(up.find("celery")) == CELERY_PROCESSES)
        return up

    return start


def test_no_signal_leaves_a_process_behind_and_the_next_start_heals(start_up: StartUp) -> None:
    ended = []
    for number, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)):
        up = start_up()
        assert up.send(number) == code
        ended.append(up)
    for up in ended:
        up.assert_nothing_is_left()


def test_it_is_soon_ready_small_and_prints_a_link_that_works(start_up: StartUp, port: int, home: Path) -> None:
    if not (home / "postgres").exists():
        start_up().send(signal.SIGTERM)
    began = time.monotonic()
    up = start_up()
    took = time.monotonic() - began
    everything = [psutil.Process(up.process.pid), *up.below()]
    memory = sum(process.memory_full_info().pss for process in everything)
    link = re.search(rf"http://127\.0\.0\.1:{port}/sign-in/one-time/\S+", up.output())
    assert link
    with urllib.request.urlopen(link.group()) as answer:
        assert answer.status == 200
    assert up.send(signal.SIGTERM) == 0
    assert took <= READY_SECONDS
    assert memory <= MOST_MEMORY


def test_a_second_up_says_so_and_disturbs_nothing(start_up: StartUp, own: Callable[..., Owned], port: int) -> None:
    up = start_up()
    before = {process.pid for process in up.find("python")}
    second = own("manage.py", "up", "--port", str(free_port()))
    assert second.process.wait(60) == 1
    assert f"already runs with {up.home} (process {up.process.pid}, at http://127.0.0.1:{port})" in second.output()
    assert {process.pid for process in up.find("python")} == before
    up.send(signal.SIGTERM)


def test_a_taken_port_is_named(own: Callable[..., Owned], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        up = own("manage.py", "up", "--port", str(port))
        assert up.process.wait(60) == 1
    assert f"Port {port} of 127.0.0.1 is taken. Choose another" in up.output()
    assert "Traceback" not in up.output()


def test_what_dies_is_started_again(start_up: StartUp) -> None:
    up = start_up()
    names = {"uvicorn": "web", "worker": "worker", "beat": "beat", "postgres -D": "PostgreSQL", "valkey-s": "Valkey"}
    for words, name in names.items():
        kill_and_expect_back(up, words)
        up.wait_for(f"{name} ended (exit code -9); it starts again in 1 s")
    up.send(signal.SIGTERM)
    up.assert_nothing_is_left()


def kill_and_expect_back(up: Owned, words: str) -> None:
    victim = up.find(words)[0]
    victim.kill()
    eventually(lambda: not is_alive(victim) and up.find(words), else_say=up.output)


def test_it_goes_on_when_nobody_reads_its_log_any_more(own: Callable[..., Owned], port: int) -> None:
    """`manage.py up | head -n 1`."""
    pipe = own("-c", PIPE_INTO_HEAD, str(port))
    pipe.wait_for("head has ended")
    address = WebAddress("127.0.0.1", port)
    eventually(address.answers, within=60)
    eventually(lambda: len(pipe.find("celery")) == CELERY_PROCESSES)
    pipe.send(signal.SIGTERM)
    pipe.assert_nothing_is_left()


PIPE_INTO_HEAD = """
import signal, subprocess, sys
command = [sys.executable, "manage.py", "up", "--port", sys.argv[1]]
with subprocess.Popen(command, stdout=subprocess.PIPE) as up:
    signal.signal(signal.SIGTERM, lambda *_: up.terminate())
    up.stdout.readline()
    up.stdout.close()
    print("head has ended")
"""


def test_another_command_uses_the_parts_of_an_up_that_runs(start_up: StartUp, own: Callable[..., Owned]) -> None:
    up = start_up()
    borrower = own("-c", RUN_WITH_PARTS)
    assert borrower.process.wait(60) == 0, borrower.output()
    assert "processes of our own: 0" in borrower.output()
    up.send(signal.SIGTERM)


def test_another_command_brings_parts_of_its_own(own: Callable[..., Owned]) -> None:
    alone = own("-c", RUN_WITH_PARTS)
    assert alone.process.wait(60) == 0, alone.output()
    found = re.search(r"processes of our own: (\d+)", alone.output())
    assert found
    assert int(found.group(1)) > 0


RUN_WITH_PARTS = """
import os, sys, django, psutil
os.environ["DJANGO_SETTINGS_MODULE"] = "orchestrator.config.settings"
django.setup()
from orchestrator.management.local_parts import running_parts
with running_parts(log=sys.stdout):
    print("processes of our own:", len(psutil.Process().children()))
assert not psutil.Process().children()
"""
