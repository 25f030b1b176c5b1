"""The editor as tests see it: cards, handles, edges, forms, and what it says."""

import re

from playwright.sync_api import Locator, Page, expect


class Editor:
    """The canvas of one flow of flows, open in a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.canvas = page.get_by_role("application", name="Canvas.")
        self.edges = page.locator(".react-flow__edge")
        self.palette = page.get_by_role("region", name="Flows")
        self.search = self.palette.get_by_role("searchbox")
        self.outline = page.get_by_role("listbox", name="Tasks in the order they can start")
        self.hint = page.locator(".connect-hint")
        self.dialog = page.get_by_role("dialog")

    def card(self, slug: str) -> Locator:
        return self.page.locator(f'.task-card[data-task="{slug}"]')

    def row(self, name: str) -> Locator:
        """Return the row of the outline for the task of that name."""
        return self.outline.get_by_role("option").filter(has=self.page.get_by_text(name, exact=True))

    def details(self, name: str) -> Locator:
        """Return the form of the task of that name."""
        return self.page.get_by_role("region", name=f"Task {name}", exact=True)

    def expect_saved(self) -> None:
        expect(self.page.locator("[data-saving]")).to_have_text("Saved")

    def expect_published(self, number: int) -> None:
        expect(self.page.get_by_text(f"Version {number} is published.")).to_be_visible()
        expect(self.page.get_by_text(f"Version {number}", exact=True)).to_be_visible()

    def wait_for_run_page(self) -> None:
        self.page.wait_for_url(re.compile(r"/flow-runs/[0-9a-f-]{36}/$"))


class Hand:
    """A hand on the mouse."""

    def __init__(self, page: Page) -> None:
        self.mouse = page.mouse

    def put_flow(self, editor: Editor, name: str, across: float, down: float) -> None:
        """Drag a flow of the palette to a place on the canvas, told in shares of its size."""
        box = editor.canvas.bounding_box()
        assert box is not None
        editor.palette.locator(f'[data-flow="{name}"]').drag_to(
            editor.canvas, target_position={"x": box["width"] * across, "y": box["height"] * down}
        )

    def join(self, editor: Editor, upstream: str, downstream: str) -> None:
        """Draw an edge from the right handle of one card to the left handle of another."""
        self.pull(editor, upstream, downstream)
        self.mouse.up()

    def pull(self, editor: Editor, upstream: str, downstream: str) -> None:
        """Draw that edge without letting go."""
        self.mouse.move(*_middle(editor.card(upstream).locator("[data-handle=out]")))
        self.mouse.down()
        self.mouse.move(*_middle(editor.card(downstream).locator("[data-handle=in]")), steps=8)


def _middle(target: Locator) -> tuple[float, float]:
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
