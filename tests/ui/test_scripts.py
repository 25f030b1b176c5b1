"""What the plain scripts of the pages do, in a real browser against the real server."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from orchestrator.core.states import State
from orchestrator.engine.sign_in import create_sign_in_link
from orchestrator.models import Flow, FlowRun, Schedule
from tests.rows import make_flow, make_flow_run, make_project
from tests.ui.conftest import schedule_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string"}, "rows": {"type": "integer"}, "columns": {"type": "array"}},
    "required": ["day"],
    "additionalProperties": False,
}


@pytest.fixture
def flow(transactional_db) -> Flow:
    return make_flow(make_project("ours"), "report", schema=SCHEMA)


def test_a_run_is_started_from_the_form_and_problems_stand_beside_their_fields(open_page):
    page = open_page("/flows/ours/report/")
    page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("rows").fill("many")
    dialog.get_by_label("columns").fill("[1,")
    dialog.get_by_role("button", name="Run version 1").click()
    expect(dialog.get_by_text("This is not JSON")).to_be_visible()
    dialog.get_by_label("columns").fill('["id"]')
    dialog.get_by_role("button", name="Run version 1").click()
    expect(dialog.get_by_text("'day' is required")).to_be_visible()
    expect(dialog.get_by_text("must be of type integer")).to_be_visible()
    expect(dialog.get_by_label("day")).to_be_focused()
    expect(dialog.get_by_label("rows")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("day").fill("monday")
    dialog.get_by_label("rows").fill("3")
    dialog.get_by_role("button", name="Run version 1").click()
    page.wait_for_url(re.compile(r"/flow-runs/[0-9a-f-]{36}/"))
    assert FlowRun.objects.get().parameters == {"day": "monday", "rows": 3, "columns": ["id"]}


def test_a_schedule_is_previewed_while_typing_and_saved(open_page):
    page = open_page("/flows/ours/report/schedules/new/")
    preview = page.locator("#preview")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    page.get_by_label("Cron line").fill("30 25 * * *")
    expect(page.get_by_text("'25' does not fit the field hour")).to_be_visible()
    expect(page.get_by_label("Cron line")).to_be_focused()
    page.get_by_label("Cron line").fill("30 2 * 3 0")
    page.get_by_label("Time zone").fill("US/Eastern")
    page.get_by_label("Not before").fill("2027-03-10T00:00")
    expect(preview).to_contain_text("At 02:30 on Sunday in March, US/Eastern time")
    expect(preview).to_contain_text("Sun, 14 Mar 2027, 03:30")
    expect(preview).to_contain_text("02:30 does not exist on that day; moved to 03:30")
    page.locator("[name=day]").fill("monday")
    page.get_by_role("button", name="Start scheduling").click()
    page.wait_for_url("**/flows/ours/report/")
    schedule = Schedule.objects.get()
    assert (schedule.cron, schedule.timezone) == ("30 2 * 3 0", "US/Eastern")
    assert schedule.start_at.isoformat() == "2027-03-10T05:00:00+00:00", "midnight in the schedule's zone"
    assert schedule.parameters == {"day": "monday"}


def test_it_is_asked_how_two_restricted_day_fields_go_together(open_page):
    page = open_page("/flows/ours/report/schedules/new/")
    rule = page.get_by_label("The line names days of the month and days of the week")
    expect(rule).to_be_hidden()
    page.get_by_label("Cron line").fill("0 9 1-7 * 2")
    rule.select_option(label="Both must match")
    expect(page.locator("#preview")).to_contain_text("on the 1st to 7th of the month, where that is Tuesday")


def test_a_schedule_is_paused_with_a_reason_resumed_and_deleted(open_page, flow):
    schedule_of(flow, parameters={"day": "monday"})
    page = open_page("/schedules/")
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Reason").fill("the source moves")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("table").get_by_text("the source moves")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing starts by itself yet")).to_be_visible()


def test_a_new_flow_opens_on_its_canvas(open_page):
    page = open_page("/flows/new/")
    page.locator("#name").fill("report")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("choose another name")).to_be_visible()
    page.locator("#name").fill("weekday report")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/flows/ours/weekday%20report/edit/")


def test_the_list_of_runs_follows_what_happens(open_page, flow):
    flow_run = make_flow_run(flow, State.RUNNING)
    FlowRun.objects.filter(pk=flow_run.pk).update(started_at=timezone.now() - timedelta(minutes=2))
    page = open_page("/flow-runs/")
    row = page.get_by_role("row").filter(has_text="ours/report")
    expect(row).to_contain_text("Running")
    expect(row).to_contain_text("2 min")
    FlowRun.objects.filter(pk=flow_run.pk).update(state=State.FAILED, ended_at=timezone.now(), message="No rows.")
    expect(row).to_contain_text("Failed", timeout=15_000)
    expect(row).to_contain_text("No rows.")


def test_the_theme_is_kept(open_page):
    page = open_page("/")
    page.get_by_label("Colours").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_a_one_time_link_signs_in_by_being_opened(start_web, page, transactional_db):
    web = start_web()
    page.goto(web.url + create_sign_in_link(now=timezone.now()))
    page.wait_for_url(web.url + "/")
    expect(page.get_by_text("You are in no project yet")).to_be_visible()


def test_nothing_runs_over_the_edge_of_a_phone(open_page, flow, page):
    page.set_viewport_size({"width": 360, "height": 740})
    schedule = schedule_of(flow, parameters={"day": "monday"})
    make_flow_run(flow, State.FAILED, message="A long sentence that says what went wrong, and where, and what to do.")
    for address in (
        "/",
        "/projects/ours/",
        "/flows/ours/report/",
        "/flow-runs/",
        "/schedules/",
        f"/schedules/{schedule.pk}/",
    ):
        open_page(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, address
