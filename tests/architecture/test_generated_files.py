"""The files made from the table of states are those that it makes today."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from orchestrator.management.commands.generate import FILES

ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_fresh_and_checked_without_a_database() -> None:
    nowhere = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "manage.py", "generate", "--check"],
        cwd=ROOT,
        env=nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_stale_file_is_named_and_left_alone(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    call_command("generate", verbosity=0)
    changed = tmp_path / "docs" / "states.md"
    changed.write_text("by hand")

    with pytest.raises(CommandError, match=r"docs/states\.md differ"):
        call_command("generate", check=True)

    assert changed.read_text() == "by hand"


def test_everything_is_written_where_it_is_missing(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    call_command("generate", verbosity=0)
    assert all((tmp_path / name).exists() for name in FILES)
    call_command("generate", check=True)
