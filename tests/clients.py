"""Clients of the API, signed in or not."""

from django.contrib.auth.models import User
from rest_framework.test import APIClient


def client_of(user: User | None) -> APIClient:
    """Return a client that sends JSON, signed in as `user`."""
    client = APIClient()
    if user:
        client.force_login(user)
    return client
