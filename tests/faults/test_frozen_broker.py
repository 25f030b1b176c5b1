"""Valkey hangs, connections open, nothing answers: no request waits for it, and what was started goes on afterwards."""

import json
import time
import urllib.request
from collections.abc import Mapping

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.registration import register_apps
from orchestrator.engine.tokens import create_token
from orchestrator.models import FlowRun
from tests.processes import eventually

pytestmark = [pytest.mark.workers, pytest.mark.timeout(180)]

LONGEST_SECONDS = 1.0
PAGES = ["/livez", "/sign-in/", "/", "/flow-runs/", "/flows/examples/A/", "/schedules/"]


def ask(url: str, headers: Mapping[str, str], body: object = None) -> tuple[bytes, float]:
    """Return the answer and the seconds that it took."""
    data = None if body is None else json.dumps(body).encode()
    began = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(url, data, dict(headers)), timeout=30) as answer:
        return answer.read(), time.monotonic() - began


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create_superuser("person")


def signed_in(person: User) -> dict[str, str]:
    client = Client()
    client.force_login(person)
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())}


def test_a_frozen_broker_holds_up_no_request_and_the_runs_go_on_when_it_is_back(
    start_web, start_worker, start_beat, valkey, person, monkeypatch
):
    monkeypatch.setenv("ANABRANCH_RECOVER_SECONDS", "1")
    register_apps(now=timezone.now())
    token = create_token(user=person, now=timezone.now())
    by_token = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    worker = start_worker(wait=False)
    web = start_web()
    start_beat()
    worker.wait_until_ready()
    order = {"flow": "examples/A", "parameters": {"seconds": 0}}
    runs = f"{web.url}/api/v1/flow-runs/"
    for page in PAGES:
        ask(web.url + page, signed_in(person))
    ask(runs, by_token, order)

    valkey.pause()
    took = {page: ask(web.url + page, signed_in(person))[1] for page in PAGES}
    # The first finds connections open; the next ones find what the first left behind.
    started = [ask(runs, by_token, order) for _ in range(5)]
    valkey.resume()

    slow = {page: seconds for page, seconds in took.items() if seconds > LONGEST_SECONDS}
    assert slow == {}
    assert [seconds for _, seconds in started if seconds > LONGEST_SECONDS] == []
    ids = [json.loads(answer)["id"] for answer, _ in started]
    ended = FlowRun.objects.filter(pk__in=ids, state=State.SUCCESS)
    eventually(lambda: ended.count() == len(ids), within=60, else_say="all of them end")
