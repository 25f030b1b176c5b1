"""Every change of state in the product goes through here: table, compare-and-set, history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from django.conf import settings

from orchestrator.core.large import Stored
from orchestrator.core.planner import Ending
from orchestrator.core.states import (
    FLOW_RUN_TRANSITIONS,
    TASK_RUN_TRANSITIONS,
    TERMINAL,
    State,
    check_transition,
)
from orchestrator.engine.database import ask, records, send, write_late
from orchestrator.engine.statements import INSERT_FLOW_RUNS, MOVE_FLOW_RUNS, MOVE_TASK_RUNS, SET_COUNTERS
from orchestrator.engine.steps import Admit, Run, Step
from orchestrator.engine.tagged import look_later

TERMINAL_STATES = sorted(state.value for state in TERMINAL)
# Those in which a task run has the places of its tags, or may have.
_PLACED = frozenset({State.SUBMITTED, State.RUNNING})


@dataclass(slots=True)
class Move:
    """A change of state of one task run, from the (attempt, state) the caller knows."""

    id: UUID
    slug: str
    attempt: int
    before: State
    after: State
    message: str = ""
    result: Any = None
    attempt_step: int = 0
    failure_step: int = 0
    child: UUID | None = None
    child_attempt: int | None = None
    leased: bool = False
    delay: float | None = None
    carried: Mapping[str, Any] | None = None
    waiting_on: int | None = None
    map_index: int = -1


@dataclass(slots=True)
class FlowMove:
    """A change of state of one flow run, or only of its count of unfinished task runs (`before` is then `after`)."""

    id: UUID
    before: State
    after: State
    attempt: int
    unfinished: int
    message: str = ""
    result: Any = None


_FIELDS = [part.name for part in fields(Move) if part.name not in ("slug", "map_index")]
_FLOW_FIELDS = [part.name for part in fields(FlowMove)]


def be_born(step: Step, flow_runs: list[dict[str, Any]], task_runs: list[dict[str, Any]]) -> None:
    """Insert flow runs with their task runs, of which nobody else can know.

    They are written together with all changes of state: what waits for its child at once is born so.
    """
    step.born_flow_runs += flow_runs
    step.born_task_runs |= {record["id"]: record for record in task_runs}
    write_late(lambda: _write(step))


def move_task_runs(step: Step, run: Run, moves: Sequence[Move]) -> None:
    """Move task runs whose rows this transaction holds, so that they are as the caller knows them.

    They are written together with all other changes of state, at the latest before the COMMIT.

    :raises InvalidTransition: the table does not allow one
    """
    for move in moves:
        if move.before is not move.after:
            check_transition(TASK_RUN_TRANSITIONS, move.before, move.after)
        born = step.born_task_runs.get(move.id)
        if born is not None and _only_waits(move):
            born |= {name: getattr(move, name) for name in ("child", "child_attempt", "delay")} | {"state": move.after}
            continue
        if move.id in step.moves:
            _write(step)
        step.moves[move.id] = move
    if moves:
        step.changed.add(run.id)
        step.note_due(move.delay for move in moves)
        if run.graph.tagged and any(_gives_place(move) and move.slug in run.graph.tagged for move in moves):
            look_later(step, run)
        write_late(lambda: _write(step))


def _only_waits(move: Move) -> bool:
    """Return whether a move is nothing but the beginning of a wait for a child."""
    return move.after is State.RUNNING and bool(move.child) and not (move.leased or move.message or move.carried)


def _gives_place(move: Move) -> bool:
    """Return whether a task run leaves the places of its tags, or begins to wait for a flow run, and lends them."""
    return move.before in _PLACED and (move.after not in _PLACED or _only_waits(move))


def move_flow_run(step: Step, run: Run, ending: Ending, *, attempt: int | None = None) -> None:
    """Put a flow run that this transaction holds into another state.

    :raises InvalidTransition: the table does not allow it
    """
    check_transition(FLOW_RUN_TRANSITIONS, run.state, ending.state)
    if (waiting := step.flow_moves.get(run.id)) and waiting.before is not waiting.after:
        _write(step)
    before, run.state = run.state, ending.state
    run.attempt = attempt or run.attempt
    step.flow_moves[run.id] = FlowMove(
        run.id, before, run.state, run.attempt, run.unfinished, ending.message, ending.result
    )
    run.counted = run.unfinished
    step.changed.add(run.id)
    step.written[run.id] = run
    if ending.state in TERMINAL:
        step.ended[run.id] = ending
        if run.is_limited:
            step.follow_ups.append(Admit(run.version.project_id))
        # A backfill may be waiting for the run of a fire time to end.
        step.made_room |= run.scheduled_for is not None
    write_late(lambda: _write(step))


def wait_for_fewer(step: Step, waiting_on: Mapping[UUID, int]) -> None:
    """Store how many upstreams task runs wait for whose rows this transaction holds, with their next move if any."""
    step.waiting_on |= waiting_on
    write_late(lambda: _write(step))


def count_down(step: Step, run: Run) -> None:
    """Store how many task runs of a flow run have not ended, if that changed."""
    if run.unfinished == run.counted:
        return
    run.counted = run.unfinished
    step.written[run.id] = run
    if run.id in step.flow_moves:
        step.flow_moves[run.id].unfinished = run.unfinished
    else:
        step.flow_moves[run.id] = FlowMove(run.id, run.state, run.state, run.attempt, run.unfinished)
        write_late(lambda: _write(step))


def _write(step: Step) -> None:
    """Write what has gathered: one statement for what was born, one for task runs that changed, one for flow runs."""
    flow_runs, step.born_flow_runs = step.born_flow_runs, []
    task_runs, step.born_task_runs = step.born_task_runs, {}
    if flow_runs:
        send(
            INSERT_FLOW_RUNS,
            overtakes=True,
            flow_runs=records(flow_runs),
            task_runs=records(task_runs.values()),
            worker=step.worker,
            lease=settings.ANABRANCH_LEASE_SECONDS,
        )
    moves, step.moves = step.moves, {}
    waiting_on, step.waiting_on = step.waiting_on, {}
    for identity in moves.keys() & waiting_on.keys():
        moves[identity].waiting_on = waiting_on.pop(identity)
    if waiting_on:
        counters = {str(identity): count for identity, count in waiting_on.items()}
        send(SET_COUNTERS, overtakes=True, ids=list(waiting_on), waiting_on=counters)
    flow_moves, step.flow_moves = step.flow_moves, {}
    if moves:
        send(
            MOVE_TASK_RUNS,
            overtakes=True,
            worker=step.worker,
            lease=settings.ANABRANCH_LEASE_SECONDS,
            terminal=TERMINAL_STATES,
            ids=list(moves),
            moves=records(_record(move, _FIELDS) for move in moves.values()),
            count=len(moves),
            actor=step.user_id,
        )
    if flow_moves:
        answer = ask(
            MOVE_FLOW_RUNS,
            overtakes=True,
            terminal=TERMINAL_STATES,
            ids=list(flow_moves),
            moves=records(_record(move, _FLOW_FIELDS) for move in flow_moves.values()),
            actor=step.user_id,
        )
        if not step.ended.keys().isdisjoint(flow_moves):
            step.ended_for_others.append(answer)


def _record(move: Move | FlowMove, names: list[str]) -> dict[str, Any]:
    """Return a move as the statement reads it: what is missing is NULL; a result stored elsewhere goes by its id."""
    record = {name: value for name in names if (value := getattr(move, name)) is not None}
    if isinstance(move.result, Stored):
        record |= {"result": None, "stored": move.result.id}
    return record
