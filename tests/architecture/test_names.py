"""Names that one place writes and another reads."""

import re
from pathlib import Path

from celery import current_app

from orchestrator import dispatch

ROOT = Path(__file__).resolve().parents[2]


def test_every_hint_that_dispatch_sends_is_a_registered_celery_task() -> None:
    constants = [value for name, value in vars(dispatch).items() if name.isupper()]
    hints = {value for value in constants if str(value).startswith("orchestrator.")}
    assert hints
    assert hints <= set(current_app.tasks)


def test_the_page_of_settings_lists_every_environment_variable_of_ours_that_code_names() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    named = {
        name
        for folder in ("orchestrator", "flows_ui", "templates")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".py", ".html"}
        for name in re.findall(r"\bANABRANCH_[A-Z_]+", path.read_text())
    }
    assert {name for name in named if f"`{name}`" not in page} == set()


def test_every_page_of_docs_that_code_names_is_there() -> None:
    named = {
        (str(path.relative_to(ROOT)), name)
        for folder in ("orchestrator", "flows_ui", "examples", "bench", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text())
    }
    assert {(path, name) for path, name in named if not (ROOT / name).exists()} == set()
