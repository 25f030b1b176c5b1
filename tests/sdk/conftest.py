"""Every test of the authoring API has a process of its own, as it were: no flow is known at its start."""

import pytest

from orchestrator.sdk import registry


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_flows", {})
    monkeypatch.setattr(registry, "_constructed", {})
    monkeypatch.setattr(registry, "_discover", None)
    monkeypatch.setattr(registry, "_registrar", None)
