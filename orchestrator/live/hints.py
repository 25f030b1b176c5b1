"""Hints that something changed: they come through the channel layer, and may be lost, doubled or late."""

import asyncio
import logging
from uuid import UUID

from channels.layers import get_channel_layer

from orchestrator.dispatch import LIVE_GROUP

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0


async def listen(flow_run_id: UUID, changed: asyncio.Event) -> None:
    """Set `changed` at every hint that names the flow run, until cancelled.

    A broker that is down or hangs is tried again and again and never an error: whoever waits for `changed` looks
    from time to time without having been told.
    """
    while True:
        try:
            await _listen(flow_run_id.hex, changed)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the socket lives on
            logger.warning("No hints (%s); looking without them, next try in %s s.", error, RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


async def _listen(concerned: str, changed: asyncio.Event) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    try:
        await layer.group_add(LIVE_GROUP, channel)
        # What was committed before the subscription stood has sent its hint to nobody.
        changed.set()
        while True:
            hint = await layer.receive(channel)
            if concerned in hint["ids"]:
                changed.set()
    finally:
        await layer.group_discard(LIVE_GROUP, channel)
