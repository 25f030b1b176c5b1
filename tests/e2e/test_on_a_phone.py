"""Anabranch on a phone, by touch."""

import pytest
from playwright.sync_api import Locator, Page, expect

from orchestrator.models import Project
from tests.e2e.editor import Editor
from tests.e2e.run_page import RunPage
from tests.rows import make_flow, make_flow_run

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.workers,
    pytest.mark.browser_context_args(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True),
]


def test_a_flow_of_flows_is_composed_run_and_watched_by_touch(site, signed_in):
    page = signed_in
    expect_no_overflow(page)
    page.goto(f"{site.url}/projects/examples/")
    expect_no_overflow(page)
    page.get_by_role("link", name="New flow of flows").tap()
    page.get_by_label("Name").fill("by touch")
    page.get_by_role("button", name="Create and open the canvas").tap()

    editor = Editor(page)
    panes = page.get_by_role("navigation", name="Panes")
    for name in "AB":
        panes.get_by_role("button", name="Flows").tap()
        editor.palette.get_by_role("button", name=name, exact=True).tap()
    panes.get_by_role("button", name="Outline").tap()
    editor.row("Flow A").tap()
    panes.get_by_role("button", name="Details").tap()
    editor.details("Flow A").get_by_role("button", name="Connect…").tap()
    editor.dialog.get_by_role("option", name="Flow B").tap()
    panes.get_by_role("button", name="Canvas").tap()
    expect(editor.edges).to_have_count(1)
    expect(editor.card("Flow A-1")).to_be_in_viewport(ratio=1)
    expect(editor.card("Flow B-1")).to_be_in_viewport(ratio=1)
    expect_downwards(editor.card("Flow A-1"), editor.card("Flow B-1"))
    editor.expect_saved()
    expect_no_overflow(page)

    page.get_by_role("button", name="Run", exact=True).tap()
    run = RunPage(page)
    editor.dialog.get_by_role("button", name="Publish and run").tap()
    editor.wait_for_run_page()
    run.expect_card("Flow B-1", "Running")
    expect_no_overflow(page)
    run.expect_state("Success")
    panes.get_by_role("button", name="Tasks").tap()
    expect(page.get_by_role("row", name="Flow B")).to_be_visible()
    expect_no_overflow(page)
    panes.get_by_role("button", name="Details").tap()
    expect(page.get_by_role("region", name="Flow run")).to_be_visible()
    expect_no_overflow(page)
    page.goto(f"{site.url}/flow-runs/")
    expect(page.get_by_role("row").filter(has_text="examples/by touch")).to_be_visible()
    expect_no_overflow(page)


def test_a_large_graph_opens_at_its_beginning_in_a_size_that_can_be_read(site, signed_in):
    slugs = tuple(f"step-{number}" for number in range(20))
    run = make_flow_run(make_flow(Project.objects.get(name="examples"), "long", slugs=slugs))
    for address in ("/flows/examples/long/", f"/flow-runs/{run.pk}/"):
        signed_in.goto(site.url + address)
        first = signed_in.locator('.task-card[data-task="step-0"]')
        expect(first).to_be_in_viewport(ratio=1)
        assert first.bounding_box()["width"] >= 160


def expect_downwards(upstream: Locator, downstream: Locator) -> None:
    """Both cards are large enough to be read, the second one below the first."""
    above, below = upstream.bounding_box(), downstream.bounding_box()
    assert above
    assert below
    assert min(above["width"], below["width"]) >= 160
    assert below["y"] > above["y"] + above["height"]


def expect_no_overflow(page: Page) -> None:
    """Nothing is wider than the screen: neither the page itself nor the window, which a phone would widen for it."""
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths == [390, 390], page.url
