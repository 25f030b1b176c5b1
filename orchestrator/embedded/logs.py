"""What the embedded servers print, and what is told of it when one fails."""

from pathlib import Path
from typing import BinaryIO

TAIL_LINES = 15


class ServerFailed(Exception):
    """One of the embedded servers does not start."""

    def __init__(self, server: str, reason: str, log: Path) -> None:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        super().__init__(f"{server} {reason}. The last lines of {log}:\n{last}")


def fresh_log(path: Path) -> BinaryIO:
    """Return `path` open for writing and empty. What it held is kept beside it, once."""
    if path.exists():
        path.replace(path.with_suffix(".log.before"))
    return path.open("wb")
