"""The addresses of the WebSockets."""

from channels.routing import URLRouter
from channels.sessions import SessionMiddlewareStack
from django.urls import path, re_path

from orchestrator.live.flow_run import FlowRunSocket
from orchestrator.live.origins import OwnOriginsOnly
from orchestrator.live.sockets import refuse_unknown_address

websocket = OwnOriginsOnly(
    SessionMiddlewareStack(
        URLRouter(
            [
                path("ws/flow-runs/<uuid:flow_run_id>/", FlowRunSocket.serve),  # type: ignore[arg-type] # an ASGI application
                re_path("", refuse_unknown_address),  # type: ignore[arg-type] # likewise
            ]
        )
    )
)
