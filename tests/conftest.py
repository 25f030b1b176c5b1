"""Fixtures that tests of several folders use."""

import itertools
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.db import connection
from django.test import TransactionTestCase
from playwright.sync_api import Page, Playwright

from orchestrator.embedded.valkey import Valkey
from tests.emptying import empty_tables
from tests.processes import Beat, Broker, RunningProgram, Web, Worker

LOG_SHOWN = 20_000

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

programs_key = pytest.StashKey[list[RunningProgram]]()


class StartWorker(Protocol):
    def __call__(
        self, *, concurrency: int = 1, queues: str = "", env: Mapping[str, str] | None = None, wait: bool = True
    ) -> Worker: ...


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database; threads of the engine that still have connections do not keep it from being dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _emptied_quickly() -> Iterator[None]:
    """After a test with transactions of its own only what it has written is deleted, in a tenth of Django's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield


@pytest.fixture
def programs(request: pytest.FixtureRequest) -> Iterator[list[RunningProgram]]:
    """The programs started for this test; what is left of them at its end is killed."""
    started: list[RunningProgram] = []
    request.node.stash[programs_key] = started
    yield started
    for program in started:
        program.kill()


@pytest.fixture
def new_log(tmp_path: Path) -> Callable[[str], Path]:
    """Return a path for the output of a further program of that name."""
    numbers = itertools.count(1)
    return lambda name: tmp_path / f"{name}-{next(numbers)}.log"


@pytest.fixture
def valkey(own_valkey: Valkey) -> Iterator[Broker]:
    """The broker, empty, to be flushed, stopped, killed or hung; whatever was done is mended after the test."""
    broker = Broker(own_valkey)
    broker.flush()
    yield broker
    broker.mend()


@pytest.fixture
def start_worker(
    transactional_db: None,
    valkey: Broker,
    programs: list[RunningProgram],
    new_log: Callable[[str], Path],
) -> StartWorker:
    """Start a Celery worker on the test database and return it when it answers; not `wait`: return it at once."""

    def start(
        *, concurrency: int = 1, queues: str = "", env: Mapping[str, str] | None = None, wait: bool = True
    ) -> Worker:
        worker = Worker(concurrency=concurrency, queues=queues, env=env, log=new_log("worker"))
        programs.append(worker)
        if wait:
            worker.wait_until_ready()
        return worker

    return start


@pytest.fixture
def start_beat(
    transactional_db: None,
    valkey: Broker,
    programs: list[RunningProgram],
    new_log: Callable[[str], Path],
) -> Callable[..., Beat]:
    """Start Celery beat on the test database and return it when it ticks; not `wait`: at once."""

    def start(*, wait: bool = True) -> Beat:
        beat = Beat(log=new_log("beat"))
        programs.append(beat)
        if wait:
            beat.wait_until_ready()
        return beat

    return start


@pytest.fixture
def start_web(
    transactional_db: None,
    valkey: Broker,
    programs: list[RunningProgram],
    new_log: Callable[[str], Path],
) -> Callable[..., Web]:
    """Start the pages, API and sockets on the test database; return them when they answer, not `wait`: at once."""

    def start(*, wait: bool = True) -> Web:
        web = Web(log=new_log("web"))
        programs.append(web)
        if wait:
            web.wait_until_ready()
        return web

    return start


@pytest.fixture(scope="session")
def playwright(playwright: Playwright) -> Iterator[Playwright]:
    """Playwright, whose event loop stays in this thread: Django takes everything after it for asynchronous."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield playwright


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the system's Chromium, which calls nobody by itself."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    seen = {"timezone_id": "Europe/Berlin", "locale": "en-GB", "viewport": {"width": 1440, "height": 900}}
    return {**browser_context_args, **seen}


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A page of the browser; errors of its scripts and refusals of its security policy fail the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    yield page
    assert errors == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in a browser last: beside Playwright's event loop no asynchronous test can have its own."""
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the programs of a failed test printed."""
    report = yield
    if report.failed:
        for program in item.stash.get(programs_key, []):
            report.sections.append((f"output of {program.name}", program.output()[-LOG_SHOWN:]))
    return report
