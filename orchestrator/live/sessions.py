"""Who is behind a socket, asked anew each time: people sign out, and accounts are closed, while sockets are open."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from orchestrator.queries.access import Person


def signed_in_user(session_key: str | None) -> Person:
    """Return the person who is signed in with this session now; the anonymous one if nobody is."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request)
