"""Signing in by password or by a one-time link, as authentication backends of Django.

So whoever shows a page needs to know Django's own `authenticate` only.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from orchestrator.engine.sign_in import redeem_sign_in_link
from orchestrator.engine.tokens import digest

# Counted in each web process by itself (Django's local cache): n processes allow n times as many.
FAILURES_ALLOWED = 10
FORGOTTEN_AFTER_SECONDS = 15 * 60


class TooManyFailures(ValidationError):
    """Passwords of this account were guessed too often from this address; forms show it beside the fields."""

    def __init__(self) -> None:
        minutes = FORGOTTEN_AFTER_SECONDS // 60
        super().__init__(f"Too many failed attempts. Wait {minutes} minutes, then try again.", code="throttled")


class PasswordBackend(ModelBackend):
    """Know the person who gives the right password, unless too many wrong ones came before it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        """Return the person; None for a wrong name or password.

        :raises TooManyFailures: this account was tried with too many wrong passwords from this address
        """
        if username is None or password is None:
            return None
        key = f"failed-sign-in:{request.META.get('REMOTE_ADDR') if request else ''}:{digest(username.lower())}"
        if cache.get(key, 0) >= FAILURES_ALLOWED:
            raise TooManyFailures
        user = super().authenticate(request, username=username, password=password)
        if user is None:
            cache.set(key, cache.get(key, 0) + 1, FORGOTTEN_AFTER_SECONDS)
        else:
            cache.delete(key)
        return user


class SignInLinkBackend(ModelBackend):
    """Know the person whom an unused one-time link signs in: `authenticate(request, sign_in_token=...)`."""

    def authenticate(  # type: ignore[override] # a backend names what it takes; Django calls those that fit
        self, request: HttpRequest | None, sign_in_token: str | None = None, **credentials: Any
    ) -> User | None:
        """Return the person and use the link up; None without a token, or where the link is used, old or unknown."""
        return redeem_sign_in_link(token=sign_in_token, now=timezone.now()) if sign_in_token else None
