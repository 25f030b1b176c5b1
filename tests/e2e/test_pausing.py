"""What a person sees and does when a run and the runs below it have to stand still for a while."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.engine.flow_runs import start_flow_run
from orchestrator.engine.registration import register_flow
from orchestrator.models import Flow, FlowRun, Origin
from orchestrator.sdk import Flow as WrittenFlow
from orchestrator.sdk import StartFlowRun, task
from tests.e2e.run_page import RunPage
from tests.processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


@task(queue="nobody")
def waits() -> None: ...


@pytest.fixture
def parent(site) -> FlowRun:
    """A run whose two child runs wait for a worker that never comes."""
    with WrittenFlow("long") as long:
        waits()
    with WrittenFlow("parent") as above:
        for name in ("north", "south"):
            StartFlowRun(flow_name="long", project_name="examples", wait=True)(task_args={"name": name})
    now = timezone.now()
    for flow in (long, above):
        register_flow(flow=flow, project="examples", now=now)
    started = start_flow_run(
        flow=Flow.objects.get(name="parent"), parameters={}, now=now, origin=Origin.PERSON, user=User.objects.get()
    )
    run = FlowRun.objects.get(pk=started.flow_run_id)
    eventually(lambda: children(run) == ["Pending", "Pending"], within=20)
    return run


def children(run: FlowRun) -> list[str]:
    return list(FlowRun.objects.filter(root_run=run).values_list("state", flat=True))


def test_a_run_is_paused_with_its_children_and_resumed_by_mouse(site, signed_in, parent):
    run = opened(site.url, signed_in, parent)
    run.header.get_by_role("button", name="Pause").click()
    run.expect_state("Paused")
    for name in ("north-1", "south-1"):
        expect(run.card(name)).to_contain_text("Child paused")
    assert children(parent) == ["Paused", "Paused"]

    run.page.get_by_role("link", name="Open child run of north").click()
    run.expect_state("Paused")
    expect(run.header).to_contain_text("Paused with its parent.")

    run.page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="examples/parent").click()
    run.header.get_by_role("button", name="Resume").click()
    run.expect_state("Running")
    expect(run.card("north-1")).not_to_contain_text("Child paused")
    assert children(parent) == ["Pending", "Pending"]


def test_a_run_is_paused_without_its_children_by_keyboard(site, signed_in, parent):
    run = opened(site.url, signed_in, parent)
    more = run.header.get_by_label("More", exact=True)
    more.focus()
    signed_in.keyboard.press("Enter")
    signed_in.keyboard.press("Tab")
    expect(run.header.get_by_role("button", name="Pause, but not its child runs")).to_be_focused()
    signed_in.keyboard.press("Enter")
    run.expect_state("Paused")
    assert children(parent) == ["Pending", "Pending"]

    signed_in.keyboard.press("p")
    run.expect_state("Running")
    signed_in.keyboard.press("p")
    run.expect_state("Paused")
    expect(run.card("south-1")).to_contain_text("Child paused")


def test_the_list_of_runs_and_the_page_of_a_run_say_what_stands_still_below(site, signed_in, parent):
    signed_in.goto(f"{site.url}/flow-runs/")
    row = signed_in.get_by_role("row").filter(has_text="examples/parent")
    expect(row).to_contain_text("No worker serves the queue nobody.")
    row.get_by_role("link", name="examples/parent").click()
    expect(signed_in.locator(".run-header")).to_contain_text(
        "Below, examples/long and 1 more: No worker serves the queue nobody."
    )


def opened(url: str, page: Page, flow_run: FlowRun) -> RunPage:
    run = RunPage(page)
    page.goto(f"{url}/flow-runs/{flow_run.pk}/")
    run.expect_state("Running")
    return run
