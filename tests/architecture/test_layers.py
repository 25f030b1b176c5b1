"""Who may import whom: the contracts of pyproject.toml, and that the pure layers really load no framework."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

IMPORT_ALL = """
import importlib, pkgutil, sys
import orchestrator.core, orchestrator.sdk

for package in (orchestrator.core, orchestrator.sdk):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
frameworks = {"django", "celery", "kombu", "channels", "rest_framework", "asgiref"}
print(*sorted(frameworks & set(sys.modules)))
"""


def test_every_layer_imports_only_what_is_below_it() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_core_and_sdk_load_no_framework() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
