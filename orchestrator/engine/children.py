"""Tasks that start flow runs: the child is created, or found again, in the transaction that lets the task start."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pendulum
from django.conf import settings

from orchestrator.core.graph import FlowName, OnRetry
from orchestrator.core.parameters import check_parameters, with_defaults
from orchestrator.core.planner import Ending
from orchestrator.core.starts import Unstartable
from orchestrator.core.states import SUCCESSFUL, TERMINAL, State
from orchestrator.engine.access import may_start
from orchestrator.engine.caps import room_below
from orchestrator.engine.database import rows
from orchestrator.engine.endings import end_task_runs, found_move, mark_running, submit
from orchestrator.engine.inputs import Results, read_inputs
from orchestrator.engine.insertion import NewRun, insert_flow_runs
from orchestrator.engine.interventions import HEALING
from orchestrator.engine.latest import latest_versions
from orchestrator.engine.orders import Order, order_of
from orchestrator.engine.parameters import are_those_of
from orchestrator.engine.retelling import RETOLD, check_retelling
from orchestrator.engine.statements import FLOW_RUNS_BY_KEY
from orchestrator.engine.steps import LookAgain, Ready, RestartChild, Run, Step, TellParent
from orchestrator.engine.transitions import Move, move_task_runs
from orchestrator.engine.turns import those_waiting_for
from orchestrator.engine.versions import Latest
from orchestrator.models import FlowRun, Origin


@dataclass(slots=True)
class _Moves:
    """What becomes of the ready tasks: some wait for a child, some have ended."""

    waiting: list[Move] = field(default_factory=list)
    ending: list[Move] = field(default_factory=list)


def start_children(step: Step, run: Run, ready: list[Ready], *, loaded: Results | None = None) -> dict[str, Ending]:
    """Start the child flow runs that ready tasks ask for; return the endings of the tasks that do not wait.

    More than this transaction may create are left Submitted, for a worker to go on with; so are those whose parameters
    come from results outside the database, which no transaction waits for.

    :param loaded: the results that their inputs read, where a worker has loaded them
    """
    if not ready:
        return {}
    readers = [(task_run.slug, task_run.map_index) for task_run in ready]
    results = loaded or read_inputs(flow_run_id=run.id, graph=run.graph, readers=readers)
    here, rest = _apart(step, run, ready, results)
    moves = _Moves()
    orders = []
    healing = _healing(here)
    for task_run in here:
        task = run.graph.tasks[task_run.slug]
        on_retry = OnRetry.MIRROR if task_run.id in healing else task.on_retry
        try:
            if task_run.child is not None and task_run.child_attempt and on_retry is not OnRetry.NEW_RUN:
                _rejoin(step, run, task_run, task_run.child, results, moves, on_retry=on_retry)
            else:
                orders.append(order_of(run, task, task_run, results))
        except Unstartable as error:
            moves.ending.append(found_move(run, task_run, Ending(State.FAILED, str(error))))
    _place(step, run, orders, moves)
    submit(step, run, rest)
    move_task_runs(step, run, moves.waiting)
    if moves.waiting:
        mark_running(step, run)
    return end_task_runs(step, run, moves.ending)


def _apart(step: Step, run: Run, ready: list[Ready], results: Results) -> tuple[list[Ready], list[Ready]]:
    """Return the tasks whose children this transaction creates, and those that it leaves to a worker."""
    able = [one for one in ready if not results.is_stored(run.graph.reads[one.slug], one.map_index)]
    here = able[: step.runs_left]
    step.runs_left -= len(here)
    taken = {one.id for one in here}
    return here, [one for one in ready if one.id not in taken]


def _healing(ready: list[Ready]) -> set[UUID]:
    """Return the task runs whose child was restarted by a person, for which they have waited for room since."""
    ids = [one.id for one in ready if one.child is not None and not one.failures]
    return {identity for (identity,) in rows(HEALING, ids=ids)} if ids else set()


def _rejoin(
    step: Step, run: Run, ready: Ready, child_id: UUID, results: Results, moves: _Moves, *, on_retry: OnRetry
) -> None:
    """Go on with the child a task run already has, as `on_retry` says. No second child is created.

    :raises Unstartable: the child refuses what it would be told now
    """
    task = run.graph.tasks[ready.slug]
    child = FlowRun.objects.only(*RETOLD).get(pk=child_id)
    if not task.wait:
        moves.ending.append(found_move(run, ready, Ending(State.SUCCESS, "", str(child.pk))))
        return
    move = Move(ready.id, ready.slug, ready.attempt, ready.before, State.RUNNING, child=child.pk)
    move.child_attempt, move.delay = child.attempt, task.timeout_seconds
    if child.state in TERMINAL:
        if child.state in SUCCESSFUL or on_retry is OnRetry.MIRROR:
            step.follow_ups.append(TellParent(child.pk))
        else:
            check_retelling(run, ready, child, results)
            move.child_attempt = child.attempt + 1
            step.follow_ups.append(RestartChild(child.pk, child.attempt + 1))
    else:
        step.follow_ups.append(LookAgain(child.pk, run.id))
    moves.waiting.append(move)


def _place(step: Step, run: Run, orders: list[Order], moves: _Moves) -> None:
    """Insert the child flow runs that were ordered, or find those that their keys stand for already."""
    new: list[tuple[Order, NewRun]] = []
    versions = latest_versions(step, (order.flow for order in orders))
    for order in orders:
        try:
            latest = _startable(run, order, versions)
        except Unstartable as error:
            moves.ending.append(found_move(run, order.ready, Ending(State.FAILED, str(error))))
            continue
        new.append((order, _new_run(run, order, latest)))
    new = _refuse_beyond_cap(run, new, moves)
    inserted = insert_flow_runs(step, [child for _, child in new]) if new else set()
    taken = []
    for order, child in new:
        if child.id in inserted:
            _link(run, order, child.id, 1, moves)
        else:
            taken.append((order, child))
    if taken:
        _find(step, run, taken, moves)


def _refuse_beyond_cap(run: Run, new: list[tuple[Order, NewRun]], moves: _Moves) -> list[tuple[Order, NewRun]]:
    """Return those for which there is room below the root, or that are there already; fail the tasks of the others."""
    room = room_below(run.root_id, wanted=len(new)) if new else 0
    if room == len(new):
        return new
    found = {(flow_id, key) for flow_id, key, *_ in _of_keys(new)}
    there: list[tuple[Order, NewRun]] = []
    coming: list[tuple[Order, NewRun]] = []
    for order, child in new:
        (there if (child.version.flow_id, order.key) in found else coming).append((order, child))
    for order, _ in coming[room:]:
        why = (
            f"Of flow run {run.root_id} {settings.ANABRANCH_MAX_FLOW_RUNS_PER_ROOT:,} flow runs have come already, the"
            " most that may (ANABRANCH_MAX_FLOW_RUNS_PER_ROOT); do flows start each other in a circle?"
        )
        moves.ending.append(found_move(run, order.ready, Ending(State.FAILED, why)))
    return there + coming[:room]


def _of_keys(orders: list[tuple[Order, NewRun]]) -> list[Any]:
    """Return what is known of the flow runs whose idempotency keys are asked for, as far as there are any."""
    flow_ids = [child.version.flow_id for _, child in orders]
    return rows(FLOW_RUNS_BY_KEY, flow_ids=flow_ids, keys=[order.key for order, _ in orders])


def _startable(run: Run, order: Order, versions: dict[FlowName, Latest]) -> Latest:
    flow = order.flow
    if flow not in versions:
        raise Unstartable(f"Flow {flow.name!r} not found in project {flow.project!r}. Is it registered?")
    version = versions[flow].version
    if version is None:
        raise Unstartable(f"Flow {flow} has no published version yet.")
    if version.project_id != run.version.project_id and not may_start(run.user_id, version.project_id):
        raise Unstartable(f"Whoever started this flow run may not run flows of project {flow.project!r}.")
    problems = check_parameters(version.parameter_schema, order.parameters)
    if problems:
        raise Unstartable(f"{flow} refuses these parameters. " + " ".join(found.message for found in problems))
    return versions[flow]


def _new_run(run: Run, order: Order, latest: Latest) -> NewRun:
    version = latest.version
    assert version is not None
    new = NewRun(
        version=version,
        parameters=with_defaults(version.parameter_schema, order.parameters),
        origin=Origin.PARENT.value,
        key=order.key,
        name=order.name,
        parent=run,
        parent_task_run_id=order.ready.id,
        parent_slug=order.ready.slug,
        user_id=run.user_id,
        start_time=order.start_time,
        key_is_fresh=not order.has_own_key,
        later=order.start_time is not None and order.start_time > pendulum.now("UTC"),
    )
    if order.task.wait:
        new.waited_by = replace(order.ready, before=State.RUNNING, child=new.id, child_attempt=1)
    # Flow runs below one of their own project share its place.
    new.is_limited = latest.flow_is_limited or (latest.project_is_limited and not new.is_nested)
    return new


def _link(run: Run, order: Order, child: UUID, child_attempt: int, moves: _Moves) -> None:
    ready, task = order.ready, order.task
    if task.wait:
        moves.waiting.append(
            Move(
                ready.id,
                ready.slug,
                ready.attempt,
                ready.before,
                State.RUNNING,
                child=child,
                child_attempt=child_attempt,
                delay=task.timeout_seconds,
            )
        )
    else:
        move = found_move(run, ready, Ending(State.SUCCESS, "", str(child)))
        move.child = child
        moves.ending.append(move)


def _find(step: Step, run: Run, taken: list[tuple[Order, NewRun]], moves: _Moves) -> None:
    """Link to the flow runs whose idempotency keys were there first, or refuse those with other parameters."""
    by_key = {(flow_id, key): rest for flow_id, key, *rest in _of_keys(taken)}
    waits = any(order.task.wait for order, _ in taken)
    circular = those_waiting_for(run.id, [rest[0] for rest in by_key.values()]) if waits else set()
    for order, child in taken:
        identity, version_id, parameters, attempt = by_key[child.version.flow_id, order.key]
        belongs = f"The idempotency key {order.key!r} belongs to flow run {identity}, which"
        if not are_those_of(version_id=version_id, parameters=parameters, given=order.parameters):
            why = f"{belongs} was started with other parameters."
        elif order.task.wait and identity in circular:
            why = f"{belongs} waits for this one itself."
        else:
            _link(run, order, identity, attempt, moves)
            if order.task.wait:
                step.follow_ups.append(LookAgain(identity, run.id))
            continue
        moves.ending.append(found_move(run, order.ready, Ending(State.FAILED, why)))
