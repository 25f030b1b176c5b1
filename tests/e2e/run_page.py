"""The page of a flow run as tests see it, and what its cards showed while nobody touched it."""

import json
import re

from playwright.sync_api import Locator, Page, expect

# Notes what all cards show together whenever one of them changes.
_RECORDER = """
window.shown = [];
new MutationObserver(() => {
  const cards = [...document.querySelectorAll('.task-card[data-state]')];
  const states = JSON.stringify(Object.fromEntries(cards.map((card) => [card.dataset.task, card.dataset.state])));
  if (cards.length && states !== window.shown.at(-1)) window.shown.push(states);
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
"""


class RunPage:
    """A flow run, open in a page. Make it before the page is opened: it notes what happens from then on."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.header = page.locator(".run-header")
        self.documents = 0
        page.add_init_script(_RECORDER)
        page.on("domcontentloaded", self._count)

    def card(self, slug: str) -> Locator:
        return self.page.locator(f'.task-card[data-task="{slug}"]')

    def expect_state(self, state: str, *, within: float = 20) -> None:
        """Wait until the flow run itself is in that state, and the tab says so."""
        expect(self.header.locator(".badge")).to_have_attribute("data-state", state, timeout=within * 1000)
        expect(self.page).to_have_title(re.compile(f"^{state}: "))

    def expect_card(self, slug: str, state: str, *, within: float = 20) -> None:
        expect(self.card(slug)).to_have_attribute("data-state", state, timeout=within * 1000)

    def expect_diamond_watched(self) -> None:
        """In one and the same document A ran alone, then B and C together, then D turned Success."""
        shown = self._shown()
        a_alone = {"Flow A-1": "Running", "Flow B-1": "Pending", "Flow C-1": "Pending", "Flow D-1": "Pending"}
        together = {"Flow A-1": "Success", "Flow B-1": "Running", "Flow C-1": "Running", "Flow D-1": "Pending"}
        done = dict.fromkeys(together, "Success")
        assert a_alone in shown
        assert together in shown
        assert shown.index(a_alone) < shown.index(together) < shown.index(done)
        assert {states["Flow D-1"] for states in shown[: shown.index(together)]} == {"Pending"}
        assert self.documents == 1

    def _shown(self) -> list[dict[str, str]]:
        """Return the states of all cards, as often as one of them changed, since this document was opened."""
        return [json.loads(states) for states in self.page.evaluate("window.shown")]

    def _count(self, _: Page) -> None:
        self.documents += 1
