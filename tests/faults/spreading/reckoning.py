"""What joblib's processes execute: they import it anew, without Django."""

import os
import time
from pathlib import Path


def twice(number: int) -> int:
    return number * 2


def note_and_stay(folder: str) -> None:
    """Say which process this is, and stay for longer than any test."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)
