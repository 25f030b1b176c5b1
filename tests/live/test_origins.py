"""Which pages may open sockets."""

from typing import Any

import pytest

from orchestrator.live.origins import is_own_origin


@pytest.mark.parametrize(
    ("origin", "host", "secure", "own"),
    [
        ("http://localhost:8000", "localhost:8000", False, True),
        ("http://LOCALHOST:8000", "localhost:8000", False, True),
        ("http://localhost", "localhost:80", False, True),
        ("https://localhost", "localhost", True, True),
        ("https://localhost:443", "localhost", True, True),
        ("http://[::1]:8000", "[::1]:8000", False, True),
        # A proxy may end TLS before us, so an https page may come by a plain socket ...
        ("https://localhost", "localhost", False, True),
        # ... but not the other way round.
        ("http://localhost", "localhost", True, False),
        ("http://localhost:8000", "localhost:8001", False, False),
        ("http://localhost:8000", "127.0.0.1:8000", False, False),
        # A name that an attacker lets point to us is not one of our hosts.
        ("http://evil.example:8000", "evil.example:8000", False, False),
        ("http://user@localhost:8000", "localhost:8000", False, False),
        ("http://localhost:8000/path", "localhost:8000", False, False),
        ("ftp://localhost:8000", "localhost:8000", False, False),
        ("http://[::1", "[::1", False, False),
        ("null", "localhost:8000", False, False),
        ("", "localhost:8000", False, False),
        ("", "", False, False),
    ],
)
def test_our_origin_is_the_host_that_was_asked(origin: str, host: str, secure: bool, own: bool, settings: Any) -> None:
    settings.ORIGINS = []
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

    assert is_own_origin(origin, host=host, secure=secure) is own


def test_listed_origins_are_the_only_ones(settings: Any) -> None:
    settings.ORIGINS = ["https://flows.example"]

    assert is_own_origin("https://flows.example", host="localhost:8000", secure=False)
    assert not is_own_origin("http://flows.example", host="localhost:8000", secure=False)
    assert not is_own_origin("http://localhost:8000", host="localhost:8000", secure=False)
