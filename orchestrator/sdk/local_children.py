"""The child flow runs of a flow.run(): started, found by their keys, restarted by the retries of their parents."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestrator.core.graph import FlowName, OnRetry, Task
from orchestrator.core.parameters import check_parameters, with_defaults
from orchestrator.core.planner import Ending
from orchestrator.core.problems import ProblemsFound
from orchestrator.core.starts import Unstartable, check_depth, key_of, moment_of, parameters_of
from orchestrator.core.states import ENDED, SUCCESSFUL, TERMINAL, State
from orchestrator.sdk import registry
from orchestrator.sdk.attempts import Attempt

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.local import LocalRun, Place

Inputs = Callable[[], Mapping[str, Any]]


def end_of_child(run: LocalRun, task: Task, place: Place, attempt: Attempt, inputs: Inputs) -> Ending:
    """Return how a task ends that starts a flow run, or that goes on with the one that it has.

    :param inputs: asks for what the task says
    """
    began = time.monotonic()
    child = run.children.get(place)
    try:
        if child is None or task.on_retry is OnRetry.NEW_RUN:
            child = run.children[place] = _started(run, task, place, inputs())
        elif task.wait:
            _rejoin(run, child, task, place, attempt, inputs)
    except Unstartable as error:
        return Ending(State.FAILED, str(error))
    if not task.wait:
        return Ending(State.SUCCESS, "", child.id)
    ending = child.ending
    assert ending is not None, "nobody waits for a flow run that waits for it"
    if ending.state not in TERMINAL:
        return Ending(State.RUNNING)
    if task.timeout_seconds is not None and time.monotonic() - began > task.timeout_seconds:
        limit = f"{task.timeout_seconds:g}"
        return Ending(State.TIMED_OUT, f"Waited longer than {limit} s for child flow run {child.id}, which goes on.")
    message = "" if ending.state is State.SUCCESS else f"Child flow run {ENDED[ending.state]}: {ending.message}"
    return Ending(ending.state, message, ending.result)


def _rejoin(run: LocalRun, child: LocalRun, task: Task, place: Place, attempt: Attempt, inputs: Inputs) -> None:
    """Restart the child that a task has, where it did not succeed and the task does not only mirror it.

    Where its parent was restarted, the child is told what that says for it now.

    :raises Unstartable: it refuses that
    """
    ended = child.ending
    if ended is None or ended.state not in TERMINAL - SUCCESSFUL or task.on_retry is OnRetry.MIRROR:
        return
    if attempt.failures == 0 and child.started_by == (run.id, place):
        told = {**child.parameters, **parameters_of(inputs().get("parameters"))}
        if problems := check_parameters(child.flow.parameter_schema(), told):
            raise _refused(child.flow_name, ProblemsFound(problems))
        child.parameters = told
    child.restart()


def _started(run: LocalRun, task: Task, place: Place, inputs: Mapping[str, Any]) -> LocalRun:
    """Return the child flow run that a task starts, which has ended, or the one that its key stands for already.

    :raises Unstartable: no flow run can be started by what it says
    """
    parameters = parameters_of(inputs.get("parameters"))
    name = task.flow or _named(inputs, run.flow.project)
    check_depth(run.depth, run.flow_name, name)
    key = key_of(inputs.get("idempotency_key"))
    moment = moment_of(inputs.get("scheduled_start_time"), datetime.now(UTC))
    flow = registry.find_flow(name)
    if flow is None:
        raise Unstartable(f"Flow {name.name!r} not found in project {name.project!r}. Is it registered?")
    called = str(
        inputs.get("run_name") or (f"{run.name or run.flow.name}-{name.name}" if task.named_after_parent else "")
    )
    child = _created(run, flow, name, parameters, place, called[:200])
    if key is not None:
        there = run.runs.by_key.setdefault((name, key), child)
        if there is not child:
            return _found(there, key, parameters, waits=task.wait)
    if task.wait and moment is not None:
        time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
    child.go_on()
    return child


def _created(
    run: LocalRun, flow: Flow, name: FlowName, parameters: dict[str, Any], place: Place, called: str
) -> LocalRun:
    try:
        return run.below(flow, parameters, place, called)
    except ProblemsFound as error:
        raise _refused(name, error) from None
    except (ValueError, TypeError) as error:
        raise Unstartable(f"{name} cannot be run. {error}") from None


def _refused(flow: FlowName | str, error: ProblemsFound) -> Unstartable:
    return Unstartable(f"{flow} refuses these parameters. {error}")


def _found(there: LocalRun, key: str, parameters: Mapping[str, Any], *, waits: bool) -> LocalRun:
    belongs = f"The idempotency key {key!r} belongs to flow run {there.id}, which"
    if with_defaults(there.flow.parameter_schema(), parameters) != there.parameters:
        raise Unstartable(f"{belongs} was started with other parameters.")
    if waits and there.ending is None:
        raise Unstartable(f"{belongs} waits for this one itself.")
    return there


def _named(inputs: Mapping[str, Any], own_project: str | None) -> FlowName:
    """Return the flow that a task names by its inputs.

    :raises Unstartable: it names none, or a flow that is in several projects, or that is known by its id alone
    """
    name = inputs.get("flow_name")
    if inputs.get("flow_id") is not None:
        raise Unstartable("A flow has an id only once it is registered; name it by flow_name to try it here.")
    if not name or not isinstance(name, str):
        raise Unstartable("Must provide a flow name.")
    project = inputs.get("project_name", own_project)
    if project:
        return FlowName(str(project), name)
    found = registry.find_flows(name)
    if not found:
        raise Unstartable(f"Flow {name!r} not found in any project. Is it registered?")
    if len(found) > 1:
        projects = ", ".join(flow.project for flow in found)
        raise Unstartable(f"There is a flow {name!r} in each of the projects {projects}; say which with project_name.")
    return found[0]
