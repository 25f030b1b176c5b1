"""One-time sign-in links: what `manage.py up` prints, so that no default password has to exist."""

import secrets
from datetime import datetime, timedelta
from itertools import chain, count

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.engine.tokens import digest
from orchestrator.models import SignInLink

VALID_FOR = timedelta(hours=24)
FIRST_SUPERUSER = "admin"


def create_sign_in_link(*, now: datetime) -> str:
    """Return the path of a link that signs a superuser in, once, within `VALID_FOR`.

    Where there is no active superuser yet, `admin` is created, without a password: until one is set, such a link is
    the only way in.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        SignInLink.objects.filter(expires_at__lte=now).delete()
        SignInLink.objects.create(user=_superuser(), digest=digest(token), expires_at=now + VALID_FOR)
    return f"/sign-in/one-time/{token}/"


def redeem_sign_in_link(*, token: str, now: datetime) -> User | None:
    """Return the person whom the link signs in; None if it is unknown, used or too old. Of two at once, one wins."""
    fresh = SignInLink.objects.filter(digest=digest(token), used_at=None, expires_at__gt=now, user__is_active=True)
    if fresh.update(used_at=now) != 1:
        return None
    return SignInLink.objects.select_related("user").get(digest=digest(token)).user


def _superuser() -> User:
    found = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    return found or User.objects.create_superuser(_free_name(), password=None)


def _free_name() -> str:
    """Return `admin`, or `admin-2` and so on: nobody becomes a superuser by having taken that name before."""
    names = chain([FIRST_SUPERUSER], (f"{FIRST_SUPERUSER}-{number}" for number in count(2)))
    return next(name for name in names if not User.objects.filter(username=name).exists())
