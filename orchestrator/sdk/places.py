"""Where the code that is running was written."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_PACKAGE = Path(__file__).parent


def place_of_caller() -> str:
    """Return file:line of whoever called into this package."""
    frame = next(frame for frame in _frames() if Path(frame.f_code.co_filename).parent != _PACKAGE)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def modules_being_imported() -> Iterator[str]:
    """Yield the names of the modules whose import led here, the innermost first."""
    for frame in _frames():
        if frame.f_code.co_name == "<module>":
            yield frame.f_globals.get("__name__", "")


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
