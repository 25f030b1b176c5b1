"""A browser's end of a live socket."""

import asyncio
import json
import os
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from orchestrator.config.asgi import application
from orchestrator.dispatch import LIVE_GROUP

# The web process's own, set by that import; workers that tests start are to have none.
os.environ.pop("ANABRANCH_DB_POOL", None)

HOST = "localhost:8821"


class Page:
    """An open page that watches a flow run: `async with Page(flow_run.pk, user) as page`."""

    def __init__(
        self, flow_run_id: UUID | str, user: User | None, *, origin: str = f"http://{HOST}", host: str = HOST
    ) -> None:
        self.address = f"/ws/flow-runs/{flow_run_id}/"
        self.user = user
        self.headers = [(b"origin", origin.encode()), (b"host", host.encode())]

    async def __aenter__(self) -> "Page":
        if self.user:
            cookie = f"{settings.SESSION_COOKIE_NAME}={await sync_to_async(_sign_in)(self.user)}"
            self.headers.append((b"cookie", cookie.encode()))
        scope = {"type": "websocket", "path": self.address, "query_string": b"", "headers": self.headers}
        self.socket = ApplicationCommunicator(application, scope)
        await self.socket.send_input({"type": "websocket.connect"})
        self.accepted = (await self.socket.receive_output(timeout=5))["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.says(type="websocket.disconnect", code=1001)
        await self.socket.wait(timeout=5)

    async def says(self, **event: Any) -> None:
        """Send an event as the browser would."""
        await self.socket.send_input(event)

    async def next(self, within: float = 5) -> dict[str, Any]:
        """Return the next message."""
        event = await self.socket.receive_output(timeout=within)
        assert event["type"] == "websocket.send", event
        message: dict[str, Any] = json.loads(event["text"])
        return message

    async def next_change(self) -> dict[str, Any]:
        """Return the next message that is not a heartbeat."""
        while (message := await self.next())["type"] == "heartbeat":
            pass
        return message

    async def closed_with(self) -> int:
        """Return the code with which the server closes; what it says before does not matter."""
        while (event := await self.socket.receive_output(timeout=5))["type"] != "websocket.close":
            pass
        return int(event["code"])

    async def hears_nothing(self) -> bool:
        return bool(await self.socket.receive_nothing(timeout=0.5))


def _sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


async def hint(flow_run_id: UUID) -> None:
    """Say that something changed, as `dispatch` does after a commit."""
    await get_channel_layer().group_send(LIVE_GROUP, {"type": "flow_runs.changed", "ids": [flow_run_id.hex]})


async def subscribed(flow_run_id: UUID) -> None:
    """Return when the page's subscription stands, so that its own first look is over and only hints are left."""
    layer = get_channel_layer()
    group = f"anabranch__group__{LIVE_GROUP}"
    while not any(group in shard._subscribed_to for shard in layer._shards):
        await asyncio.sleep(0.01)
