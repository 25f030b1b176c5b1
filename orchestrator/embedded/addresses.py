"""Where the embedded servers of one home folder listen: known before they run, the same in every process."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

DATABASE = "anabranch"
USER = "anabranch"
# Part of the socket's name, nothing listens on a port. Said always, so that a PGPORT of somebody's shell is not used.
PORT = 5432

# A Unix socket's path holds 107 bytes at most, and a home folder may lie deep: sockets get short paths here.
# A fixed place, not TMPDIR or XDG_RUNTIME_DIR: those differ between a shell, cron and a service of one person.
SOCKETS = Path("/tmp")


class ForeignFolder(Exception):
    """A folder that must be ours alone belongs to somebody else, or lets others write."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one home folder's PostgreSQL and Valkey. Reading one starts nothing."""

    sockets: Path

    @property
    def postgres_folder(self) -> Path:
        return self.sockets / "postgres"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey" / "valkey.sock"

    @property
    def database_url(self) -> str:
        """
        :raises ForeignFolder: another user of this machine has put a folder of that name there
        """
        refuse_foreign(self.sockets)
        return f"postgresql://{USER}@/{DATABASE}?host={self.postgres_folder}&port={PORT}"

    @property
    def redis_url(self) -> str:
        """
        :raises ForeignFolder: another user of this machine has put a folder of that name there
        """
        refuse_foreign(self.sockets)
        return f"unix://{self.valkey_socket}?db=0"


def addresses(home: Path) -> Addresses:
    """Return where the servers of `home` listen, whether or not they run."""
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return Addresses(sockets=SOCKETS / f"anabranch-{os.geteuid()}-{digest}")


def refuse_foreign(folder: Path) -> None:
    """Pass only if `folder` is missing, or a real folder of ours that nobody else can write to.

    :raises ForeignFolder: otherwise: whoever made it could be listening in our servers' place
    """
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
    if not ours:
        raise ForeignFolder(
            f"{folder} must be a folder of user {os.geteuid()} that nobody else can write to, but belongs to"
            f" user {found.st_uid} with mode {stat.filemode(found.st_mode)}. Remove it, or set ANABRANCH_HOME"
            " to another folder."
        )
