"""Give a task run or a flow run another state by hand."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from orchestrator.core.graph import TaskKind
from orchestrator.core.mapping import label
from orchestrator.core.planner import Ending
from orchestrator.core.restarts import never_started
from orchestrator.core.states import MARKABLE, TERMINAL, State
from orchestrator.engine.answering import check_role
from orchestrator.engine.database import retried, rows, send
from orchestrator.engine.following import carry_out
from orchestrator.engine.interventions import HEAR_OF_CHILDREN, READ_STARTED
from orchestrator.engine.item_reopening import Link, Reopened, chain_of, end_anew, reopen_item, settle_reopened
from orchestrator.engine.item_statements import SET_ITEMS
from orchestrator.engine.items import ends_with, expansions, tasks_stopped
from orchestrator.engine.reopening import go_on, run_again, states_of
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import HOLD_UNFINISHED
from orchestrator.engine.steps import HealParent, Ready, Run, Step, TellParent, lock_flow_run, lock_task_run, one_step
from orchestrator.engine.transitions import TERMINAL_STATES, Move, move_flow_run, move_task_runs

_NOT_BEGUN = frozenset({State.SCHEDULED, State.QUEUED})


class NotMarkable(ValueError):
    """What is in that state cannot be marked as asked."""


def mark_task_run(
    *, task_run_id: UUID, state: State, reason: str, user: AbstractBaseUser | None = None, result: Any = None
) -> None:
    """End a task run by hand, or give one that has ended another end, with a result where that is a success.

    What follows from the new state happens: what came after it and ended without having started is judged again, and
    a flow run that had ended goes on. Whoever executes it is stopped, and can no longer end it. A child flow run that
    it waits for is left running.

    :raises UnknownTaskRun: there is none of that id
    :raises NotTheirs: an approval that asks for a role which the user has not
    :raises NotMarkable: it is in that state already, its flow run has not begun, or nobody may be given that state
    """
    _check_markable(state)
    carry_out([_mark_task_run(task_run_id, Ending(state, _words(state, reason, user), result), user)])


def mark_flow_run(
    *, flow_run_id: UUID, state: State, reason: str, user: AbstractBaseUser | None = None, result: Any = None
) -> None:
    """End a flow run by hand, or give one that has ended another end, with a result where that is a success.

    Its task runs that have not ended are Cancelled; child flow runs that they wait for are left running. A parent
    that waits for it is told, also one that had been told of an unsuccessful end.

    :raises UnknownFlowRun: there is none of that id
    :raises NotMarkable: it is in that state already, is being cancelled, or nobody may be given that state
    """
    _check_markable(state)
    carry_out([_mark_flow_run(flow_run_id, Ending(state, _words(state, reason, user), result), user)])


@retried
def _mark_task_run(task_run_id: UUID, ending: Ending, user: AbstractBaseUser | None) -> Step:
    with one_step(user_id=user.pk if user else None) as step:
        run, ready = lock_task_run(task_run_id)
        if run.state in _NOT_BEGUN:
            raise NotMarkable(f"Flow run {run.id} is {run.state}: mark its task runs when it has begun, or cancel it.")
        if run.graph.tasks[ready.slug].kind is TaskKind.APPROVAL:
            # A mark is an answer too: it lets go on what waits for one.
            check_role(run, ready, user)
        if ready.before is ending.state:
            raise NotMarkable(f"{_name(ready)} is {ready.before} already.")
        chain = _chain(run, ready)
        move = Move(ready.id, ready.slug, ready.attempt, ready.before, ending.state, ending.message, ending.result)
        # A new attempt, so that the worker that has it learns that it is no longer its.
        move.attempt_step = int(ready.before is State.RUNNING)
        move_task_runs(step, run, [move])
        if ready.map_index < 0 and ready.slug in run.graph.mapped:
            # What comes after it looks at what it was marked, not at its items; what follows these did not wait for it.
            ending = replace(ending, expanded=expansions(run, [ready.slug])[ready.slug][1] is not None)
            send(SET_ITEMS, id=ready.id, items=None, waiting_on=0)
        if ready.before is State.RUNNING and ready.child is not None:
            send(HEAR_OF_CHILDREN, ids=[ready.id])
        if ready.before in TERMINAL:
            _judge_again(step, run, ready, ending, chain)
        else:
            settle(step, run, ended=ends_with(run, ready, ending))
    return step


def _chain(run: Run, ready: Ready) -> dict[str, Link]:
    """Return what `chain_of` does of an item that has ended, else nothing.

    :raises NotMarkable: it runs once an item, or is an item that its task no longer has or has not begun again with
    """
    if ready.map_index < 0:
        if ready.slug in run.graph.mapped and ready.before is State.RUNNING:
            raise NotMarkable(f"{ready.slug} runs once an item; mark its items, or cancel the flow run.")
        return {}
    if ready.before not in TERMINAL:
        return {}
    chain = chain_of(run, ready.slug, ready.map_index)
    if not chain:
        raise NotMarkable(f"{ready.slug} has no item {ready.map_index} any more; mark {ready.slug} itself.")
    if (before := chain[ready.slug].parent.before) not in (*TERMINAL, State.RUNNING):
        raise NotMarkable(f"{ready.slug} is {before}; mark its items when it runs.")
    return chain


def _judge_again(step: Step, run: Run, marked: Ready, ending: Ending, chain: dict[str, Link]) -> None:
    """Let what ended without having started after a marked task run be judged anew; end the flow run anew.

    :param chain: of an item, it and those that follow it
    """
    was_over = run.state in TERMINAL
    why = f"Judged again: {_called(run, marked)} was marked {ending.state}."
    reopened = Reopened()
    if run.state is not State.CANCELLING:
        reopened = _reopen(step, run, marked, chain, why)
    if chain:
        end_anew(step, run, chain[marked.slug].parent, why)
    if not was_over or go_on(step, run, why=f"{_called(run, marked)}: {ending.message}"):
        settle_reopened(step, run, reopened)
    if was_over and run.parent_task_run_id is not None:
        step.follow_ups.append(HealParent(run.id))


def _reopen(step: Step, run: Run, marked: Ready, chain: dict[str, Link], why: str) -> Reopened:
    states = states_of(run)
    started = {slug for (slug,) in rows(READ_STARTED, flow_run_id=run.id)}
    seeds = never_started(run.graph, marked.slug, states, started)
    if not chain:
        return Reopened(free=run_again(step, run, seeds=seeds, states=states, why=why))
    # Of a task whose items follow the marked one, that item alone is judged again.
    seeds = seeds - chain.keys() | {slug for slug, link in chain.items() if link.never_started}
    seeds -= {marked.slug}
    return reopen_item(step, run, marked.slug, marked.map_index, seeds=seeds, states=states, why=why, always=False)


def _name(ready: Ready) -> str:
    return label(ready.slug, ready.map_index) if ready.map_index >= 0 else ready.slug


def _called(run: Run, ready: Ready) -> str:
    name = run.graph.called[ready.slug]
    return label(name, ready.map_index) if ready.map_index >= 0 else name


@retried
def _mark_flow_run(flow_run_id: UUID, ending: Ending, user: AbstractBaseUser | None) -> Step:
    with one_step(user_id=user.pk if user else None) as step:
        run = lock_flow_run(flow_run_id)
        if run.state is ending.state:
            raise NotMarkable(f"Flow run {run.id} is {run.state} already.")
        if run.state is State.CANCELLING and ending.state is not State.CANCELLED:
            raise NotMarkable(f"Flow run {run.id} is being cancelled; mark it when it has ended.")
        was_over = run.state in TERMINAL
        _stop_task_runs(step, run, ending.message)
        move_flow_run(step, run, ending, attempt=run.attempt + 1 if was_over else None)
        if run.parent_task_run_id is not None:
            step.follow_ups.append(HealParent(run.id) if was_over else TellParent(run.id, run.parent_flow_run_id))
    return step


def _stop_task_runs(step: Step, run: Run, why: str) -> None:
    moves = []
    waiting = []
    for identity, slug, attempt, before, _failures, child, *_, index, items in rows(
        HOLD_UNFINISHED, flow_run_id=run.id, terminal=TERMINAL_STATES
    ):
        is_running = before == State.RUNNING
        if not (is_running and items is not None):  # which ends with its items
            move = Move(identity, slug, attempt, State(before), State.CANCELLED, why, map_index=index)
            move.attempt_step = int(is_running)
            moves.append(move)
            waiting += [identity] if is_running and child is not None else []
    move_task_runs(step, run, moves)
    if waiting:
        send(HEAR_OF_CHILDREN, ids=waiting)
    tasks_stopped(step, run, moves)
    run.unfinished = 0


def _check_markable(state: State) -> None:
    if state not in MARKABLE:
        raise NotMarkable(f"A run can be marked {', '.join(sorted(MARKABLE))}, not {state}.")


def _words(state: State, reason: str, user: AbstractBaseUser | None) -> str:
    by = f" by {user.get_username()}" if user else ""
    return f"Marked {state}{by}: {reason}"
