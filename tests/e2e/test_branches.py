"""A case and a merge, drawn by mouse and by keyboard, published, run and watched."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.editor import Editor, Hand
from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


def test_a_branch_is_drawn_published_and_run_and_the_other_one_is_skipped(signed_in, picture):
    page, hand = signed_in, Hand(signed_in)
    page.get_by_role("link", name="New flow of flows").click()
    page.get_by_label("Project").select_option("examples")
    page.get_by_label("Name").fill("branches")
    page.get_by_role("button", name="Create and open the canvas").click()
    editor = Editor(page)
    draw(page, editor, hand)

    page.get_by_role("button", name="Tidy up").click()
    expect(editor.card("Case-1")).to_contain_text("Flow A is true")
    expect(editor.card("Merge-1")).to_contain_text("first of 2 branches")
    expect(page.locator(".react-flow__edge-text")).to_have_text(["true", "false"])
    order_branches(page, editor)
    picture("branches")
    page.reload()
    expect(editor.card("Case-2")).to_contain_text("Flow A is false")

    page.get_by_role("button", name="Publish").click()
    editor.dialog.get_by_role("button", name="Publish version 1").click()
    editor.expect_published(1)
    page.get_by_role("button", name="Run", exact=True).click()
    editor.dialog.get_by_role("button", name="Start run").click()
    editor.wait_for_run_page()
    run = RunPage(page)
    run.expect_state("Success")
    for slug, state in (("Case-1", "Success"), ("Case-2", "Skipped"), ("Flow C-1", "Skipped"), ("Merge-1", "Success")):
        run.expect_card(slug, state)
    run.card("Case-2").click()
    expect(page.get_by_text("does not count as false")).to_be_visible()
    picture("branches-run")


def draw(page: Page, editor: Editor, hand: Hand) -> None:
    for name, place in (("A", (0.1, 0.5)), ("B", (0.6, 0.2)), ("C", (0.6, 0.8))):
        editor.search.fill(name)
        hand.put_flow(editor, f"examples/{name}", *place)
    for offer, place in (("case", (0.35, 0.3)), ("merge", (0.85, 0.5))):
        editor.search.fill(offer)
        box = editor.canvas.bounding_box()
        assert box is not None
        editor.palette.locator(f'[data-offer="{offer}"]').drag_to(
            editor.canvas, target_position={"x": box["width"] * place[0], "y": box["height"] * place[1]}
        )
    # The second one by keyboard.
    editor.search.fill("case")
    editor.search.press("Enter")
    expect(editor.card("Case-2")).to_be_visible()
    case = editor.details("Case")
    case.get_by_label("Source of condition").select_option("Result of…")
    case.get_by_role("combobox", name="Condition required").select_option(label="Flow A")
    case.get_by_label("Test").select_option("counts as false")
    page.get_by_role("button", name="Tidy up").click()
    for upstream, downstream in (
        ("Flow A-1", "Case-1"),
        ("Case-1", "Flow B-1"),
        ("Case-2", "Flow C-1"),
        ("Flow C-1", "Merge-1"),
        ("Flow B-1", "Merge-1"),
    ):
        hand.join(editor, upstream, downstream)
    expect(editor.edges).to_have_count(6)


def order_branches(page: Page, editor: Editor) -> None:
    editor.card("Merge-1").click()
    branches = editor.details("Merge").get_by_role("region", name="Branches")
    expect(branches.get_by_role("listitem")).to_have_text(["1. Flow C", "2. Flow B"])
    branches.get_by_role("button", name="Let Flow B count earlier").click()
    expect(branches.get_by_role("listitem")).to_have_text(["1. Flow B", "2. Flow C"])
    editor.expect_saved()
