"""Signing in by a one-time link, as an authentication backend of Django."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from orchestrator.engine.sign_in import redeem_sign_in_link


class SignInLinkBackend(ModelBackend):
    """Know the person whom an unused one-time link signs in: `authenticate(request, sign_in_token=...)`.

    So whoever shows the page needs to know Django's own `authenticate` only.
    """

    def authenticate(
        self, request: HttpRequest | None, sign_in_token: str | None = None, **credentials: Any
    ) -> User | None:
        """Return the person and use the link up; None without a token, or where the link is used, old or unknown."""
        return redeem_sign_in_link(token=sign_in_token, now=timezone.now()) if sign_in_token else None
