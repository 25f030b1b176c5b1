"""Addresses are the same in every process, short enough for a socket, and never somebody else's."""

from pathlib import Path

import pytest

from orchestrator.embedded import addresses as module
from orchestrator.embedded.addresses import ForeignFolder, addresses

LONGEST_SOCKET_PATH = 107


@pytest.fixture
def sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "SOCKETS", tmp_path)
    return tmp_path


def test_one_home_has_one_address_however_it_is_written(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert addresses(tmp_path) == addresses(tmp_path / "." / "x" / "..") == addresses(link)


def test_two_homes_have_two(tmp_path: Path) -> None:
    assert addresses(tmp_path / "a").database_url != addresses(tmp_path / "b").database_url
    assert addresses(tmp_path / "a").redis_url != addresses(tmp_path / "b").redis_url


def test_asking_makes_nothing(sockets: Path, tmp_path: Path) -> None:
    found = addresses(tmp_path / "home")
    assert found.database_url.startswith(f"postgresql://anabranch@/anabranch?host={sockets}")
    assert found.redis_url.startswith(f"unix://{sockets}")
    assert list(tmp_path.iterdir()) == []


def test_a_deep_home_still_has_short_sockets() -> None:
    found = addresses(Path("/", *["a-folder-with-a-long-name"] * 30))
    assert len(str(found.valkey_socket)) < LONGEST_SOCKET_PATH
    assert len(str(found.postgres_folder / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET_PATH


@pytest.mark.usefixtures("sockets")
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    found = addresses(tmp_path / "home")
    found.sockets.mkdir()
    found.sockets.chmod(0o777)
    with pytest.raises(ForeignFolder, match="nobody else can write to, but belongs to user"):
        assert found.database_url
    with pytest.raises(ForeignFolder):
        assert found.redis_url


@pytest.mark.usefixtures("sockets")
def test_a_link_is_refused(tmp_path: Path) -> None:
    found = addresses(tmp_path / "home")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    found.sockets.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ForeignFolder):
        assert found.redis_url
