"""The pages for people: their links lead somewhere, and the flows they show can be built as written."""

import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.sdk import Flow

ROOT = Path(__file__).resolve().parents[2]
SHOWN = [
    pytest.param(block, id=f"{name}-{number}")
    for name in ("README.md", "docs/authoring.md", "docs/schedules.md")
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.DOTALL))
    if "with Flow(" in block
]


def test_every_page_that_a_page_links_to_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    missing = {
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    }
    assert missing == set()


@pytest.mark.parametrize("block", SHOWN)
def test_a_flow_that_a_page_shows_can_be_built(block: str) -> None:
    space: dict[str, Any] = {}
    exec(compile(block, "page", "exec"), space)
    flows = [value for value in space.values() if isinstance(value, Flow)]
    assert flows
    assert all(flow.graph().tasks for flow in flows)
