"""Flow runs as tasks: create one, wait for one, take the result of a task in one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from orchestrator.core.bindings import Binding, Literal
from orchestrator.core.graph import TaskKind
from orchestrator.sdk.durations import limit_of
from orchestrator.sdk.engine_tasks import EngineTask
from orchestrator.sdk.start_flow_run import check_start, named_flow, without_foreign

_LONGEST_WAIT = timedelta(hours=12)
# What Prefect 1 prints or polls by: accepted, without effect.
_IGNORED = frozenset({"stream_states", "stream_logs", "poll_time"})


class CreateFlowRun(EngineTask):
    """Creates a run of a flow and hands on its id, without waiting for it; use it as `create_flow_run(...)`.

    The flow is named by `flow_id`, or by `flow_name`, in any project unless `project_name` is given.
    """

    def run(
        self,
        flow_id: Any = None,
        flow_name: str | None = None,
        project_name: str = "",
        parameters: Mapping[str, Any] | None = None,
        context: Any = None,
        labels: Any = None,
        run_name: str | None = None,
        run_config: Any = None,
        scheduled_start_time: Any = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Say what may be passed in a flow; the engine creates the flow run, not this method."""
        raise RuntimeError("create_flow_run creates a flow run as part of another; call it inside a flow.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a task that starts a child and does not wait for it."""
        given = {key: found for key, found in without_foreign(self, inputs).items() if found != Literal(None)}
        flow = None
        if "flow_id" in given or given.get("project_name", Literal("")) == Literal(""):
            given = {"flow_name": Literal(None), "project_name": Literal(""), **given}
        else:
            flow, given = named_flow(self, given)
        check_start(self, given)
        return {
            "kind": TaskKind.FLOW_RUN,
            "flow": flow,
            "inputs": dict(sorted(given.items())),
            "wait": False,
            "named_after_parent": True,
        }


class WaitForFlowRun(EngineTask):
    """Waits until a flow run has ended and hands on what became of it; use it as `wait_for_flow_run(flow_run_id)`.

    Waiting holds no worker. The result has the flow run's id, name, flow, state, message, parameters and result.
    """

    def run(
        self,
        flow_run_id: str,
        stream_states: bool = True,
        stream_logs: bool = False,
        raise_final_state: bool = False,
        max_duration: timedelta | float = _LONGEST_WAIT,
    ) -> dict[str, Any]:
        """Say what may be passed in a flow; the engine waits, not this method."""
        raise RuntimeError("wait_for_flow_run waits as part of a flow run; call it inside a flow.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a task that waits, at most as long as it may."""
        given = _watching(inputs)
        longest = given.pop("max_duration", Literal(_LONGEST_WAIT.total_seconds()))
        if not isinstance(longest, Literal):
            raise ValueError(f"max_duration of {self!r} must be written in the flow, not made at run time.")
        seconds = limit_of(longest.value, "max_duration")
        return {"kind": TaskKind.WAIT, "inputs": given, "timeout_seconds": self.timeout_seconds or seconds}


class GetTaskRunResult(EngineTask):
    """Hands on the result of a task of another flow run; use it as `get_task_run_result(flow_run_id, task_slug)`.

    It waits for that flow run's end, without a worker.
    """

    def run(self, flow_run_id: str, task_slug: str, map_index: int = -1, poll_time: int = 5) -> Any:
        """Say what may be passed in a flow; the engine waits, not this method."""
        raise RuntimeError("get_task_run_result waits as part of a flow run; call it inside a flow.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a task that waits for a result."""
        return {"kind": TaskKind.TASK_RESULT, "inputs": _watching(inputs)}


def _watching(inputs: Mapping[str, Binding]) -> dict[str, Binding]:
    return {key: found for key, found in inputs.items() if key not in _IGNORED}


create_flow_run = CreateFlowRun(name="create_flow_run")
wait_for_flow_run = WaitForFlowRun(name="wait_for_flow_run")
get_task_run_result = GetTaskRunResult(name="get_task_run_result")
