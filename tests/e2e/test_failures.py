"""What a person sees and does when a flow fails, or has to stop."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.engine.drafts import create_canvas_flow, publish_draft, save_draft
from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.models import Flow, Origin, Project
from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]

FAILING_APP = "tests.e2e.failing_app"


@pytest.fixture
def failing_app(settings, monkeypatch, transactional_db) -> None:
    """An app of another team beside the examples, known to the processes that are started after it."""
    monkeypatch.setenv("ANABRANCH_APPS", f"examples,{FAILING_APP}")
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, FAILING_APP]


@pytest.fixture
def start_parts(failing_app, site):
    """Start the flow that reads many files."""

    def start(*paths: Path) -> str:
        flow = Flow.objects.get(name="parts")
        parameters = {"paths": [str(path) for path in paths]}
        started = start_flow_run(flow=flow, parameters=parameters, now=timezone.now(), origin=Origin.COMMAND)
        return f"{site.url}/flow-runs/{started.flow_run_id}/"

    return start


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Functions that are cancelled get a second to stop by themselves; so for processes started after it."""
    monkeypatch.setenv("ANABRANCH_CANCEL_GRACE_SECONDS", "1")


@pytest.fixture
def slow_chain(site) -> Flow:
    """A drawn flow of flows whose first child takes a minute; A, then B."""
    user = User.objects.create_superuser("painter")
    flow = create_canvas_flow(
        project=Project.objects.get(name="examples"), name="slow chain", description="", user=user
    )
    seconds = {"kind": "object", "fields": {"seconds": {"kind": "literal", "value": 60}}}
    tasks = [
        {"slug": "Flow A-1", "name": "Flow A", "kind": "flow_run", "inputs": {"parameters": seconds}},
        {"slug": "Flow B-1", "name": "Flow B", "kind": "flow_run"},
    ]
    for task, name in zip(tasks, "AB", strict=True):
        task["flow"] = {"project": "examples", "name": name}
    graph = {"schema": 1, "tasks": tasks, "edges": [{"upstream": "Flow A-1", "downstream": "Flow B-1"}]}
    draft = save_draft(flow=flow, graph=graph, parameter_schema=None, revision=flow.draft.revision, user=user)
    publish_draft(flow=flow, revision=draft.revision, message="", user=user)
    return flow


def test_a_failure_says_what_failed_and_why_and_is_restarted_from_there(failing_app, site, signed_in, tmp_path):
    page, source = signed_in, tmp_path / "rows.csv"
    page.goto(f"{site.url}/flows/failing_app/nightly/")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_label("path").fill(str(source))
    run = RunPage(page)
    page.get_by_role("button", name="Run version 1").click()

    run.expect_state("Failed")
    why = page.get_by_role("alert")
    expect(why).to_contain_text("Flow load failed in read of failing_app/load: FileNotFoundError")
    expect(why).to_contain_text(str(source))
    run.expect_card("Flow load-1", "Failed")
    run.expect_card("Flow tell-1", "TriggerFailed")
    expect_the_traceback_in_the_logs_of_the_child(page)

    source.write_text("1,2,3")
    page.go_back()
    page.get_by_role("button", name="Restart from failed").click()
    run.expect_state("Success")
    run.expect_card("Flow tell-1", "Success")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("region", name="History")).to_contain_text("Restarted by admin")


def expect_the_traceback_in_the_logs_of_the_child(page: Page) -> None:
    page.get_by_role("alert").get_by_role("link", name="Open the run that failed").click()
    page.get_by_role("alert").get_by_role("button", name="Show read").click()
    panel = page.get_by_role("region", name="Task run read")
    expect(panel.get_by_role("tabpanel")).to_contain_text("FileNotFoundError")
    panel.get_by_role("tab", name="Logs").click()
    logs = panel.get_by_role("list", name="Logs")
    expect(logs).to_contain_text("reading ")
    expect(logs).to_contain_text("Traceback (most recent call last)")
    expect(logs).to_contain_text("return Path(path).read_text()")


def test_items_that_failed_are_mended_one_by_one(start_parts, signed_in, tmp_path):
    page = signed_in
    here, late, gone = (tmp_path / name for name in ("here", "late", "gone"))
    here.write_text("1")
    run = RunPage(page)
    page.goto(f"{start_parts(here, late, gone)}#read-1")
    run.expect_state("Failed")
    late.write_text("2")

    open_item(page, "Failed", 1)
    page.get_by_role("button", name="Restart this item…").click()
    dialog = page.get_by_role("dialog", name="Restart from read [1]?")
    expect(dialog).to_contain_text("The other items keep their ends.")
    dialog.get_by_role("button", name="Restart from here").click()
    expect(page.get_by_role("region", name="Task run read [1]").locator(".badge")).to_have_text("Success")
    run.expect_state("Failed")

    page.get_by_role("button", name="All items").click()
    open_item(page, "Failed", 2)
    page.get_by_role("button", name="Mark as…").click()
    dialog = page.get_by_role("dialog", name="Mark read [2]")
    dialog.get_by_label("Reason").fill("nobody needs it")
    dialog.get_by_role("button", name="Mark as Success").click()
    run.expect_state("Success")
    run.expect_card("read-1", "Success")


def open_item(page: Page, state: str, index: int) -> None:
    items = page.get_by_role("region", name="Items")
    items.get_by_role("button", name=state).first.click()
    items.get_by_role("button", name=f"[{index}]").click()


def test_a_run_is_cancelled_with_its_child_while_it_runs(impatient, site, signed_in, slow_chain):
    page = signed_in
    started = start_flow_run(flow=slow_chain, parameters={}, now=timezone.now(), origin=Origin.COMMAND)
    run = RunPage(page)
    page.goto(f"{site.url}/flow-runs/{started.flow_run_id}/")
    run.expect_card("Flow A-1", "Running")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel flow run").click()

    run.expect_state("Cancelled")
    run.expect_card("Flow A-1", "Cancelled")
    run.expect_card("Flow B-1", "Cancelled")
    expect(page.get_by_role("region", name="History")).to_contain_text("admin")
    page.get_by_role("link", name="Open child run of Flow A").click()
    run.expect_state("Cancelled")
