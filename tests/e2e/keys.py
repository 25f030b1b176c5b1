"""The keyboard of a page, for tests of what people do without a pointer."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page

MOST_STOPS = 80

_WHAT_IS_WRONG = """() => {
  const element = document.activeElement;
  if (element === document.body) return 'nothing has the focus';
  const name = element.cloneNode().outerHTML;
  const { top, bottom, height } = element.getBoundingClientRect();
  if (!height || bottom < 0 || top > innerHeight) return `${name} has the focus, out of sight`;
  // The canvas shows its focus within.
  const shows = [element, element.firstElementChild].filter(Boolean).map((part) => getComputedStyle(part));
  const isSeen = shows.some(({ outlineStyle, boxShadow }) => outlineStyle !== 'none' || boxShadow !== 'none');
  return isSeen ? '' : `nothing shows that ${name} has the focus`;
}"""


class Keys:
    """Hands on the keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.press = page.keyboard.press
        self.type = page.keyboard.type

    def tab_to(self, target: Locator) -> None:
        """Press Tab until the focus is there; it is to be seen."""
        for _ in range(MOST_STOPS):
            if target.evaluate("element => element === document.activeElement"):
                self.expect_focus_seen()
                return
            self.press("Tab")
        raise AssertionError(f"{target} cannot be reached with Tab")

    def follow(self, target: Locator) -> None:
        """Go to a link or a button and press Enter."""
        self.tab_to(target)
        self.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        """Go to a field and put a text in the place of what it holds."""
        self.tab_to(field)
        self.press("Control+A")
        self.type(text)

    def expect_focus_seen(self) -> None:
        """Something has the focus, is in sight, and shows it."""
        wrong = self.page.evaluate(_WHAT_IS_WRONG)
        assert not wrong, wrong


@contextmanager
def keys_only(page: Page) -> Iterator[Keys]:
    """Give the keyboard of a page; a pointer's touching it meanwhile is an error."""
    touches: list[str] = []

    def note_touch(kind: str) -> None:
        touches.append(kind)

    page.expose_function("noteTouch", note_touch)
    page.add_init_script(
        "for (const kind of ['pointermove', 'pointerdown', 'mousedown', 'touchstart', 'dragstart'])"
        " addEventListener(kind, () => noteTouch(kind), true);"
    )
    yield Keys(page)
    assert touches == []
