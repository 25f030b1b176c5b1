"""One log of several processes: each line behind the name of who said it."""

import os
import threading
from typing import IO, Protocol

WIDTH = 10
COLOURS = (36, 33, 35, 32, 34)  # cyan, yellow, magenta, green, blue: readable on dark and on light


class Stream(Protocol):
    """Something to write text to: a file, a terminal."""

    def write(self, text: str, /) -> int: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


class CombinedLog:
    """Write the lines of many processes to `stream`, whole lines at a time, coloured on a terminal."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._in_colour = stream.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}
        self._lock = threading.Lock()

    def say(self, name: str, line: str) -> None:
        """Write one line of `name`."""
        with self._lock:
            try:
                self._stream.write(f"{self._prefix(name)}{line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                # Nobody reads us any more (`up | head`). The processes must not block on that.
                return

    def follow(self, name: str, output: IO[bytes]) -> None:
        """Write every line of `output` from now to its end, from a thread."""
        threading.Thread(target=self._copy, args=(name, output), name=f"log of {name}", daemon=True).start()

    def _copy(self, name: str, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.say(name, line.decode(errors="replace").rstrip())

    def _prefix(self, name: str) -> str:
        prefix = f"{name:{WIDTH}} | "
        if not self._in_colour:
            return prefix
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\033[{colour}m{prefix}\033[0m"
