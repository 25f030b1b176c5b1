"""The same flow of flows by keyboard only: whoever uses no pointer composes, publishes, runs and watches too."""

import pytest
from playwright.sync_api import expect

from tests.e2e.editor import Editor
from tests.e2e.keys import Keys
from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


def test_the_diamond_is_drawn_published_run_and_watched(keys, signed_in):
    page = signed_in
    keys.follow(page.get_by_role("link", name="New flow of flows"))
    expect(page.get_by_label("Name")).to_be_focused()
    keys.type("diamond by keyboard")
    keys.press("Enter")
    editor = Editor(page)
    expect(page.get_by_text("Compose a flow of flows")).to_be_visible()

    for name in "ABCD":
        add(keys, editor, name)
    for upstream, downstream in ("AB", "AC", "BD", "CD"):
        connect(keys, editor, f"Flow {upstream}", f"Flow {downstream}")
    expect(editor.edges).to_have_count(4)
    cannot_connect(keys, editor, "Flow D", "Flow A")
    fill_seconds(keys, editor, "Flow A", "3")
    fill_seconds(keys, editor, "Flow D", "0.5")
    editor.expect_saved()

    keys.press("Control+Shift+S")
    expect(editor.dialog.get_by_role("heading", name="Publish")).to_be_visible()
    keys.press("Enter")
    editor.expect_published(1)
    keys.press("r")
    expect(editor.dialog.get_by_role("button", name="Start run")).to_be_focused()
    run = RunPage(page)
    keys.press("Enter")
    editor.wait_for_run_page()
    run.expect_state("Success")
    run.expect_diamond_watched()

    keys.tab_to(page.get_by_role("application", name="Canvas."))
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(page.get_by_role("region", name="Task run Flow D")).to_be_visible()
    keys.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("examples/D")
    expect(page.get_by_role("region", name="Parameters")).to_contain_text('"seconds": 0.5')
    keys.follow(page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="diamond by keyboard"))
    run.expect_state("Success")


def test_what_a_deed_takes_away_leaves_the_focus_near(keys, signed_in, site):
    page, run = signed_in, RunPage(signed_in)
    keys.follow(page.get_by_role("link", name="A", exact=True))
    keys.tab_to(page.get_by_role("button", name="Run", exact=True))
    keys.press("Enter")
    keys.tab_to(page.get_by_label("seconds"))
    keys.press("Control+A")
    keys.type("60")
    keys.press("Enter")
    run.expect_state("Running")

    keys.tab_to(page.get_by_role("button", name="Cancel", exact=True))
    keys.press("Enter")
    keys.tab_to(page.get_by_role("button", name="Cancel flow run"))
    keys.press("Enter")

    run.expect_state("Cancelled")
    expect(page.get_by_role("main")).to_be_focused()
    keys.tab_to(page.get_by_role("button", name="Restart from failed"))
    keys.press("Enter")
    run.expect_state("Running")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_focused()


def add(keys: Keys, editor: Editor, name: str) -> None:
    keys.press("a")
    expect(editor.search).to_be_focused()
    keys.type(name)
    keys.press("Enter")
    expect(editor.card(f"Flow {name}-1")).to_be_visible()
    keys.press("Escape")
    expect(editor.canvas).to_be_focused()


def choose(keys: Keys, editor: Editor, name: str) -> None:
    """Choose a task in the outline."""
    if not editor.outline.evaluate("element => element === document.activeElement"):
        keys.press("o")
    expect(editor.outline).to_be_focused()
    keys.press("Home")
    while editor.row(name).get_attribute("aria-selected") != "true":
        before = editor.outline.get_attribute("aria-activedescendant")
        keys.press("ArrowDown")
        assert editor.outline.get_attribute("aria-activedescendant") != before, f"the outline has no {name}"


def connect(keys: Keys, editor: Editor, upstream: str, downstream: str) -> None:
    choose(keys, editor, upstream)
    before = editor.edges.count()
    keys.press("c")
    expect(editor.dialog.get_by_role("combobox")).to_be_focused()
    keys.type(downstream)
    keys.press("Enter")
    expect(editor.edges).to_have_count(before + 1)


def cannot_connect(keys: Keys, editor: Editor, upstream: str, downstream: str) -> None:
    choose(keys, editor, upstream)
    keys.press("c")
    keys.type(downstream)
    expect(editor.dialog.get_by_role("option")).to_have_count(0)
    expect(editor.dialog).to_contain_text("No task can wait for it")
    keys.press("Escape")
    expect(editor.dialog).to_have_count(0)


def fill_seconds(keys: Keys, editor: Editor, name: str, seconds: str) -> None:
    choose(keys, editor, name)
    keys.press("Enter")
    form = editor.details(name)
    expect(form.get_by_label("Name")).to_be_focused()
    keys.tab_to(form.get_by_label("Source of seconds"))
    keys.type("Value")
    keys.tab_to(form.get_by_label("seconds", exact=True))
    keys.type(seconds)
    expect(form.get_by_label("seconds", exact=True)).to_have_value(seconds)
    keys.press("Escape")
    expect(editor.canvas).to_be_focused()
