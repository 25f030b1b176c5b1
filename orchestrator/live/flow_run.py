"""The socket of one flow run: first all of it, then numbered changes, and a heartbeat in between."""

import asyncio
import json
import logging
from time import monotonic
from typing import Any, NoReturn

from channels.db import database_sync_to_async

from orchestrator.live.follower import Follower, NotSignedIn, NotVisible
from orchestrator.live.hints import listen
from orchestrator.live.sockets import (
    BROKEN,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    Receive,
    Scope,
    Send,
    accept,
    close,
    disconnected,
)

logger = logging.getLogger(__name__)


class FlowRunSocket:
    """Talks to one client. What changed is always read from the rows; hints only say when to look."""

    # Hints that come closer together than this share one look.
    COALESCE_SECONDS = 0.1
    # Without any hint, everything is compared this often.
    LOOK_SECONDS = 5.0
    HEARTBEAT_SECONDS = 15.0
    # What a broker that hangs gets for being told that we no longer listen.
    GOODBYE_SECONDS = 1.0

    def __init__(self, follower: Follower, send: Send) -> None:
        self.follower = follower
        self.send = send
        self.sequence = 0
        self.hinted = asyncio.Event()

    @classmethod
    async def serve(cls, scope: Scope, receive: Receive, send: Send) -> None:
        """Be the ASGI application of the address."""
        flow_run_id = scope["url_route"]["kwargs"]["flow_run_id"]
        socket = cls(Follower(scope["session"].session_key, flow_run_id), send)
        await accept(receive, send)
        listening = asyncio.create_task(listen(flow_run_id, socket.hinted))
        talking = asyncio.create_task(socket.talk())
        leaving = asyncio.create_task(disconnected(receive))
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in (listening, talking, leaving):
                part.cancel()
            await asyncio.wait({listening, talking, leaving}, timeout=cls.GOODBYE_SECONDS)

    async def talk(self) -> None:
        """Send until the client may not see the flow run (any more), or something breaks; then close."""
        try:
            await close(self.send, *await self._until_refused())
        except OSError:
            # The client has gone in the middle of a message.
            return
        except Exception:
            # The client comes back by itself and gets a new snapshot.
            logger.exception("The socket of flow run %s broke.", self.follower.flow_run_id)
            await close(self.send, BROKEN, "The server could not read the flow run; try again.")

    async def _until_refused(self) -> tuple[int, str]:
        try:
            await self._send_snapshot()
        except NotSignedIn:
            return NOT_SIGNED_IN, "Sign in first."
        except NotVisible:
            return NOT_FOUND, "There is no such flow run."
        try:
            await self._send_changes()
        except (NotSignedIn, NotVisible):
            return NOT_ALLOWED, "You may no longer see this flow run."

    async def _send_snapshot(self) -> None:
        document = await database_sync_to_async(self.follower.snapshot)()
        await self._say("snapshot", flow_run=document)

    async def _send_changes(self) -> NoReturn:
        look_at = monotonic() + self.LOOK_SECONDS
        beat_at = monotonic() + self.HEARTBEAT_SECONDS
        while True:
            await self._hint_or(min(look_at, beat_at))
            if everything := monotonic() >= look_at:
                look_at = monotonic() + self.LOOK_SECONDS
            if everything or self.hinted.is_set():
                self.hinted.clear()
                await self._look(everything=everything)
            if monotonic() >= beat_at:
                beat_at = monotonic() + self.HEARTBEAT_SECONDS
                await self._say("heartbeat")
            await asyncio.sleep(self.COALESCE_SECONDS)

    async def _hint_or(self, deadline: float) -> None:
        """Return at the next hint, at the latest at `deadline`."""
        try:
            await asyncio.wait_for(self.hinted.wait(), timeout=max(0.0, deadline - monotonic()))
        except TimeoutError:
            return

    async def _look(self, *, everything: bool) -> None:
        change = await database_sync_to_async(self.follower.changes)(everything=everything)
        if change:
            self.sequence += 1
            await self._say("change", flow_run=change.flow_run, task_runs=change.task_runs)

    async def _say(self, kind: str, **content: Any) -> None:
        text = json.dumps({"type": kind, "sequence": self.sequence, **content})
        await self.send({"type": "websocket.send", "text": text, "bytes": None})
