"""What waits for a person is answered, and a run is restarted from a task: by mouse, then by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]

ASKING_APP = "tests.e2e.asking_app"


@pytest.fixture
def asking_app(settings, monkeypatch, transactional_db) -> None:
    """An app of another team beside the examples, known to the processes that are started after it."""
    monkeypatch.setenv("ANABRANCH_APPS", f"examples,{ASKING_APP}")
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, ASKING_APP]


def test_an_approval_is_answered_by_mouse_then_restarted_from_a_task_and_answered_by_keyboard(
    asking_app, site, signed_in, picture
):
    page = signed_in
    page.goto(f"{site.url}/flows/asking_app/release/")
    page.get_by_role("button", name="Run", exact=True).click()
    run = RunPage(page)
    page.get_by_role("button", name="Run version 1").click()
    run.expect_card("Release-1", "Paused")
    expect(run.header).to_contain_text("Release waits for approval by an operator, until ")

    page.goto(site.url)
    page.get_by_role("region", name="Waits for you").get_by_role("link", name="Release").click()
    panel = page.get_by_role("region", name="Answer")
    expect(panel).to_contain_text("Ship these rows?")
    picture("approval")
    panel.get_by_role("button", name="Reject").click()
    expect(panel.get_by_role("alert")).to_contain_text("Say why you reject it")
    panel.get_by_label("rows").fill("7")
    panel.get_by_label("Reason").fill("checked twice")
    panel.get_by_role("button", name="Approve").click()

    run.expect_state("Success")
    page.get_by_role("button", name="Close").click()
    details = page.get_by_role("region", name="Flow run", exact=True)
    expect(details).to_contain_text("shipped 7 rows north, as admin said: checked twice")

    keyboard = page.keyboard
    page.locator(".canvas-wrap").focus()
    keyboard.press("ArrowRight")
    expect(page.get_by_role("region", name="Task run count")).to_be_visible()
    keyboard.press("Shift+R")
    expect(page.get_by_role("dialog")).to_contain_text("count and everything after it run again")
    keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    run.expect_card("Release-1", "Paused")
    keyboard.press("y")
    expect(panel.get_by_label("place")).to_be_visible()
    panel.get_by_label("Reason").focus()
    keyboard.type("once more")
    keyboard.press("Enter")

    run.expect_state("Success")
    keyboard.press("Escape")
    expect(details).to_contain_text("shipped 5 rows north, as admin said: once more")
    expect(details.get_by_role("region", name="History")).to_contain_text("Restarted by admin from count.")
