"""What every socket of ours does alike: how it opens, ends and refuses."""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

NOT_SIGNED_IN = 4401
NOT_ALLOWED = 4403
NOT_FOUND = 4404
BROKEN = 1011


async def accept(receive: Receive, send: Send) -> None:
    """Open the socket. A browser learns why a socket was closed only if it was open before."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})


async def close(send: Send, code: int, reason: str) -> None:
    """End the socket, telling the client why."""
    await send({"type": "websocket.close", "code": code, "reason": reason})


async def disconnected(receive: Receive) -> None:
    """Return when the client has gone. What it says meanwhile is not for us."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def refuse_unknown_address(scope: Scope, receive: Receive, send: Send) -> None:
    """Close a socket whose address means nothing."""
    await accept(receive, send)
    await close(send, NOT_FOUND, "There is nothing at this address.")
