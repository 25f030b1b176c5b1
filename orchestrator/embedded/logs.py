"""What the embedded servers print, and what is told of it when one fails."""

import os
from pathlib import Path
from typing import BinaryIO

TAIL_LINES = 15


class ServerFailed(Exception):
    """One of the embedded servers does not start."""

    def __init__(self, server: str, reason: str, log: Path) -> None:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        super().__init__(f"{server} {reason}. The last lines of {log}:\n{last}")


def fresh_log(path: Path) -> BinaryIO:
    """Return `path` open for writing, empty and for our eyes only. What it held is kept beside it, once."""
    if path.exists():
        path.replace(path.with_suffix(".log.before"))
    # What a server prints may hold what people keep in it.
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600), "wb")
