"""Parameters that an upstream flow produces at run time: a flow of flows that works on real data."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.editor import Editor
from tests.e2e.run_page import RunPage

pytestmark = [pytest.mark.e2e, pytest.mark.workers]


def test_parameters_are_bound_to_the_results_of_upstream_flows(site, signed_in):
    pytest.importorskip("sklearn", reason="the training flows need scikit-learn")
    page = signed_in
    editor = training(page, site.url, "training by hand")

    bind(editor, "Flow train", "rows", "Flow preprocess")
    expect(page.get_by_role("button", name="1 problem")).to_contain_text("model")
    bind(editor, "Flow report", "model", "Flow train")
    expect(editor.edges).to_have_count(2)
    expect(page.get_by_text("No problems")).to_be_visible()
    form = editor.details("Flow report")
    refuses_a_place_that_is_none(form)
    editor.expect_saved()

    page.get_by_role("button", name="Publish").click()
    editor.dialog.get_by_role("button", name="Publish version 1").click()
    editor.expect_published(1)
    page.get_by_role("button", name="Run", exact=True).click()
    run = RunPage(page)
    editor.dialog.get_by_role("button", name="Start run").click()
    editor.wait_for_run_page()
    run.expect_state("Success", within=30)

    expect(page.get_by_role("region", name="Result")).to_contain_text('"accuracy": 0.9')
    run.card("Flow report-1").click()
    panel = page.get_by_role("region", name="Task run Flow report")
    expect(panel.get_by_role("region", name="Inputs")).to_contain_text("Flow train")
    expect(panel.get_by_role("region", name="Result")).to_contain_text('"versicolor"')


def test_a_choice_made_by_typing_leaves_no_edge_to_what_was_passed_on_the_way(site, signed_in):
    page = signed_in
    editor = training(page, site.url, "chosen by typing")
    form = editor.details("Flow report")
    form.get_by_label("Source of model").select_option("Result of…")

    form.get_by_role("combobox", name="model required", exact=True).focus()
    page.keyboard.type("Flow t")
    expect(form.get_by_role("region", name="Waits for")).to_contain_text("Flow train")
    expect(editor.edges).to_have_count(1)
    form.get_by_label("Place in the result for model").fill("rows")
    expect(editor.edges).to_have_count(1)
    form.get_by_label("Source of model").select_option("Value")
    form.get_by_label("Source of model").select_option("Result of…")
    expect(form.get_by_role("combobox", name="model required", exact=True)).to_have_value("Flow train-1")


def training(page: Page, url: str, name: str) -> Editor:
    """Create a flow and put the flows of a training into it."""
    page.goto(f"{url}/flows/new/?project=examples")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create and open the canvas").click()
    editor = Editor(page)
    for flow in ("preprocess", "train", "report"):
        editor.palette.get_by_role("button", name=flow, exact=True).click()
    return editor


def bind(editor: Editor, task: str, parameter: str, upstream: str) -> None:
    """Bind a parameter to the result of a task, which becomes its upstream by that."""
    editor.row(task).click()
    form = editor.details(task)
    form.get_by_label(f"Source of {parameter}").select_option("Result of…")
    form.get_by_role("combobox", name=f"{parameter} required", exact=True).select_option(upstream)
    expect(form.get_by_role("region", name="Waits for")).to_contain_text(upstream)


def refuses_a_place_that_is_none(form: Locator) -> None:
    place = form.get_by_label("Place in the result for model")
    place.fill("rows[")
    expect(place.locator("xpath=ancestor::*[@data-parameter]").locator(".field__error")).to_be_visible()
    place.fill("")
