"""What failed is mended, and a schedule set and paused, by keyboard only; the focus is never lost on the way."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.keys import Keys
from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


@pytest.fixture
def failing_app(settings, monkeypatch, transactional_db) -> None:
    """An app whose flows fail where a file is missing, known to the processes that are started after it."""
    app = "tests.e2e.failing_app"
    monkeypatch.setenv("ANABRANCH_APPS", f"examples,{app}")
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, app]


def failed_run(page: Page, keys: Keys, *, without: Path) -> RunPage:
    """Run the flow of the page by keyboard, and return its run, which failed for want of a file."""
    run = RunPage(page)
    keys.follow(page.get_by_role("button", name="Run", exact=True))
    keys.write(page.get_by_label("path"), str(without))
    keys.press("Enter")
    run.expect_state("Failed")
    return run


def test_a_failed_run_is_restarted_with_other_parameters(failing_app, keys, signed_in, site, tmp_path):
    page = signed_in
    page.goto(f"{site.url}/flows/failing_app/load/")
    run = failed_run(page, keys, without=tmp_path / "missing")

    there = tmp_path / "there"
    there.write_text("1,2,3")
    more = page.locator("summary", has=page.locator("svg")).filter(visible=True).last
    keys.follow(more)
    keys.follow(page.get_by_role("button", name="Restart with other parameters…"))
    dialog = page.get_by_role("dialog", name="Restart this flow run?")
    expect(dialog.get_by_label("path")).to_be_focused()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(more).to_be_focused()

    keys.press("Enter")
    keys.follow(page.get_by_role("button", name="Restart with other parameters…"))
    keys.write(dialog.get_by_label("path"), str(there))
    keys.press("Enter")
    run.expect_state("Success")
    expect(dialog).to_have_count(0)
    keys.expect_focus_seen()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history.first).to_contain_text("Created by admin.")
    expect(history.filter(has_text="Restarted by admin")).to_have_count(1)


def test_a_failed_task_is_marked_a_success_and_what_follows_runs(failing_app, keys, signed_in, site, tmp_path):
    page = signed_in
    page.goto(f"{site.url}/flows/failing_app/nightly/")
    run = failed_run(page, keys, without=tmp_path / "missing")

    keys.follow(page.get_by_role("alert").get_by_role("button", name="Show Flow load"))
    panel = page.get_by_role("region", name="Task run Flow load")
    mark = panel.get_by_role("button", name="Mark as…")
    keys.follow(mark)
    dialog = page.get_by_role("dialog", name="Mark Flow load")
    expect(dialog.get_by_label("Mark as")).to_be_focused()
    keys.press("Escape")
    expect(mark).to_be_focused()

    keys.press("Enter")
    keys.write(dialog.get_by_label("Reason"), "loaded by hand")
    keys.press("Enter")
    run.expect_card("Flow load-1", "Success")
    run.expect_state("Success")
    run.expect_card("Flow tell-1", "Success")
    keys.expect_focus_seen()
    keys.follow(panel.get_by_role("button", name="Close"))
    expect(page.get_by_role("application", name="Canvas.")).to_be_focused()


def test_an_item_that_failed_is_looked_at_and_left_again(failing_app, keys, signed_in, site, tmp_path):
    page, run = signed_in, RunPage(signed_in)
    here = tmp_path / "here"
    here.write_text("1")
    page.goto(f"{site.url}/flows/failing_app/parts/")
    keys.follow(page.get_by_role("button", name="Run", exact=True))
    keys.write(page.get_by_label("paths"), f'["{here}", "{tmp_path / "gone"}"]')
    keys.follow(page.get_by_role("button", name="Run version 1"))
    run.expect_state("Failed")

    keys.follow(page.get_by_role("alert").get_by_role("button", name="Show read"))
    items = page.get_by_role("region", name="Items")
    expect(items.get_by_role("listitem")).to_have_count(1)
    expect(items.get_by_role("listitem")).to_contain_text("[1]")
    keys.follow(items.get_by_role("button", name="[1]"))
    expect(page.get_by_role("heading", name="read [1]")).to_be_focused()
    keys.follow(page.get_by_role("button", name="All items"))
    expect(page.get_by_role("heading", name="read", exact=True)).to_be_focused()
    keys.follow(items.get_by_role("button", name="All 2"))
    expect(items.get_by_role("listitem")).to_have_count(2)


def test_a_schedule_is_set_previewed_paused_and_resumed(keys, signed_in, site):
    page = signed_in
    page.goto(f"{site.url}/flows/examples/A/")
    keys.follow(page.get_by_role("link", name="Schedule", exact=True))
    keys.write(page.get_by_label("Cron line"), "30 9 * * 1-5")
    keys.write(page.get_by_label("Time zone"), "US/Eastern")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("At 09:30 on Monday to Friday, US/Eastern time")
    expect(preview.get_by_role("listitem")).to_have_count(5)
    expect(page.get_by_label("Time zone")).to_be_focused()
    keys.follow(page.get_by_role("button", name="Start scheduling"))
    page.wait_for_url("**/flows/examples/A/")

    keys.follow(page.get_by_role("link", name="At 09:30 on Monday to Friday, US/Eastern time"))
    pause, resume = (page.get_by_role("button", name=name, exact=True) for name in ("Pause", "Resume"))
    dialog = page.get_by_role("dialog")
    keys.follow(pause.first)
    expect(dialog.get_by_label("Reason")).to_be_focused()
    keys.press("Escape")
    expect(pause.first).to_be_focused()

    keys.press("Enter")
    keys.type("the source moves")
    keys.press("Enter")
    expect(page.get_by_text("Paused. the source moves")).to_be_visible()
    expect(resume).to_be_focused()
    keys.expect_focus_seen()
    keys.press("Enter")
    expect(pause.first).to_be_focused()
    keys.expect_focus_seen()
    expect(page.get_by_text("the source moves")).to_have_count(0)

    page.goto(f"{site.url}/schedules/")
    row = page.get_by_role("row").filter(has_text="examples/A")
    keys.follow(row.get_by_role("button", name="Pause"))
    keys.press("Enter")
    expect(row.get_by_role("button", name="Resume")).to_be_focused()
