"""Tasks that wait for a flow run which is there already, or for the result of a task in it; waiting holds no worker."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestrator.core.bindings import Unresolvable
from orchestrator.core.graph import Task, TaskKind
from orchestrator.core.mapping import no_such_item
from orchestrator.core.planner import Ending
from orchestrator.core.states import ENDED, SUCCESSFUL, TERMINAL, State
from orchestrator.engine.access import flow_runs_for
from orchestrator.engine.endings import end_task_runs, found_move, mark_running, submit
from orchestrator.engine.inputs import Results, read_inputs
from orchestrator.engine.results import load_for_child, named, put_in_one, results_to_bind
from orchestrator.engine.steps import Admit, LookAgain, Ready, Run, Step
from orchestrator.engine.transitions import Move, move_task_runs
from orchestrator.engine.turns import those_waiting_for
from orchestrator.models import FlowRun, TaskRun

WATCHING = frozenset({TaskKind.WAIT, TaskKind.TASK_RESULT})


class CannotWatch(Exception):
    """There is nothing to wait for; the message becomes that of the task run."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task waits for, as its inputs say."""

    task: Task
    flow_run_id: UUID
    raises: bool
    task_slug: str
    map_index: int


def start_watching(step: Step, run: Run, ready: list[Ready], *, loaded: Results | None = None) -> dict[str, Ending]:
    """Let tasks wait for flow runs; return the endings of those whose flow runs have ended, or cannot be waited for.

    Those that look into results outside the database are left Submitted, for a worker to load these first.
    """
    results = loaded or _read(run, ready)
    waiting, ending, later = [], [], []
    asked: dict[UUID, Asked] = {}
    for task_run in ready:
        if results.is_stored(run.graph.reads[task_run.slug], task_run.map_index):
            later.append(task_run)
            continue
        try:
            asked[task_run.id] = _asked(run, task_run, results)
        except (CannotWatch, Unresolvable) as error:
            ending.append(found_move(run, task_run, Ending(State.FAILED, str(error))))
    submit(step, run, later)
    awaited = _awaited(run, asked.values())
    for task_run in (one for one in ready if one.id in asked):
        try:
            flow_run = _find(run, awaited, asked[task_run.id])
        except CannotWatch as error:
            ending.append(found_move(run, task_run, Ending(State.FAILED, str(error))))
            continue
        if flow_run.state in TERMINAL:
            move = found_move(run, task_run, _ending(asked[task_run.id], flow_run))
            move.child = flow_run.pk
            ending.append(move)
            continue
        move = Move(task_run.id, task_run.slug, task_run.attempt, task_run.before, State.RUNNING, child=flow_run.pk)
        move.child_attempt, move.delay = flow_run.attempt, asked[task_run.id].task.timeout_seconds
        move.map_index = task_run.map_index
        waiting.append(move)
        step.follow_ups.append(LookAgain(flow_run.pk, run.id))
        if flow_run.state == State.QUEUED:
            # It may have the place of this one now.
            step.follow_ups.append(Admit(flow_run.flow.project_id, may_share=True))
    move_task_runs(step, run, waiting)
    if waiting:
        mark_running(step, run)
    return end_task_runs(step, run, ending)


def watched_moves(run: Run, waiting: list[Ready]) -> list[Move]:
    """Return how task runs end whose flow runs have ended."""
    if not waiting:
        return []
    ended = {found.pk: found for found in _with_flow(FlowRun.objects.filter(pk__in=[one.child for one in waiting]))}
    results = _read(run, waiting).loaded(load_for_child)
    moves = []
    for task_run in waiting:
        assert task_run.child is not None
        try:
            ending = _ending(_asked(run, task_run, results), ended[task_run.child])
        except (CannotWatch, Unresolvable) as error:
            ending = Ending(State.FAILED, str(error))
        moves.append(found_move(run, task_run, ending))
    return moves


def _read(run: Run, ready: list[Ready]) -> Results:
    readers = [(task_run.slug, task_run.map_index) for task_run in ready]
    return read_inputs(flow_run_id=run.id, graph=run.graph, readers=readers)


def _asked(run: Run, ready: Ready, results: Results) -> Asked:
    task = run.graph.tasks[ready.slug]
    inputs = results.inputs(task, ready.map_index, run.parameters)
    slug, index = inputs.get("task_slug"), inputs.get("map_index", -1)
    if task.kind is TaskKind.TASK_RESULT and not (slug and isinstance(slug, str)):
        raise CannotWatch(f"Must provide the slug of a task as task_slug, but it is {slug!r}.")
    if not isinstance(index, int):
        raise CannotWatch(f"map_index must be the number of an item, or -1, not {index!r}.")
    given = inputs.get("flow_run_id")
    try:
        flow_run_id = UUID(str(given))
    except ValueError:
        raise CannotWatch(
            f"flow_run_id must be a flow run's id, as create_flow_run returns it, not {given!r}."
        ) from None
    return Asked(task, flow_run_id, bool(inputs.get("raise_final_state")), str(slug or ""), index)


def _awaited(run: Run, asked: Iterable[Asked]) -> dict[UUID, FlowRun | None]:
    """Return the flow runs asked for that this one may see; None for those that wait for it themselves."""
    ids = list({one.flow_run_id for one in asked})
    if not ids:
        return {}
    found: dict[UUID, FlowRun | None] = {
        one.pk: one for one in _with_flow(flow_runs_for(run.user_id).filter(pk__in=ids))
    }
    if all(one is not None and one.state in TERMINAL for one in found.values()):
        return found
    return {**found, **dict.fromkeys(those_waiting_for(run.id, ids))}


def _with_flow(flow_runs: Any) -> Any:
    return flow_runs.select_related("flow__project")


def _find(run: Run, awaited: dict[UUID, FlowRun | None], asked: Asked) -> FlowRun:
    if asked.flow_run_id == run.id:
        raise CannotWatch("It is part of the flow run that it waits for, and would wait for ever.")
    if asked.flow_run_id not in awaited:
        raise CannotWatch(f"There is no flow run {asked.flow_run_id} that this one may see.")
    found = awaited[asked.flow_run_id]
    if found is None:
        raise CannotWatch(f"Flow run {asked.flow_run_id} waits for this one; both would wait for ever.")
    return found


def _ending(asked: Asked, flow_run: FlowRun) -> Ending:
    """Return how a task ends whose flow run has ended."""
    if asked.task.kind is TaskKind.TASK_RESULT:
        return _ending_with_result(asked, flow_run)
    view = put_in_one(
        {
            "id": str(flow_run.pk),
            "name": flow_run.name,
            "flow": str(flow_run.flow),
            "state": flow_run.state,
            "message": flow_run.message,
            "parameters": flow_run.parameters,
            "result": named(flow_run.result, flow_run.stored_result_id),
        }
    )
    if not asked.raises or flow_run.state == State.SUCCESS:
        return Ending(State.SUCCESS, "", view)
    return Ending(State(flow_run.state), f"Flow run {flow_run.pk} ended {flow_run.state}: {flow_run.message}", view)


def _ending_with_result(asked: Asked, flow_run: FlowRun) -> Ending:
    slug, index = asked.task_slug, asked.map_index
    of_task = TaskRun.objects.filter(flow_run=flow_run, slug=slug)
    found = of_task.filter(map_index=-1).first()
    if found is None:
        slugs = TaskRun.objects.filter(flow_run=flow_run).order_by("slug").values_list("slug", flat=True).distinct()
        return Ending(State.FAILED, f"Flow run {flow_run.pk} has no task {slug!r}; it has {', '.join(slugs[:10])}.")
    what = f"Task {slug!r}"
    if index >= 0:
        items, found, what = found.items or 0, of_task.filter(map_index=index).first(), f"{what}, item {index},"
    if found is None:
        return Ending(State.FAILED, no_such_item(slug, index, items, flow_run.pk))
    if found.state not in SUCCESSFUL:
        return Ending(State.FAILED, f"{what} of flow run {flow_run.pk} {ENDED[State(found.state)]}: no result.")
    if found.items is None:
        return Ending(State.SUCCESS, "", named(found.result, found.stored_result_id))
    return Ending(State.SUCCESS, "", put_in_one(results_to_bind(flow_run_id=flow_run.pk, slugs=[slug])[slug]))
