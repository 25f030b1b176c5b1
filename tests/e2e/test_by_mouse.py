"""The seed's flow of flows, drawn, published, run and watched with the mouse."""

import pytest
from playwright.sync_api import expect

from tests.e2e.editor import Editor, Hand
from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]

PLACES = {"A": (0.16, 0.45), "B": (0.5, 0.25), "C": (0.5, 0.7), "D": (0.84, 0.45)}


def test_the_diamond_is_drawn_published_run_and_watched(signed_in, picture):
    page, hand = signed_in, Hand(signed_in)
    page.get_by_role("link", name="New flow of flows").click()
    page.get_by_label("Project").select_option("examples")
    page.get_by_label("Name").fill("diamond")
    page.get_by_role("button", name="Create and open the canvas").click()
    editor = Editor(page)
    expect(page.get_by_text("Compose a flow of flows")).to_be_visible()

    for name, place in PLACES.items():
        editor.search.fill(name)
        hand.put_flow(editor, f"examples/{name}", *place)
    hand.join(editor, "Flow A-1", "Flow B-1")
    hand.join(editor, "Flow A-1", "Flow C-1")
    hand.join(editor, "Flow B-1", "Flow D-1")
    hand.join(editor, "Flow C-1", "Flow D-1")
    expect(editor.edges).to_have_count(4)
    refuses(editor, hand, "Flow D-1", "Flow A-1", "That would be a cycle: Flow A → Flow B → Flow D → Flow A.")
    refuses(editor, hand, "Flow A-1", "Flow B-1", "Flow B already waits for Flow A.")
    page.get_by_role("button", name="Tidy up").click()
    fill_seconds_of_a(editor)
    fill_form_of_d(editor)
    page.reload()
    expect_form_of_d(editor)
    picture("editor")

    page.get_by_role("button", name="Publish").click()
    editor.dialog.get_by_role("button", name="Publish version 1").click()
    editor.expect_published(1)
    page.get_by_role("button", name="Run", exact=True).click()
    run = RunPage(page)
    editor.dialog.get_by_role("button", name="Start run").click()
    editor.wait_for_run_page()
    run.expect_card("Flow A-1", "Running")
    expect(page.locator(".task-card[data-state=Running]")).to_have_count(2, timeout=20_000)
    picture("run")
    run.expect_state("Success")
    run.expect_diamond_watched()

    run.card("Flow B-1").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("examples/B")
    run.expect_state("Success")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="diamond").click()
    run.expect_card("Flow D-1", "Success")


def refuses(editor: Editor, hand: Hand, upstream: str, downstream: str, why: str) -> None:
    """Try to draw an edge: the reason stands beside the pointer, and letting go draws nothing."""
    before = editor.edges.count()
    hand.pull(editor, upstream, downstream)
    expect(editor.hint).to_have_text(why)
    expect(editor.card(downstream)).to_have_attribute("data-refused", "true")
    hand.mouse.up()
    expect(editor.hint).to_have_count(0)
    expect(editor.edges).to_have_count(before)


def fill_seconds_of_a(editor: Editor) -> None:
    """Let A work long enough to be seen, however slowly the page of the run opens."""
    editor.card("Flow A-1").click()
    form = editor.details("Flow A")
    form.get_by_label("Source of seconds").select_option("Value")
    form.get_by_label("seconds", exact=True).fill("3")


def fill_form_of_d(editor: Editor) -> None:
    editor.card("Flow D-1").click()
    form = editor.details("Flow D")
    form.get_by_label("Source of seconds").select_option("Value")
    form.get_by_label("seconds", exact=True).fill("0.5")
    form.get_by_label("Trigger").select_option("Any upstream succeeded")
    form.get_by_label("Max retries").fill("2")
    form.get_by_label("Retry delay (seconds)").fill("1")
    form.get_by_label("Pauses between attempts").select_option("One for each retry")
    form.get_by_label("Pauses (seconds)").fill("2, 30")
    form.get_by_label("Time limit (seconds)").fill("60")
    wait = form.get_by_label("Wait for the child flow run to end")
    wait.uncheck()
    expect(form.get_by_label("On retry")).to_have_count(0)
    wait.check()
    form.get_by_label("On retry").select_option("Start a new child run")
    editor.expect_saved()


def expect_form_of_d(editor: Editor) -> None:
    editor.card("Flow D-1").click()
    form = editor.details("Flow D")
    expect(form.get_by_label("seconds", exact=True)).to_have_value("0.5")
    expect(form.get_by_label("Trigger")).to_have_value("any_successful")
    expect(form.get_by_label("Max retries")).to_have_value("2")
    expect(form.get_by_label("Pauses (seconds)")).to_have_value("2, 30")
    expect(form.get_by_label("Time limit (seconds)")).to_have_value("60")
    expect(form.get_by_label("On retry")).to_have_value("new_run")
    expect(form.get_by_label("Wait for the child flow run to end")).to_be_checked()
    expect(editor.edges).to_have_count(4)
