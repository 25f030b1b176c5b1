"""Signing in and out."""

import pytest
from django.test import Client
from django.utils import timezone

from orchestrator.api.sign_in import FAILURES_ALLOWED
from orchestrator.engine.sign_in import create_sign_in_link
from tests.rows import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


def test_a_password_signs_in_and_leads_back():
    person, client = make_user(password=PASSWORD), Client()
    answer = client.post("/sign-in/", {"username": person.username, "password": PASSWORD, "next": "/schedules/"})
    assert answer.url == "/schedules/"
    assert client.get("/").status_code == 200


def test_a_wrong_password_is_said_without_telling_which_part_is_wrong():
    answers = [
        Client().post("/sign-in/", {"username": username, "password": "wrong"}).content.decode()
        for username in (make_user(password=PASSWORD).username, "nobody")
    ]
    assert all("enter a correct username and password" in answer for answer in answers)


def test_guessing_is_stopped_and_the_page_says_so():
    person = make_user(password=PASSWORD)
    for _ in range(FAILURES_ALLOWED):
        Client().post("/sign-in/", {"username": person.username, "password": "wrong"})
    answer = Client().post("/sign-in/", {"username": person.username, "password": PASSWORD})
    assert "Too many failed attempts" in answer.content.decode()


def test_nobody_is_led_to_another_site():
    person = make_user(password=PASSWORD)
    given = {"username": person.username, "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/sign-in/", given).url == "/"


def test_signing_out_needs_a_post():
    client = Client()
    client.force_login(make_user())
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get("/").status_code == 302


def test_a_one_time_link_signs_in_once_and_only_when_posted():
    link = create_sign_in_link(now=timezone.now())
    curious = Client()
    assert curious.get(link).status_code == 200
    assert curious.get("/").status_code == 302, "looking at the link neither signs in nor uses it up"
    client = Client()
    assert client.post(link).url == "/"
    assert client.get("/").status_code == 200
    again = Client().post(link)
    assert again.status_code == 403
    assert "It was used already" in again.content.decode()


def test_a_made_up_link_signs_nobody_in():
    client = Client()
    assert client.post("/sign-in/one-time/made-up/").status_code == 403
    assert client.get("/").status_code == 302


def test_the_link_is_not_remembered_by_caches():
    assert "no-store" in Client().get("/sign-in/one-time/anything/")["Cache-Control"]


def refused(address: str, **headers: str) -> str:
    """Post a form with a session's cookie and without its token; return the page that says why that is refused."""
    client = Client(enforce_csrf_checks=True)
    client.get("/sign-in/")
    answer = client.post(address, {}, headers=headers)
    assert answer.status_code == 403
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/sign-in/", "/sign-in/one-time/anything/", "/admin/login/?next=/admin/"])
def test_a_form_that_is_too_old_says_so_and_can_be_loaded_again(address):
    page = refused(address)
    assert "open for too long" in page
    assert f'href="{address}">Load the page again' in page


def test_a_refused_sign_out_leads_to_a_page_that_is_there():
    page = refused("/sign-out/")
    assert "open for too long" in page
    assert "Load the page again" not in page


def test_a_form_without_a_cookie_says_that_cookies_are_needed():
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {})
    assert answer.status_code == 403
    assert "Allow cookies for this site" in answer.content.decode()


def test_a_form_from_an_unknown_address_names_it_and_the_setting():
    page = refused("/sign-in/", origin="https://flows.example")
    assert "https://flows.example" in page
    assert "ANABRANCH_ORIGINS" in page


def test_who_may_not_is_told_who_they_are_and_can_sign_in_as_another():
    client = Client()
    person = make_user(is_staff=True)
    client.force_login(person)
    answer = client.get("/admin/orchestrator/project/")
    assert answer.status_code == 403
    assert f"You are signed in as <strong>{person.username}</strong>" in answer.content.decode()
    assert 'action="/sign-out/"' in answer.content.decode()


def test_the_admin_panel_is_signed_in_to_on_the_same_page():
    person, client = make_user(password=PASSWORD, is_staff=True), Client()
    page = client.get("/admin/orchestrator/project/", follow=True).redirect_chain[-1][0]
    assert page == "/sign-in/?next=/admin/orchestrator/project/"
    answer = client.post("/sign-in/", {"username": person.username, "password": PASSWORD, "next": "/admin/"})
    assert answer.url == "/admin/"
    assert client.get("/admin/login/").url == "/admin/"


def test_who_may_not_open_the_admin_panel_is_told_so():
    client = Client()
    client.force_login(make_user())
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "You may not do this" in answer.content.decode()
