"""A priority is given where a run is started, and where a flow is drawn."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.editor import Editor
from tests.processes import Web

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


def test_a_run_is_started_with_a_priority_of_its_own(site: Web, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/flows/examples/example/")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Priority").fill("500")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Run version 1").click()

    expect(page.get_by_label("Priority")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Priority").fill("20")
    page.get_by_role("button", name="Run version 1").click()

    expect(page.locator(".facts")).to_contain_text("Priority20")


def test_a_drawn_flow_has_a_priority_that_is_saved_and_published(site: Web, signed_in: Page) -> None:
    page = signed_in
    page.get_by_role("link", name="New flow of flows").click()
    page.get_by_label("Project").select_option("examples")
    page.get_by_label("Name").fill("urgent")
    page.get_by_role("button", name="Create and open the canvas").click()
    editor = Editor(page)
    editor.expect_saved()
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/draft/" in answer.url):
        page.get_by_label("Priority").fill("-5")
    editor.expect_saved()
    page.reload()

    expect(page.get_by_label("Priority")).to_have_value("-5")
