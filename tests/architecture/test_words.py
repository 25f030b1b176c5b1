"""One idea, one word: those that docs/glossary.md gives up are found nowhere else, unless a library forces them."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.architecture.checkout import text_of, with_suffix

READ = (".py", ".ts", ".tsx", ".js", ".html", ".css", ".md", ".toml", ".txt")

# Word -> what it matches. Node with a capital letter is the program that builds the front end.
BANNED = {
    "pipeline": re.compile(r"\bpipelines?\b", re.IGNORECASE),
    "workflow": re.compile(r"\bworkflows?\b", re.IGNORECASE),
    "DAG": re.compile(r"\bDAGs?\b", re.IGNORECASE),
    "job": re.compile(r"\bjobs?\b", re.IGNORECASE),
    "subflow": re.compile(r"\bsub-?flows?\b", re.IGNORECASE),
    "status": re.compile(r"\bstatus(es)?\b", re.IGNORECASE),
    "node": re.compile(r"\bnodes?\b"),
}

# Word -> where it is somebody else's -> whose.
FORCED = {
    "pipeline": {
        "orchestrator/engine/wire.py": "libpq's pipeline mode",
        "bench/*.py": "libpq's pipeline mode",
        "docs/performance.md": "psycopg's pipeline mode",
        "docs/adr/0006-*.md": "psycopg's pipeline mode",
        "docs/adr/0021-*.md": "libpq's pipeline mode",
    },
    "workflow": {"flows_ui/frontend/src/editor/*.tsx": "the name of an icon"},
    "status": {
        "orchestrator/api/*": "HTTP",
        "orchestrator/config/health.py": "HTTP",
        "orchestrator/engine/wire.py": "libpq's names",
        "flows_ui/*.py": "HTTP",
        "flows_ui/frontend/src/*": "HTTP, and an ARIA role",
        "static/js/*.js": "HTTP",
        "templates/*": "an ARIA role",
        "tests/*": "HTTP, psutil",
        "docs/api.md": "HTTP",
        "docs/adr/*.md": "the second line of every ADR",
    },
    "node": {
        "flows_ui/frontend/*": "React Flow and Node",
        "flows_ui/middleware.py": "React Flow",
        "tests/*": "pytest, Celery, React Flow",
    },
}
# They say which words are given up.
ABOUT_WORDS = {"docs/glossary.md", "CONTRIBUTING.md", "tests/architecture/test_words.py"}


@pytest.mark.parametrize("word", BANNED)
def test_a_word_that_was_given_up_is_used_nowhere(word: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in with_suffix(*READ)
        if str(path) not in ABOUT_WORDS and not _is_forced(word, path)
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if BANNED[word].search(line)
    ]
    assert found == [], f"docs/glossary.md says what to write instead of {word!r}"


def test_the_glossary_names_every_banned_word() -> None:
    glossary = text_of(Path("docs/glossary.md"))
    assert [word for word in BANNED if not BANNED[word].search(glossary)] == []


def _is_forced(word: str, path: Path) -> bool:
    return any(fnmatch(str(path), pattern) for pattern in FORCED.get(word, {}))
