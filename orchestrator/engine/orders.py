"""What a task that starts a flow run asks for, as its inputs say."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pendulum

from orchestrator.core.bindings import Unresolvable, describe
from orchestrator.core.graph import FlowName, Task
from orchestrator.core.large import unread_in
from orchestrator.engine.inputs import Results
from orchestrator.engine.naming import NoSuchFlow, child_name, named_flow
from orchestrator.engine.steps import Ready, Run

# Flows that start each other in a circle must come to an end.
MAX_DEPTH = 20
MAX_KEY = 200
# Every claim of a task run brings the parameters of its flow run along.
MAX_PARAMETERS = 1_000_000


class CannotStart(Exception):
    """A child flow run cannot be started; the message becomes that of the task run."""


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

    :raises CannotStart: its inputs cannot be read, or say something that no flow run can be started by
    """
    inputs = _inputs(task, ready.map_index, run.parameters, results)
    parameters = _parameters(inputs.get("parameters"))
    flow = task.flow or _named(run, inputs)
    if run.depth >= MAX_DEPTH:
        raise CannotStart(
            f"Flow runs may be nested {MAX_DEPTH} deep; do {run.version.flow} and {flow} call each other in a circle?"
        )
    own_key = _key(inputs.get("idempotency_key"))
    fresh = f"{ready.id}:{ready.attempt}" if ready.child is not None else str(ready.id)
    return Order(
        ready=ready,
        task=task,
        flow=flow,
        parameters=parameters,
        key=own_key or fresh,
        has_own_key=own_key is not None,
        name=_child_name(run, task, flow, inputs.get("run_name")),
        start_time=_moment(inputs.get("scheduled_start_time"), pendulum.now("UTC")),
    )


def parameters_said(task: Task, index: int, own: dict[str, Any], results: Results) -> dict[str, Any]:
    """Return the parameters that a task says for its child, in a flow run that has those of its `own`.

    :raises CannotStart: its inputs cannot be read, or say something that no flow run can be started by
    """
    return _parameters(_inputs(task, index, own, results).get("parameters"))


def _inputs(task: Task, index: int, own: dict[str, Any], results: Results) -> dict[str, Any]:
    try:
        return results.inputs(task, index, own)
    except Unresolvable as error:
        raise CannotStart(str(error)) from None


def _key(given: Any) -> str | None:
    if given is None:
        return None
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    key = str(given).strip() if is_whole or isinstance(given, str) else ""
    if not key:
        raise CannotStart(f"An idempotency key is text, or a whole number, but this one is {given!r:.80}.")
    if len(key) > MAX_KEY:
        raise CannotStart(f"An idempotency key has at most {MAX_KEY} characters, but this one has {len(key)}.")
    return key


def _named(run: Run, inputs: dict[str, Any]) -> FlowName:
    try:
        return named_flow(run, inputs)
    except NoSuchFlow as error:
        raise CannotStart(str(error)) from None


def _child_name(run: Run, task: Task, flow: FlowName, given: Any) -> str:
    name = str(given or "")
    return (name or (child_name(run, flow) if task.named_after_parent else ""))[:200]


def _parameters(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise CannotStart(
            f"The parameters of a flow run must be an object of name and value, but are {describe(given)}."
        )
    try:
        size = len(json.dumps(given))
    except TypeError:
        raise CannotStart(
            f"The parameters of a flow run are JSON, but {_first_unread(given)}. Let a task read it that returns JSON."
        ) from None
    if size > MAX_PARAMETERS:
        raise CannotStart(
            f"The parameters of a flow run take at most {MAX_PARAMETERS:,} bytes, but these take {size:,}. Store the"
            " data and hand on where it is."
        )
    return given


def _first_unread(parameters: dict[str, Any]) -> str:
    for name, value in parameters.items():
        for unread in unread_in(value):
            return f"{name!r} holds {unread.type_name}, a result kept by {unread.serializer!r}"
    return "these are none"


def _moment(value: Any, now: datetime) -> datetime | None:
    """Return the moment that a start time stands for: a moment, or so many seconds or so long after `now`."""
    if value is None:
        return None
    try:
        is_seconds = isinstance(value, int | float) and not isinstance(value, bool)
        parsed = pendulum.duration(seconds=value) if is_seconds else pendulum.parse(value)
        moment = now + parsed if isinstance(parsed, timedelta) else parsed
    except (ValueError, TypeError, OverflowError):
        moment = None
    if not isinstance(moment, datetime):
        raise CannotStart(
            "scheduled_start_time must be a date and time like 2026-03-02T09:30:00-05:00, or a length of time, in"
            f" seconds or like PT2M, not {value!r}."
        )
    return moment
