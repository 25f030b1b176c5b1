"""Proving who one is: bearer tokens, sessions with their CSRF token, passwords, one-time links."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.api.sign_in import FAILURES_ALLOWED
from orchestrator.engine.sign_in import VALID_FOR, create_sign_in_link, redeem_sign_in_link
from orchestrator.engine.tokens import create_token
from orchestrator.models import ApiToken, Flow, SignInLink


def answer_for(token: str) -> int:
    return APIClient(headers={"authorization": token}).get("/api/v1/projects/").status_code


def test_a_token_signs_its_owner_in_and_is_kept_as_a_digest_only(editor: User) -> None:
    token = create_token(user=editor, now=timezone.now())

    kept = ApiToken.objects.get()

    assert token.startswith("anb_")
    assert token.startswith(kept.prefix)
    assert token not in (kept.prefix, kept.digest)
    assert answer_for(f"Bearer {token}") == answer_for(f"bearer {token}") == 200


@pytest.mark.parametrize("header", ["Bearer anb_wrong", "Bearer", "Bearer ", "Bearer \u00e9\u00e9", "Bearer a b c"])
def test_a_wrong_token_is_refused_with_a_challenge(header: str, db: None) -> None:
    answer = APIClient(headers={"authorization": header}).get("/api/v1/projects/")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_and_one_of_a_closed_account_are_refused(editor: User) -> None:
    expired = create_token(user=editor, now=timezone.now() - timedelta(days=2), lifetime=timedelta(days=1))
    good = create_token(user=editor, now=timezone.now(), lifetime=timedelta(days=1))

    assert (answer_for(f"Bearer {expired}"), answer_for(f"Bearer {good}")) == (401, 200)
    User.objects.filter(pk=editor.pk).update(is_active=False)
    assert answer_for(f"Bearer {good}") == 401


def test_a_session_needs_the_csrf_token_to_change_something(editor: User, flow: Flow) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(editor)

    refused = client.post("/api/v1/flow-runs/", {"flow": "ours/main"})

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert "CSRF" in refused.json()["message"]


def test_the_command_prints_a_token_that_works(editor: User) -> None:
    out = StringIO()

    call_command("create_token", editor.username, "--days", "3", stdout=out)

    assert answer_for(f"Bearer {out.getvalue().strip()}") == 200
    assert ApiToken.objects.get().expires_at is not None


@pytest.mark.parametrize("arguments", [["nobody"], ["{user}", "--days", "0"], ["{user}", "--days", "99999"]])
def test_the_command_says_why_it_makes_none(arguments: list[str], editor: User) -> None:
    with pytest.raises(CommandError):
        call_command("create_token", *(argument.format(user=editor.username) for argument in arguments))


def test_a_link_signs_the_first_superuser_in_once(db: None) -> None:
    now = timezone.now()
    token = create_sign_in_link(now=now).removeprefix("/sign-in/one-time/").rstrip("/")

    user = redeem_sign_in_link(token=token, now=now)

    assert user is not None
    assert (user.username, user.is_superuser, user.is_staff) == ("admin", True, True)
    assert not user.has_usable_password()
    assert redeem_sign_in_link(token=token, now=now) is None
    assert token not in SignInLink.objects.get().digest


def test_a_link_is_for_the_superuser_that_there_is(db: None) -> None:
    root = User.objects.create_superuser("root")
    token = create_sign_in_link(now=timezone.now()).split("/")[-2]

    assert authenticate(None, sign_in_token=token) == root
    assert User.objects.count() == 1


def test_nobody_becomes_superuser_by_having_the_name(db: None) -> None:
    impostor = User.objects.create_user("admin")
    token = create_sign_in_link(now=timezone.now()).split("/")[-2]

    user = redeem_sign_in_link(token=token, now=timezone.now())

    assert user is not None
    assert user != impostor
    impostor.refresh_from_db()
    assert not impostor.is_superuser


def test_an_old_link_and_a_wrong_one_sign_nobody_in(db: None) -> None:
    now = timezone.now()
    token = create_sign_in_link(now=now).split("/")[-2]

    assert redeem_sign_in_link(token=token, now=now + VALID_FOR) is None
    assert redeem_sign_in_link(token="wrong", now=now) is None
    assert redeem_sign_in_link(token="\udcff\0", now=now) is None
    assert redeem_sign_in_link(token=token, now=now) is not None


def test_passwords_cannot_be_guessed_without_end(db: None) -> None:
    cache.clear()
    User.objects.create_user("ada", password="a long password")

    def attempt(password: str, address: str = "10.0.0.1") -> AuthenticationForm:
        request = RequestFactory().post("/sign-in/", REMOTE_ADDR=address)
        form = AuthenticationForm(request, data={"username": "ada", "password": password})
        form.is_valid()
        return form

    for _ in range(FAILURES_ALLOWED):
        assert "Too many" not in str(attempt("wrong").errors)

    assert "Too many failed attempts" in str(attempt("a long password").errors)
    assert attempt("a long password", address="10.0.0.2").is_valid()
