"""Tasks that the engine carries out itself: no worker calls their `run`, which only says what they are given."""

from __future__ import annotations

from typing import Any

from orchestrator.core.bindings import Binding
from orchestrator.sdk.tasks import Task


class EngineTask(Task):
    """A task without code of its own."""

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return what the graph says of the task besides what it says of every task.

        :param inputs: what the call in the flow has bound, by name
        :param project: the flow's own project, None where it has none yet
        """
        raise NotImplementedError
