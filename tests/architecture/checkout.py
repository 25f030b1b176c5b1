"""The files of this checkout that belong to it: what git tracks, or would."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> list[Path]:
    """Return every file that is tracked, or new and not ignored, relative to the root.

    A copy without git (an unpacked archive) answers with every file of the folders that hold ours.
    """
    asked = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else _walked()
    return sorted(Path(name) for name in names if name and (ROOT / name).is_file())


def text_of(path: Path) -> str:
    """Return a file's text, empty for one that holds none (a picture)."""
    try:
        return (ROOT / path).read_text()
    except UnicodeDecodeError:
        return ""


def with_suffix(*suffixes: str) -> list[Path]:
    return [path for path in tracked() if path.suffix in suffixes]


def _walked() -> list[str]:
    skipped = {".venv", "node_modules", ".anabranch", "dist", "__pycache__", "results"}
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in found if not skipped & set(path.parts)]
