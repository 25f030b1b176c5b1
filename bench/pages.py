"""W12: how long after its commit a state is on the page's socket."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from websockets.sync.client import ClientConnection, connect

from bench.measured import Measured
from bench.running import Running
from bench.runs import clear, flow_named, percentile, start
from orchestrator.core.states import TERMINAL

PATIENCE_SECONDS = 60.0


def measure(_samples: int, running: Running) -> Measured:
    """Give the milliseconds from each task run's end to its message, with little to tell; beside it with much."""
    clear()
    idle, _ = _lags("watched", running)
    busy, changes = _lags("watched-busy", running)
    measured = Measured([round(lag, 1) for lag in idle])
    measured.note("ms, 95th of 100, idle", percentile(idle, 0.95))
    measured.note(f"ms, 95th of 100, at {changes:.0f} changes a second", percentile(busy, 0.95))
    clear()
    return measured


def _lags(name: str, running: Running) -> tuple[list[float], float]:
    """Run a flow while a page watches it; return each end's lag in milliseconds, and how many changes came a second.

    A task run changes twice: it begins and it ends.
    """
    flow_run_id = start(flow_named(name))
    ended: dict[str, tuple[float, datetime]] = {}
    with _socket(flow_run_id, running) as socket:
        for arrived, message in _messages(socket):
            for task_run in message.get("task_runs", ()):
                if task_run["state"] in TERMINAL:
                    ended.setdefault(task_run["id"], (arrived, datetime.fromisoformat(task_run["ended_at"])))
            if message["type"] == "change" and message["flow_run"].get("state") in TERMINAL:
                break
    moments = sorted(moment.timestamp() for _, moment in ended.values())
    lags = [(arrived - moment.timestamp()) * 1000 for arrived, moment in ended.values()]
    return lags, 2 * len(moments) / (moments[-1] - moments[0])


@contextmanager
def _socket(flow_run_id: UUID, running: Running) -> Iterator[ClientConnection]:
    client = Client()
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True})
    client.force_login(user)
    address = f"{running.web.url.replace('http', 'ws', 1)}/ws/flow-runs/{flow_run_id}/"
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"
    with connect(address, origin=running.web.url, additional_headers={"Cookie": cookie}, max_size=None) as socket:
        yield socket


def _messages(socket: ClientConnection) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield when each message arrived, and what it says; what the snapshot says had ended before is left out.

    :raises TimeoutError: the flow run's end did not come in time
    """
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        text = socket.recv(timeout=give_up - time.monotonic())
        arrived, message = time.time(), json.loads(text)
        yield arrived, message
