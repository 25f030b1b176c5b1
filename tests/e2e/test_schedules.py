"""Schedules, from the flow's page to the run that one starts by itself."""

import re

import pytest
from playwright.sync_api import expect

from orchestrator.models import FlowRun
from tests.processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


def test_a_schedule_is_made_read_back_paused_and_resumed(site, signed_in):
    page = signed_in
    page.goto(f"{site.url}/flows/examples/A/")
    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_label("Cron line").fill("30 9 * * 1-5")
    page.get_by_label("Time zone").fill("US/Eastern")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("At 09:30 on Monday to Friday, US/Eastern time")
    times = preview.get_by_role("listitem")
    expect(times).to_have_count(5)
    for time in times.all():
        expect(time).to_contain_text(re.compile(r"(Mon|Tue|Wed|Thu|Fri), \d+ \w+ \d{4}, 09:30"))
        expect(time).to_contain_text(re.compile(r"UTC-0[45]:00"))
    page.get_by_role("button", name="Start scheduling").click()

    page.wait_for_url("**/flows/examples/A/")
    page.get_by_role("link", name="At 09:30 on Monday to Friday, US/Eastern time").click()
    expect(times).to_have_count(5)
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Reason").fill("the source moves")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused. the source moves")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_text("the source moves")).to_have_count(0)


@pytest.mark.timeout(150)
def test_a_schedule_that_is_due_in_the_next_minute_fires(site, signed_in):
    page = signed_in
    page.goto(f"{site.url}/flows/examples/A/schedules/new/")
    page.get_by_label("Cron line").fill("* * * * *")
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("textbox", name="seconds").fill("0.1")
    expect(page.locator("#preview")).to_contain_text("Every minute")
    page.get_by_role("button", name="Start scheduling").click()
    page.wait_for_url("**/flows/examples/A/")

    page.goto(f"{site.url}/flow-runs/")
    row = page.get_by_role("row").filter(has_text="examples/A")
    eventually(FlowRun.objects.filter(origin="schedule").exists, within=65, else_say="the schedule fires")
    page.reload()
    expect(row.get_by_role("link", name="Schedule")).to_be_visible()
    expect(row).to_contain_text("Success", timeout=15_000)
    run = FlowRun.objects.get()
    assert (run.scheduled_for.second, run.parameters) == (0, {"seconds": 0.1})


def test_a_week_is_backfilled_and_its_runs_know_their_days(site, signed_in):
    page = signed_in
    page.goto(f"{site.url}/flows/examples/A/schedules/new/")
    page.get_by_label("Cron line").fill("0 2 * * *")
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("textbox", name="seconds").fill("0.1")
    page.get_by_role("button", name="Start scheduling").click()
    page.wait_for_url("**/flows/examples/A/")
    page.get_by_role("link", name="At 02:00 every day, UTC").click()

    page.get_by_role("button", name="Last 7 days").click()
    expect(page.locator("[data-plan]")).to_contain_text(re.compile(r"[78] fire times to run\."))
    page.get_by_label("Runs at a time").fill("2")
    page.get_by_role("button", name="Start backfill").click()
    expect(page.get_by_text(re.compile(r"(\d) of \1 ended · \1 Success"))).to_be_visible(timeout=20_000)
    expect(page.locator("#backfill-list").get_by_text("finished")).to_be_visible(timeout=15_000)

    days = [run.scheduled_for.date() for run in FlowRun.objects.order_by("created_at", "scheduled_for")]
    assert days == sorted(set(days)), "in the order of their days, each once"
    page.goto(f"{site.url}/flow-runs/")
    expect(page.get_by_role("link", name="Backfill").first).to_be_visible()
