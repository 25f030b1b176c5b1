"""What a task that starts a flow run asks for, as its inputs say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pendulum

from orchestrator.core.bindings import Unresolvable
from orchestrator.core.graph import FlowName, Task
from orchestrator.core.starts import Unstartable, check_depth, key_of, moment_of, parameters_of
from orchestrator.engine.inputs import Results
from orchestrator.engine.naming import NoSuchFlow, child_name, named_flow
from orchestrator.engine.steps import Ready, Run


@dataclass(slots=True)
class Order:
    """A child flow run that a ready task asks for."""

    ready: Ready
    task: Task
    flow: FlowName
    parameters: dict[str, Any]
    key: str
    has_own_key: bool
    name: str
    start_time: datetime | None


def order_of(run: Run, task: Task, ready: Ready, results: Results) -> Order:
    """Return the child flow run that a task asks for.

    :raises Unstartable: its inputs cannot be read, or say something that no flow run can be started by
    """
    inputs = _inputs(task, ready.map_index, run.parameters, results)
    parameters = parameters_of(inputs.get("parameters"))
    flow = task.flow or _named(run, inputs)
    check_depth(run.depth, run.version.flow, flow)
    own_key = key_of(inputs.get("idempotency_key"))
    fresh = f"{ready.id}:{ready.attempt}" if ready.child is not None else str(ready.id)
    return Order(
        ready=ready,
        task=task,
        flow=flow,
        parameters=parameters,
        key=own_key or fresh,
        has_own_key=own_key is not None,
        name=_child_name(run, task, flow, inputs.get("run_name")),
        start_time=moment_of(inputs.get("scheduled_start_time"), pendulum.now("UTC")),
    )


def parameters_said(task: Task, index: int, own: dict[str, Any], results: Results) -> dict[str, Any]:
    """Return the parameters that a task says for its child, in a flow run that has those of its `own`.

    :raises Unstartable: its inputs cannot be read, or say something that no flow run can be started by
    """
    return parameters_of(_inputs(task, index, own, results).get("parameters"))


def _inputs(task: Task, index: int, own: dict[str, Any], results: Results) -> dict[str, Any]:
    try:
        return results.inputs(task, index, own)
    except Unresolvable as error:
        raise Unstartable(str(error)) from None


def _named(run: Run, inputs: dict[str, Any]) -> FlowName:
    try:
        return named_flow(run, inputs)
    except NoSuchFlow as error:
        raise Unstartable(str(error)) from None


def _child_name(run: Run, task: Task, flow: FlowName, given: Any) -> str:
    name = str(given or "")
    return (name or (child_name(run, flow) if task.named_after_parent else ""))[:200]
