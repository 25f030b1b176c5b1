"""Which sites may open our sockets: browsers let every site try, and send our cookies along."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from orchestrator.live.sockets import NOT_ALLOWED, Application, Receive, Scope, Send, close

_DEFAULT_PORTS = {"http": "80", "https": "443"}


class OwnOriginsOnly:
    """Refuse (HTTP 403) every socket that a page of another origin, or no page at all, asks for."""

    def __init__(self, inner: Application) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        secure = settings.HTTPS or scope.get("scheme", "ws") in {"wss", "https"}
        if is_own_origin(headers.get(b"origin", ""), host=headers.get(b"host", ""), secure=secure):
            await self.inner(scope, receive, send)
        else:
            await receive()
            await close(send, NOT_ALLOWED, "Pages of other sites may not open sockets here.")


def is_own_origin(origin: str, *, host: str, secure: bool) -> bool:
    """Return whether a page of `origin` is ours, where the browser asked `host` for the socket.

    `ANABRANCH_ORIGINS` lists ours where it is set. Else ours is the origin of the very host and port that is asked,
    if that is one of `ANABRANCH_HOSTS`.

    :param secure: the socket came by TLS, so the page must have, too
    """
    if settings.ORIGINS:
        return origin in settings.ORIGINS
    try:
        parts = urlsplit(origin)
        asked_as = parts.netloc.lower()
    except ValueError:
        return False
    if parts.scheme not in ({"https"} if secure else {"http", "https"}) or parts.path:
        return False
    name, _ = split_domain_port(host)
    if not validate_host(name, settings.ALLOWED_HOSTS):
        return False
    return _with_port(asked_as, parts.scheme) == _with_port(host.lower(), parts.scheme)


def _with_port(host: str, scheme: str) -> str:
    name, port = split_domain_port(host)
    return f"{name}:{port or _DEFAULT_PORTS[scheme]}"
