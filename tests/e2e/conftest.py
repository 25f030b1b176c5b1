"""All of Anabranch on its real parts, and a browser in which the first person is signed in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.engine.registration import register_apps
from orchestrator.engine.sign_in import create_sign_in_link
from tests.conftest import StartWorker
from tests.e2e.keys import Keys, keys_only
from tests.processes import Beat, Web


@pytest.fixture
def site(start_web: Callable[..., Web], start_worker: StartWorker, start_beat: Callable[..., Beat]) -> Web:
    """The pages, with a worker that has two slots, beat, and the examples registered; started all at once."""
    web = start_web(wait=False)
    others = [start_worker(concurrency=2, wait=False), start_beat(wait=False)]
    register_apps(now=timezone.now())
    for program in (web, *others):
        program.wait_until_ready()
    return web


@pytest.fixture
def signed_in(site: Web, page: Page) -> Page:
    """The home page, as whoever opened the printed link sees it."""
    page.goto(site.url + create_sign_in_link(now=timezone.now()))
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    return page


@pytest.fixture
def keys(page: Page) -> Iterator[Keys]:
    """The keyboard of a page; a pointer's touching it fails the test."""
    with keys_only(page) as hands:
        yield hands


@pytest.fixture
def picture(page: Page) -> Callable[[str], None]:
    """Take a picture of the page for the README, where ANABRANCH_PICTURES names a folder (`docs/images`)."""
    folder = os.environ.get("ANABRANCH_PICTURES")

    def take(name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take
