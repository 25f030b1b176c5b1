"""The OpenAPI document and its page, and the addresses for load balancers."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from tests.clients import client_of


def test_the_document_can_be_made_without_a_warning(tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.mktemp("openapi") / "schema.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))

    assert "/api/v1/flow-runs/{flow_run_id}/cancel/" in target.read_text()


def test_document_and_page_are_for_signed_in_people(api: APIClient) -> None:
    for address in ("/api/v1/schema/", "/api/v1/docs/"):
        assert client_of(None).get(address).status_code == 401
        assert api.get(address).status_code == 200


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_script(api: APIClient) -> None:
    page = api.get("/api/v1/docs/").content.decode()

    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S)
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert scripts
    assert all("src=" in attributes and not inline.strip() for attributes, inline in scripts)
    for address in loaded:
        assert address.startswith("/"), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
    script = api.get("/api/v1/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")


@pytest.mark.django_db
def test_liveness_and_readiness_are_open_at_their_exact_addresses(client: Client) -> None:
    assert client.get("/livez").content == b"ok"
    assert client.get("/readyz").json() == {"database": "ok", "broker": "ok"}
    for address in ("/livez/", "/readyz/x", "/api/v1/readyz"):
        assert client.get(address).status_code in {401, 404}


@pytest.mark.django_db
def test_a_broker_that_is_away_does_not_make_the_web_unready(client: Client, settings: object) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"  # type: ignore[attr-defined]

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["broker"]) == (200, "unreachable")


@pytest.mark.django_db
def test_a_database_that_is_away_is_said_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "django.db.connection.get_connection_params", lambda: {"host": "/nowhere", "dbname": "none"}, raising=False
    )

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_an_api_call_without_a_database_is_unavailable_not_broken(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("orchestrator.api.views.flows.projects_visible_to", away)

    answer = api.get("/api/v1/projects/")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "server closed" not in answer.content.decode()
