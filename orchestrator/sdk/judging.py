"""People's code around the attempts of a task: its own trigger and its state handlers. Executed by workers only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.attempts import after_attempt
from orchestrator.core.graph import FlowGraph, Task
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.handlers import handled
from orchestrator.sdk.raised import PASSES, named
from orchestrator.sdk.signals import Signal
from orchestrator.sdk.states import RunState

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.tasks import Task as WrittenTask

log = logging.getLogger(__name__)


def edges_to(flow: Flow, graph: FlowGraph, slug: str) -> dict[Edge, str]:
    """Return the edges to a task of a flow, as a custom trigger is given them, each with its upstream's slug."""
    downstream = flow.get_tasks(slug=slug)[0]
    return {
        Edge(flow.get_tasks(slug=edge.upstream)[0], downstream, edge.key): edge.upstream
        for edge in graph.edges
        if edge.downstream == slug and edge.upstream != graph.opening_task
    }


Upstreams = Callable[[], Mapping[Edge, RunState]]


@dataclass(frozen=True)
class Judged:
    """A task whose trigger or state handlers are people's code; `rules` is the same task in the flow's graph."""

    task: WrittenTask
    rules: Task

    def begin(self, verdict: Ending | None, upstreams: Upstreams, *, is_retry: bool) -> Ending | None:
        """Return None if an attempt may start, else how the task ends, or pauses, without one.

        :param verdict: what the task's plain rules say, in the same way
        :param upstreams: asks for the states of the upstreams
        """
        verdict = verdict or self._asked(upstreams)
        pending = Ending(State.RETRYING if is_retry else State.PENDING)
        if verdict is not None:
            return handled(self.task, self.task.state_handlers, pending, verdict)
        begun = handled(self.task, self.task.state_handlers, pending, Ending(State.RUNNING))
        return None if begun.state is State.RUNNING else begun

    def conclude(self, ending: Ending, *, failures: int) -> Ending:
        """Return what the handlers make of an attempt's ending, and of the retry that follows it.

        :param failures: attempts that failed before this one
        """
        made = handled(self.task, self.task.state_handlers, Ending(State.RUNNING), ending)
        after = after_attempt(self.rules, made, failures=failures, chance=0.5)
        if after.state is State.RETRYING and made.state is not State.RETRYING:
            told = handled(self.task, self.task.state_handlers, made, after)
            return made if told is after else told
        return made

    def _asked(self, upstreams: Upstreams) -> Ending | None:
        """Return None if the task's own trigger lets it start."""
        custom = self.task.asks.custom
        if custom is None:
            return None
        name = getattr(custom, "__name__", repr(custom))
        try:
            return None if custom(upstreams()) else Ending(State.TRIGGER_FAILED, f"Trigger {name} said no.")
        except Signal as signal:
            return signal.ending()
        except PASSES:
            raise
        except BaseException as error:
            log.exception("The trigger %s raised an exception.", name)
            return Ending(State.TRIGGER_FAILED, f"Trigger {name} raised {named(error)}")
