"""The task that starts a run of another flow, and can wait for it."""

import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestrator.core.bindings import Binding, Literal
from orchestrator.core.graph import FlowName, OnRetry, TaskKind
from orchestrator.core.starts import wrong_inputs
from orchestrator.sdk.collections import holds_task
from orchestrator.sdk.engine_tasks import EngineTask
from orchestrator.sdk.foreign import FOREIGN, refuse_foreign
from orchestrator.sdk.literals import literal
from orchestrator.sdk.tasks import Task

_SHORTEST_POLL = timedelta(seconds=3)


class StartFlowRun(EngineTask):
    """Starts a run of a flow's latest version; with `wait`, ends as that child flow run ends, and with its result.

    Waiting holds no worker. Without `wait` the result is the child flow run's id. Retries find the same child again.

    :param flow_name: the flow to start
    :param project_name: the project to find it in; that of the flow around it unless given
    :param parameters: what the child is given; values known only at run time are passed when the task is called
    :param wait: whether to wait for the child and mirror its state
    :param run_name: the child flow run's name
    :param scheduled_start_time: when the child is to start; a timedelta counts from the moment of execution; at once
        unless given
    :param new_flow_context, run_config: not here; the message says what to use instead
    :param poll_interval: accepted so that older code runs; nothing polls here
    :param on_retry: what a retry does with a child that failed: "restart" it from what failed, start a "new_run",
        or only "mirror" it again
    :param attributes: what every `Task` takes: retries, trigger, time limit, ...
    :raises TypeError: a task among the parameters, an argument that is not here
    :raises ValueError: a poll interval under three seconds, an unknown `on_retry`
    """

    def __init__(
        self,
        flow_name: str | None = None,
        project_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        run_config: Any = None,
        wait: bool = False,
        new_flow_context: Any = None,
        run_name: str | None = None,
        scheduled_start_time: datetime | timedelta | None = None,
        poll_interval: timedelta | None = None,
        *,
        on_retry: OnRetry | str = OnRetry.RESTART,
        name: str | None = None,
        **attributes: Any,
    ) -> None:
        if not isinstance(parameters, Mapping | None):
            raise TypeError(f"The parameters of a StartFlowRun are a dict of name and value, not {parameters!r:.80}.")
        if parameters is not None and holds_task(dict(parameters)):
            raise TypeError(
                "The parameters of a StartFlowRun's constructor cannot hold tasks; pass them when it is called in the"
                " flow: start(parameters={...})."
            )
        if attributes.get("cache_for") is not None:
            raise ValueError("A StartFlowRun has no cache; cache what the tasks of its flow make.")
        _check_poll(poll_interval)
        self.flow_name = flow_name
        self.project_name = project_name
        self.parameters = dict(parameters) if parameters is not None else None
        self.wait = wait
        self.run_name = run_name
        self.scheduled_start_time = scheduled_start_time
        self.on_retry = _on_retry(on_retry)
        super().__init__(name or (f"Flow {flow_name}" if flow_name else None), **attributes)
        refuse_foreign(self, {"run_config": run_config, "new_flow_context": new_flow_context})

    def run(
        self,
        flow_name: str | None = None,
        project_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        run_config: Any = None,
        new_flow_context: Any = None,
        run_name: str | None = None,
        scheduled_start_time: Any = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Say what may be passed when the task is called in a flow; the engine starts the child, not this method."""
        raise RuntimeError("A StartFlowRun starts its child as part of a flow run; call it inside a flow.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a task that starts a child: what the call passed, over what the constructor said."""
        start = self.scheduled_start_time
        said = {
            "flow_name": self.flow_name,
            "project_name": self.project_name,
            "parameters": self.parameters,
            "run_name": self.run_name,
            "scheduled_start_time": start.total_seconds() if isinstance(start, timedelta) else start,
        }
        constructed = {key: literal(value, f"{key} of {self!r}") for key, value in said.items() if value is not None}
        given = constructed | without_foreign(self, inputs)
        if given.get("project_name", Literal(None)) == Literal(None):
            given["project_name"] = Literal(project)
        flow, given = named_flow(self, given)
        check_start(self, given)
        return {
            "kind": TaskKind.FLOW_RUN,
            "flow": flow,
            "inputs": dict(sorted(given.items())),
            "wait": self.wait,
            "on_retry": self.on_retry,
        }


def named_flow(task: Task, given: dict[str, Binding]) -> tuple[FlowName | None, dict[str, Binding]]:
    """Return the flow that is named in the flow's own text, and what else is given; None where a run names it.

    :raises ValueError: the flow has a name, but nothing says in which project it is
    """
    match given.get("flow_name", Literal(None)), given.get("project_name", Literal(None)):
        case Literal(str(name)), Literal(str(project)) if name and project:
            rest = {key: found for key, found in given.items() if key not in ("flow_name", "project_name")}
            return FlowName(project, name), rest
        case Literal(str(name)), Literal(None) if name:
            raise ValueError(f"Must provide a project name. {task!r} has none; write project_name=...")
    return None, {"flow_name": Literal(None), **given}


def check_start(task: Task, given: Mapping[str, Binding]) -> None:
    """Accept what a run can be started by, as far as the flow's own text says it.

    :raises ValueError: a start time that is no moment, an idempotency key that is none, parameters that are no object
    """
    for wrong in wrong_inputs(given).values():
        raise ValueError(f"{task!r} could start nothing. {wrong}")


def without_foreign(task: Task, inputs: Mapping[str, Binding]) -> dict[str, Binding]:
    """Return inputs without arguments of Prefect 1 that have no meaning here. Errors are those of `refuse_foreign`."""
    foreign = {name: inputs[name] for name in FOREIGN if name in inputs}
    refuse_foreign(task, {name: found for name, found in foreign.items() if found != Literal(None)})
    return {name: found for name, found in inputs.items() if name not in foreign}


def _check_poll(poll_interval: timedelta | None) -> None:
    if poll_interval is None:
        return
    if not isinstance(poll_interval, timedelta):
        raise TypeError(f"poll_interval must be a timedelta of at least three seconds, not {poll_interval!r}.")
    if poll_interval < _SHORTEST_POLL:
        raise ValueError(f"poll_interval must be at least three seconds, not {poll_interval}.")
    warnings.warn("poll_interval has no effect: a waiting StartFlowRun hears of its child's end at once.", stacklevel=3)


def _on_retry(on_retry: OnRetry | str) -> OnRetry:
    try:
        return OnRetry(on_retry)
    except ValueError:
        raise ValueError(f"There is no on_retry {on_retry!r}; there are {', '.join(OnRetry)}.") from None
