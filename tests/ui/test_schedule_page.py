"""The page of a schedule in a real browser: kinds of clocks, rules, backfills."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.engine.backfilling import create_backfill
from orchestrator.models import Backfill, Flow, FlowRun, Schedule
from tests.rows import ROWS_SCHEMA, make_flow, make_project
from tests.ui.conftest import schedule_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# Names of the form's own fields, which a flow may use for its parameters too.
NAMES = ("kind", "cron", "dates", "days", "rules", "since")
SCHEMA = {**ROWS_SCHEMA, "properties": {name: {"type": "string"} for name in NAMES}}


@pytest.fixture
def flow(transactional_db) -> Flow:
    return make_flow(make_project("ours"), "report", schema=SCHEMA)


def saved(page: Page) -> Schedule:
    page.get_by_role("button", name="Start scheduling").or_(page.get_by_role("button", name="Save")).click()
    page.wait_for_url("**/flows/ours/report/")
    return Schedule.objects.get()


def test_an_interval_is_made_and_read_back(open_page):
    page = open_page("/flows/ours/report/schedules/new/")
    page.get_by_label("It starts").select_option("interval")
    expect(page.get_by_label("Cron line")).to_be_hidden()
    page.get_by_label("Every", exact=True).fill("90")
    page.get_by_label("Unit").select_option("minutes")
    page.get_by_label("Time zone").fill("US/Eastern")
    page.get_by_label("Not before").fill("2027-03-13T23:30")
    expect(page.locator("#preview")).to_contain_text("Every 1 hour and 30 minutes from 13 Mar 2027, 23:30 on")
    expect(page.locator("#preview li").nth(2)).to_contain_text("Sun, 14 Mar 2027, 03:30")
    schedule = saved(page)
    assert (schedule.kind, schedule.interval_seconds, schedule.cron) == ("interval", 5400, "")

    open_page(f"/schedules/{schedule.pk}/")
    expect(page.get_by_label("Every", exact=True)).to_have_value("90")
    expect(page.get_by_label("Unit")).to_have_value("60")
    assert saved(page).start_at == schedule.start_at


def test_dates_are_written_one_a_line_in_the_schedules_zone(open_page):
    page = open_page("/flows/ours/report/schedules/new/")
    page.get_by_label("It starts").select_option("dates")
    page.get_by_label("Time zone").fill("US/Eastern")
    page.get_by_label("Dates", exact=True).fill("2098-12-24 8:00\n2099-07-01 08:00\nsoon")
    expect(page.get_by_text("wrong format").first).to_be_visible()
    page.get_by_label("Dates", exact=True).fill("2098-12-24 08:00\n\n2099-07-01 08:00\n")
    expect(page.locator("#preview li")).to_have_count(2)
    schedule = saved(page)
    assert schedule.dates == [datetime(2098, 12, 24, 13, tzinfo=UTC), datetime(2099, 7, 1, 12, tzinfo=UTC)]

    open_page(f"/schedules/{schedule.pk}/")
    expect(page.get_by_label("Dates", exact=True)).to_have_value("2098-12-24 08:00\n2099-07-01 08:00")


def test_simple_rules_are_chosen_and_others_are_kept(open_page, flow):
    other = {"name": "on_date", "month": 12, "day": 24}
    schedule = schedule_of(flow, "0 * * * *", rules={"not_filters": [other]})
    page = open_page(f"/schedules/{schedule.pk}/")
    expect(page.get_by_text("Further rules of this schedule")).to_be_visible()
    page.get_by_label("Only on").select_option("Monday to Friday")
    page.get_by_label("Only from").fill("09:00")
    page.get_by_label("to", exact=True).fill("17:00")
    page.get_by_label("What falls on a weekend").select_option("moves to Monday")
    expect(page.locator("#preview")).to_contain_text(
        "only on Monday to Friday and from 09:00 to 17:00, not on 24 December, moved to Monday"
    )
    rules = saved(page).rules
    assert rules == {
        "filters": [{"name": "is_weekday"}, {"name": "between_times", "start": "09:00", "end": "17:00"}],
        "not_filters": [other],
        "adjustments": [{"name": "next_weekday"}],
    }

    open_page(f"/schedules/{schedule.pk}/")
    expect(page.get_by_label("Only from")).to_have_value("09:00")
    page.get_by_label("Only on").select_option("any day")
    page.get_by_label("What falls on a weekend").select_option("starts then")
    rules = saved(page).rules
    assert rules == {"filters": [{"name": "between_times", "start": "09:00", "end": "17:00"}], "not_filters": [other]}


def test_a_backfill_is_planned_started_and_cancelled_by_keyboard(open_page, flow):
    schedule = schedule_of(flow, "0 2 * * *", timezone="US/Eastern", rules={"filters": [{"name": "is_weekday"}]})
    page = open_page(f"/schedules/{schedule.pk}/")
    page.get_by_label("From", exact=True).fill("2026-10-29T00:00")
    page.get_by_label("To", exact=True).fill("2026-11-03T23:59")
    plan = page.locator("[data-plan]")
    expect(plan).to_contain_text("4 fire times to run.")
    expect(plan.get_by_role("listitem").nth(2)).to_contain_text("Mon, 2 Nov 2026, 02:00")
    expect(plan.get_by_role("listitem").nth(2)).to_contain_text("UTC-05:00")
    assert not FlowRun.objects.exists()
    page.get_by_label("Runs at a time").fill("2")
    page.keyboard.press("Enter")

    expect(page.get_by_text("0 of 4 ended")).to_be_visible()
    assert FlowRun.objects.count() == 2
    cancel = page.get_by_role("button", name="Cancel backfill").first
    cancel.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Its runs that have not ended").select_option("are cancelled too")
    dialog.get_by_role("button", name="Cancel backfill").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 4 ended")).to_be_visible()
    expect(page.locator("#backfill-list").get_by_text("cancelled", exact=True)).to_be_visible()
    assert Backfill.objects.get().state == "cancelled"


def test_a_backfill_may_have_other_parameters(open_page, flow):
    schedule = schedule_of(flow, "0 2 * * *", parameters={"kind": "daily"})
    page = open_page(f"/schedules/{schedule.pk}/")
    page.get_by_role("button", name="Since yesterday").click()
    page.get_by_text("With other parameters than the schedule's").click()
    fields = page.get_by_role("group", name="Parameters of the backfill")
    expect(fields.get_by_label("kind")).to_have_value("daily")
    fields.get_by_label("kind").fill("again")
    page.get_by_role("button", name="Start backfill").click()
    expect(page.get_by_text(re.compile("of [12] ended"))).to_be_visible()
    assert FlowRun.objects.first().parameters == {"kind": "again"}
    assert Schedule.objects.get().parameters == {"kind": "daily"}


def test_a_range_that_cannot_be_backfilled_is_said_beside_the_field(open_page, flow):
    schedule = schedule_of(flow, "0 2 * * *")
    page = open_page(f"/schedules/{schedule.pk}/")
    page.get_by_label("From", exact=True).fill("2026-11-03T00:00")
    page.get_by_label("To", exact=True).fill("2026-11-02T00:00")
    expect(page.get_by_text("The range ends before it begins.")).to_be_visible()
    expect(page.get_by_role("button", name="Start backfill")).to_be_disabled()


def test_progress_keeps_up_without_reloading(open_page, flow):
    schedule = schedule_of(flow, "0 2 * * *")
    now = timezone.now()
    backfill = create_backfill(
        schedule=schedule, since=now - timedelta(days=4), until=now, max_concurrent=1, user=None, now=now
    )
    page = open_page(f"/schedules/{schedule.pk}/")
    expect(page.get_by_text("0 of 4 ended")).to_be_visible()
    run = FlowRun.objects.get()
    FlowRun.objects.filter(pk=run.pk).update(state="Success", ended_at=now)
    Backfill.objects.filter(pk=backfill.pk).update(max_concurrent=3)
    expect(page.get_by_text("1 of 4 ended")).to_be_visible()


def test_a_schedule_that_cannot_start_its_flow_says_so_wherever_it_is_shown(open_page, flow):
    schedule = schedule_of(flow)
    flow.latest_version.parameter_schema = {**SCHEMA, "required": ["kind"]}
    flow.latest_version.save()
    for address in ("/schedules/", "/flows/ours/report/", f"/schedules/{schedule.pk}/"):
        expect(open_page(address).get_by_text("Parameter 'kind' is required")).to_be_visible()
