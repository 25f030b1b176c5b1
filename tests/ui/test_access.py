"""Who sees which page."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern

from flows_ui.urls import urlpatterns

OPEN = {"sign_in", "one_time_link", "admin_sign_in", "sign_out"}


@pytest.fixture
def addresses(flow, drawn_flow, flow_run, schedule) -> dict[str, str]:
    """Every page by its name, with real things in it."""
    return {
        "home": "/",
        "project": "/projects/ours/",
        "new_flow": "/flows/new/",
        "flow": "/flows/ours/weekly-figures/",
        "edit_flow": "/flows/ours/drawn/edit/",
        "new_schedule": "/flows/ours/weekly-figures/schedules/new/",
        "flow_runs": "/flow-runs/",
        "flow_run": f"/flow-runs/{flow_run.pk}/",
        "schedules": "/schedules/",
        "schedule": f"/schedules/{schedule.pk}/",
    }


def test_the_list_of_addresses_here_is_complete(addresses):
    names = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    assert names == addresses.keys() | OPEN


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(addresses):
    for address in addresses.values():
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer.url == f"/sign-in/?next={address}"


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_every_role_may_look_at_everything(addresses, role, request):
    client = request.getfixturevalue(role)
    for address in addresses.values():
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("name", ["project", "flow", "edit_flow", "new_schedule", "flow_run", "schedule"])
def test_what_belongs_to_others_cannot_be_told_from_what_does_not_exist(addresses, stranger, name):
    answer = stranger.get(addresses[name])
    assert answer.status_code == 404
    assert "you have no access to its project" in answer.content.decode()


def test_lists_leave_out_what_belongs_to_others(addresses, stranger):
    for name in ("home", "flow_runs", "schedules"):
        page = stranger.get(addresses[name]).content.decode()
        assert "ours/" not in page
        assert "weekly-figures" not in page


@pytest.mark.parametrize(
    "address",
    [
        "/projects/none/",
        "/flows/ours/none/",
        "/flows/ours/none/edit/",
        "/flow-runs/00000000-0000-0000-0000-000000000000/",
        "/flow-runs/not-an-id/",
        "/schedules/999999/",
        "/schedules/99999999999999999999999/",
        "/flows/ours/a%00b/",
        "/projects/a%00b/",
        "/nothing/",
    ],
)
def test_what_does_not_exist_is_a_helpful_404(project, editor, address):
    answer = editor.get(address)
    assert answer.status_code == 404
    assert "Nothing is here" in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["/flow-runs/?search=%00", "/projects/ours/?search=%00&page=x", "/schedules/?page=-1"]
)
def test_nonsense_in_the_address_is_put_up_with(project, editor, address):
    assert editor.get(address).status_code == 200


def test_code_flows_have_no_canvas_to_edit(flow, editor):
    assert editor.get("/flows/ours/weekly-figures/edit/").status_code == 404


def test_a_name_with_a_slash_has_its_pages(flow, editor):
    flow.name = "daily/report"
    flow.save()
    assert "daily/report" in editor.get("/flows/ours/daily%2Freport/").content.decode()
    assert editor.get("/flows/ours/daily/report/schedules/new/").status_code == 200


def offered(page: str) -> set[str]:
    """Return which of the things that change something the page offers."""
    marks = {
        "run": 'data-opens="run-dialog"',
        "edit": "/edit/",
        "new flow": "/flows/new/",
        "schedule": "/schedules/new/",
        "pause": 'data-opens="pause-',
        "delete": 'data-opens="delete-',
        "save": 'type="submit">Save',
    }
    return {name for name, mark in marks.items() if mark in page}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("viewer", set()),
        ("operator", {"run", "schedule", "pause", "delete", "save"}),
        ("editor", {"run", "schedule", "pause", "delete", "save", "new flow"}),
    ],
)
def test_pages_offer_what_the_role_may_do(addresses, role, expected, request):
    client = request.getfixturevalue(role)
    pages = [
        client.get(addresses[name]).content.decode() for name in ("home", "project", "flow", "schedules", "schedule")
    ]
    assert offered("".join(pages)) == expected


def test_a_viewer_gets_no_form_for_a_new_flow(viewer, project):
    assert "You are editor in no project" in viewer.get("/flows/new/").content.decode()


def test_a_viewer_can_read_a_schedule_and_not_change_it(viewer, schedule):
    page = viewer.get(f"/schedules/{schedule.pk}/").content.decode()
    parts = re.findall(r'<fieldset class="fieldset [^>]*>', page)
    assert len(parts) == 2
    assert all(part.endswith(" disabled>") for part in parts)
    assert "Start backfill" not in page
