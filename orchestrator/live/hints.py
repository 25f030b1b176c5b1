"""Hints that something changed: they come through the channel layer, and may be lost, doubled or late."""

import asyncio
import logging

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0


async def listen(group: str, changed: asyncio.Event) -> None:
    """Set `changed` at every hint to `group`, until cancelled.

    A broker that is down or hangs is tried again and again and never an error: whoever waits for `changed` looks
    from time to time without having been told.
    """
    while True:
        try:
            await _listen(group, changed)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the socket lives on
            logger.warning("No hints for %s (%s); looking without them, next try in %s s.", group, error, RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


async def _listen(group: str, changed: asyncio.Event) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    try:
        await layer.group_add(group, channel)
        # What was committed before the subscription stood has sent its hint to nobody.
        changed.set()
        while True:
            await layer.receive(channel)
            changed.set()
    finally:
        await layer.group_discard(group, channel)
