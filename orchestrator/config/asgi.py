"""The ASGI entry point: HTTP by Django, WebSockets by Channels."""

import os
import warnings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")
# Under ASGI every request has a thread of its own, which would open a connection of its own: a pool hands them on.
os.environ.setdefault("ANABRANCH_DB_POOL", "20")

# WhiteNoise sends files by a plain iterator, which Django reads in a thread: nothing anybody could act on.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

from django.core.asgi import get_asgi_application  # noqa: E402 - the environment comes first

http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402 - Django's apps must be ready first

from orchestrator.live.routing import websocket  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websocket})
