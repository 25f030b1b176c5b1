"""What axe finds on the main pages, in both colour schemes."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.core.states import State
from orchestrator.engine.registration import register_apps
from orchestrator.engine.sign_in import create_sign_in_link
from orchestrator.models import FlowRun, Project, Schedule, TaskRun
from orchestrator.models.runs import TASK_RUN_STATES
from tests.rows import make_flow, make_flow_run

pytestmark = pytest.mark.e2e

AXE = Path(settings.BASE_DIR, "flows_ui", "frontend", "node_modules", "axe-core", "axe.min.js")


@pytest.fixture
def colourful(transactional_db) -> FlowRun:
    """A run with a task run in each state."""
    register_apps(now=timezone.now())
    slugs = [name.lower() for name, _ in TASK_RUN_STATES]
    run = make_flow_run(make_flow(Project.objects.get(name="examples"), "states", slugs=tuple(slugs)), State.FAILED)
    for slug, (state, _) in zip(slugs, TASK_RUN_STATES, strict=True):
        held = timezone.now() if state == State.RUNNING else None
        TaskRun.objects.filter(flow_run=run, slug=slug).update(state=state, message="What happened.", lease_until=held)
    return run


@pytest.fixture(params=["light", "dark"])
def scheme(request, page) -> str:
    page.emulate_media(color_scheme=request.param)
    return request.param


def test_nobody_is_kept_out(scheme, colourful, start_web, page):
    web = start_web()
    page.goto(f"{web.url}/sign-in/")
    found = violations(page)
    page.goto(web.url + create_sign_in_link(now=timezone.now()))
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    found += violations(page)
    for address, sign in {
        "/projects/examples/": "table",
        "/flows/examples/parent-flow/": ".task-card",
        "/flows/examples/A/schedules/new/": "#preview li",
        "/schedules/": "table",
        f"/schedules/{Schedule.objects.get().pk}/": "#backfill-form",
        "/flow-runs/": "table",
        "/flows/new/?project=examples": "main form",
        f"/flow-runs/{colourful.pk}/": ".task-card",
    }.items():
        page.goto(web.url + address)
        expect(page.locator(sign).first).to_be_visible()
        found += violations(page)
    page.locator(".task-card[data-state=Failed]").click()
    found += violations(page)
    found += violations_of_editor(web.url, page)
    assert found == []


def violations_of_editor(url: str, page: Page) -> list[str]:
    page.goto(f"{url}/flows/new/?project=examples")
    page.get_by_label("Name").fill("drawn")
    page.get_by_role("button", name="Create and open the canvas").click()
    expect(page.get_by_text("Compose a flow of flows")).to_be_visible()
    found = violations(page)
    page.get_by_role("button", name="Build A → (B, C) → D").click()
    page.locator(".task-card").first.click()
    found += violations(page)
    page.keyboard.press("c")
    expect(page.get_by_role("dialog")).to_be_visible()
    return found + violations(page)


def violations(page: Page) -> list[str]:
    """Return what axe takes for serious or critical on the page, with its place."""
    if not AXE.exists():
        pytest.skip("needs axe-core: make setup")
    page.evaluate(AXE.read_text())
    results: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{page.url}: {found['id']} ({found['impact']}): {json.dumps([node['target'] for node in found['nodes']])} "
        f"{found['nodes'][0]['failureSummary']}"
        for found in results["violations"]
        if found["impact"] in {"serious", "critical"}
    ]
