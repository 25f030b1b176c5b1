"""docs/settings.md names every environment variable that the settings read, and no other of ours."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_lists_what_the_settings_read() -> None:
    readers = ("config/settings.py", "engine/crash_points.py")
    settings = "".join((ROOT / "orchestrator" / name).read_text() for name in readers)
    page = (ROOT / "docs" / "settings.md").read_text()
    read = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', settings))
    listed = set(re.findall(r"^\| `([A-Z_]+)`", page, flags=re.MULTILINE))
    assert read == listed
