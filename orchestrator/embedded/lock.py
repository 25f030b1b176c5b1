"""One owner of a home folder at a time."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a home folder: the process, the address of its pages (or none), and whether all its parts run."""

    pid: int
    address: str = ""
    is_ready: bool = False


class HomeInUse(Exception):
    """Somebody else has the home folder."""

    def __init__(self, home: Path, owner: Owner | None) -> None:
        self.owner = owner
        who = f"process {owner.pid}" if owner else "another process"
        where = f", at {owner.address}" if owner and owner.address else ""
        super().__init__(
            f"Anabranch already runs with {home} ({who}{where}). Use that one, stop it, or set ANABRANCH_HOME to"
            " another folder for a second one beside it."
        )


class HomeLock:
    """The right to run the servers of a home folder. Ends with the process that has it, however that ends."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file: IO[str] | None = None

    @property
    def path(self) -> Path:
        return self.home / "up.lock"

    def take(self, *, address: str = "") -> None:
        """Take the lock, and let those who find it taken read that our pages are at `address`.

        :raises HomeInUse: another process, or another lock of this one, has it
        """
        self.home.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise HomeInUse(self.home, owner_of(self.home)) from None
        self._file = file
        self._owner = Owner(pid=os.getpid(), address=address)
        self._write(json.dumps(asdict(self._owner)))

    def tell_ready(self) -> None:
        """Let those who find the lock taken read that everything runs."""
        self._write(json.dumps(asdict(replace(self._owner, is_ready=True))))

    def release(self) -> None:
        if self._file is not None:
            self._write("")
            self._file.close()
            self._file = None

    def _write(self, text: str) -> None:
        assert self._file is not None, "take the lock first"
        self._file.truncate(0)
        self._file.write(text)
        self._file.flush()


def owner_of(home: Path) -> Owner | None:
    """Return who last took the lock of `home` and has not released it; a killed owner is still named."""
    try:
        return Owner(**json.loads((home / "up.lock").read_text()))
    except (FileNotFoundError, ValueError):
        # Nobody yet, or the new owner is just writing.
        return None
