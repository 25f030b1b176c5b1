"""Bearer tokens of the API: made here, shown once, kept only as a digest."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from orchestrator.models import ApiToken

PREFIX = "anb_"
_SHOWN = 12


def create_token(*, user: User, now: datetime, lifetime: timedelta | None = None) -> str:
    """Return a fresh token that signs in as `user`. It cannot be read again: only its digest is kept.

    :param lifetime: None: it is good until it is deleted
    """
    token = PREFIX + secrets.token_urlsafe(32)
    expires_at = now + lifetime if lifetime else None
    ApiToken.objects.create(user=user, prefix=token[:_SHOWN], digest=digest(token), expires_at=expires_at)
    return token


def user_of_token(*, token: str, now: datetime) -> User | None:
    """Return the person whose token this is; None if there is no such token, or it or its owner is no longer good."""
    good = ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), digest=digest(token))
    found = good.filter(user__is_active=True).select_related("user").first()
    return found.user if found else None


def digest(secret: str) -> str:
    """Return what is kept in a secret's place. The secrets are random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
