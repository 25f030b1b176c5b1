"""The content security policy, and that our own pages and Django's admin live with it."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from flows_ui.middleware import POLICY
from tests.rows import make_user
from tests.ui.conftest import client_of


class InlineScripts(HTMLParser):
    """Collects what the policy would not let run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.found.append("<script>")
        self.found += [name for name in given if name.startswith("on")]
        if (given.get("href") or "").startswith("javascript:"):
            self.found.append("javascript: link")


def inline_scripts(page: str) -> list[str]:
    parser = InlineScripts()
    parser.feed(page)
    return parser.found


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/sign-in/", "/nothing/", "/api/v1/flows/"])
def test_pages_and_api_carry_the_policy(address):
    assert Client().get(address)["Content-Security-Policy"] == POLICY


def test_scripts_come_from_here_only():
    assert "default-src 'self'" in POLICY
    assert "script-src" not in POLICY
    assert "unsafe-eval" not in POLICY


def test_no_page_has_an_inline_script(editor, flow, drawn_flow, flow_run, schedule):
    for address in (
        "/",
        "/projects/ours/",
        "/flows/new/",
        "/flows/ours/weekly-figures/",
        "/flows/ours/drawn/edit/",
        "/flows/ours/weekly-figures/schedules/new/",
        "/flow-runs/",
        f"/flow-runs/{flow_run.pk}/",
        "/schedules/",
        f"/schedules/{schedule.pk}/",
        "/nothing/",
    ):
        assert inline_scripts(editor.get(address).content.decode()) == [], address


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["admin:index", "admin:auth_user_changelist", "admin:auth_user_add"])
def test_the_admin_has_none_either(name):
    client = client_of(make_user(is_staff=True, is_superuser=True))
    assert inline_scripts(client.get(reverse(name)).content.decode()) == []


def test_nothing_is_loaded_from_elsewhere(editor, flow):
    page = editor.get("/flows/ours/weekly-figures/").content.decode()
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', page) == []
