"""Folders that one account alone may use."""

import shutil
import tempfile
from pathlib import Path

from orchestrator.embedded.account import Account, shared_folder
from orchestrator.embedded.addresses import refuse_foreign


def private_folder(path: Path, *, owner: Account | None = None) -> Path:
    """Return `path` as a folder that only `owner` (None: we) may enter, made if missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if owner:
        owner.give(path)
    return path


def socket_folder(path: Path) -> Path:
    """Return `path`, below which the private folders of the sockets lie, made if missing.

    Others may pass through it, because root's PostgreSQL has to; nobody else may write to it.

    :raises ForeignFolder: somebody else made it
    """
    path.mkdir(mode=0o711, exist_ok=True)
    refuse_foreign(path)
    path.chmod(0o711)
    return path


def postgres_data(home: Path, *, account: Account | None) -> Path:
    """Return the folder, perhaps not there yet, in which PostgreSQL keeps its data: `postgres` below `home`.

    Where `account` cannot get to `home` (a checkout below /root), it is a link to a folder which it can reach.
    """
    data = home / "postgres"
    if data.is_symlink() or data.exists():
        return data.resolve()
    if account is None or account.can_enter(home):
        return data
    place = Path(tempfile.mkdtemp(prefix="data-", dir=shared_folder()))
    place.chmod(0o711)
    data.symlink_to(place / "postgres")
    return data.resolve()


def empty_folder(path: Path, *, owner: Account | None) -> Path:
    """Return `path` as a private folder with nothing in it, whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    return private_folder(path, owner=owner)
