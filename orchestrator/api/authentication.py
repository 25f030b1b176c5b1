"""Bearer tokens: `Authorization: Bearer anb_...`."""

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from orchestrator.engine.tokens import user_of_token


class TokenAuthentication(BaseAuthentication):
    """Sign in whoever sends a good bearer token. A request without one is left to the session."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = user_of_token(token=token.strip(), now=timezone.now())
        if user is None:
            raise AuthenticationFailed("This bearer token is unknown, has expired, or its account is closed.")
        return user, "token"

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
