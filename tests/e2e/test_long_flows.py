"""Flows that are longer than a window: they open where there is something to read."""

from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from orchestrator.core.states import State
from orchestrator.engine.drafts import create_canvas_flow, save_draft
from orchestrator.models import Project, TaskRun
from tests.rows import make_flow, make_flow_run

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.workers,
    pytest.mark.browser_context_args(viewport={"width": 1440, "height": 900}),
]

SLUGS = tuple(f"step-{number}" for number in range(18))


def test_a_run_opens_at_its_beginning_or_where_it_failed_or_waits(site, signed_in):
    flow = make_flow(Project.objects.get(name="examples"), "long", slugs=SLUGS)
    done, failed, paused = (make_flow_run(flow, state) for state in (State.SUCCESS, State.FAILED, State.PAUSED))
    TaskRun.objects.update(state=State.SUCCESS)
    failed.task_runs.filter(slug="step-9").update(state=State.FAILED)
    paused.task_runs.filter(slug="step-17").update(state=State.PAUSED)

    expect_to_read(signed_in, f"{site.url}/flow-runs/{done.pk}/", "step-0")
    expect_to_read(signed_in, f"{site.url}/flow-runs/{failed.pk}/", "step-9")
    expect_to_read(signed_in, f"{site.url}/flow-runs/{failed.pk}/#step-14", "step-14")
    expect_to_read(signed_in, f"{site.url}/flow-runs/{paused.pk}/", "step-17")


def test_the_editor_opens_at_the_beginning_and_shows_all_of_what_fits(site, signed_in):
    draw("long", 18)
    draw("short", 4)
    expect_to_read(signed_in, f"{site.url}/flows/examples/long/edit/", "step-0")
    signed_in.get_by_role("button", name="Fit to window").click()
    expect(card(signed_in, "step-17")).to_be_in_viewport(ratio=0.99)

    expect_to_read(signed_in, f"{site.url}/flows/examples/short/edit/", "step-0")
    expect(card(signed_in, "step-3")).to_be_in_viewport(ratio=0.99)


def draw(name: str, number: int) -> None:
    """Draw a flow of so many tasks in a row."""
    user = User.objects.get()
    flow = create_canvas_flow(project=Project.objects.get(name="examples"), name=name, description="", user=user)
    child = {"project": "examples", "name": "A"}
    tasks = [{"slug": slug, "name": slug, "kind": "flow_run", "flow": child} for slug in SLUGS[:number]]
    edges = [{"upstream": a, "downstream": b} for a, b in pairwise(SLUGS[:number])]
    graph = {"schema": 1, "tasks": tasks, "edges": edges}
    save_draft(flow=flow, graph=graph, parameter_schema=None, revision=flow.draft.revision, user=user)


def card(page: Page, slug: str) -> Locator:
    return page.locator(f'.task-card[data-task="{slug}"]')


def expect_to_read(page: Page, address: str, slug: str) -> None:
    """Open a page: the card is in view, in a size that can be read."""
    page.goto("about:blank")
    page.goto(address)
    expect(card(page, slug)).to_be_in_viewport(ratio=0.99)
    box = card(page, slug).bounding_box()
    assert box
    assert box["width"] >= 110
