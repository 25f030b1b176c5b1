"""Who PostgreSQL runs as: it refuses root, so root lends it an account that owns nothing."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = "nobody"
# What that account needs and cannot reach where it is (a checkout below /root) lies here instead.
SHARED = Path("/var/lib/anabranch")


@dataclass(frozen=True, slots=True)
class Account:
    """Another account of this machine; only root can use one."""

    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Say whether this account may pass through `folder` and everything above it."""
        test = ["test", "-x", str(folder)]
        done = subprocess.run(test, user=self.uid, group=self.gid, extra_groups=[], cwd="/", check=False)
        return done.returncode == 0

    def give(self, path: Path) -> None:
        """Make this account the owner of `path`."""
        os.chown(path, self.uid, self.gid)


def postgres_account() -> Account | None:
    """Return the account to run PostgreSQL as, or None to run it as whoever we are."""
    if os.geteuid() != 0:
        return None
    found = pwd.getpwnam(UNPRIVILEGED)
    return Account(uid=found.pw_uid, gid=found.pw_gid)


def shared_folder() -> Path:
    """Return a folder of root's that every account can pass through, made if missing."""
    SHARED.mkdir(exist_ok=True)
    SHARED.chmod(0o755)
    return SHARED
