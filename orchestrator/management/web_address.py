"""Where the pages are served."""

import errno
import http.client
import socket
from dataclasses import dataclass


class PortTaken(Exception):
    """Another program listens where our pages should be."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A host and a port to listen on."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address to open on this machine, without a slash at the end."""
        host = self._local_host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def refuse_if_taken(self) -> None:
        """
        :raises PortTaken: we could not listen here
        """
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise PortTaken(
                f"Port {self.port} of {self.host} {reason}. Choose another: `make run PORT={self.port + 1}` or"
                f" `manage.py up --port {self.port + 1}`."
            ) from error

    def answers(self) -> bool:
        """Say whether a page is served here, whatever it says."""
        connection = http.client.HTTPConnection(self._local_host, self.port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    @property
    def _local_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
