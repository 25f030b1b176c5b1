"""Clients of the live sockets, and the database connections that their threads keep."""

from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections


@pytest.fixture(autouse=True)
async def _close_what_the_sockets_opened() -> AsyncIterator[None]:
    """The sockets' thread and the channel layer keep connections that nobody else would close."""
    yield
    await sync_to_async(connections.close_all)()
    await get_channel_layer().flush()
