"""docs/settings.md names every environment variable that the settings read, and no other of ours."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_lists_what_the_settings_read() -> None:
    settings = (ROOT / "orchestrator" / "config" / "settings.py").read_text()
    page = (ROOT / "docs" / "settings.md").read_text()
    read = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', settings))
    listed = set(re.findall(r"^\| `([A-Z_]+)`", page, flags=re.MULTILINE))
    assert read == listed
