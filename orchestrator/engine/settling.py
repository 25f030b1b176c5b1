"""What follows in a flow run when task runs of it end: downstreams released, triggers judged, the run ended."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from orchestrator import dispatch
from orchestrator.core.planner import (
    NO_ITEMS,
    Ending,
    cascade,
    judge_task,
    looked_at,
    released_by,
)
from orchestrator.core.results import Unkeepable
from orchestrator.core.states import TERMINAL, State
from orchestrator.engine.database import ask, rows, send
from orchestrator.engine.endings import mark_running, submit
from orchestrator.engine.items import expand, items_before, judge_items, judge_parent, settle_items, states_of_items
from orchestrator.engine.latest import ask_for_versions
from orchestrator.engine.results import put_in_one
from orchestrator.engine.starting import start_here
from orchestrator.engine.statements import (
    READ_STATES,
    READ_TASK_RUNS,
    RELEASE_DOWNSTREAMS,
    SET_WAITING_ON,
)
from orchestrator.engine.steps import Claim, Ready, Run, Step, TellParent
from orchestrator.engine.tagged import note_submitted, place_of, those_held
from orchestrator.engine.transitions import Move, count_down, move_flow_run, move_task_runs, wait_for_fewer
from orchestrator.engine.verdicts import handled_verdict, verdict


def settle(
    step: Step,
    run: Run,
    *,
    ended: dict[str, Ending],
    free: list[Ready] | None = None,
    ready: list[Ready] | None = None,
) -> None:
    """Do all that follows, in this transaction, from task runs that have ended and others that may start.

    Child flow runs that this creates are settled with it, level by level: nobody else can hold them yet.
    In a flow run that is paused, what may start stays Pending until it is resumed.

    :param ended: endings already written
    :param free: task runs whose upstreams have all ended; their triggers are judged
    :param ready: task runs that start whatever their triggers say, such as those that a person approved
    """
    _settle_one(step, run, ended, free or [], ready or [])
    while step.inserted:
        child, first = step.inserted.pop()
        _settle_one(step, child, {}, first, [])


def _settle_one(step: Step, run: Run, ended: dict[str, Ending], free: list[Ready], ready: list[Ready]) -> None:
    last = ended
    while ended or free or ready or run.items_ended:
        if run.items_ended:
            items, tasks = settle_items(step, run)
            ready, ended = ready + items, ended | tasks
        run.unfinished -= len(ended)
        ready = ready + _judge(step, run, free + _release(step, run, ended), ended)
        last, free = ended or last, []
        ended = {}
        if run.state is not State.PAUSED:
            if run.graph.mapped:
                ready, free, ended = _expand(step, run, ready)
            ended |= _start(step, run, ready)
        ready = []
    if run.unfinished == 0:
        _finish(step, run, last)
    else:
        count_down(step, run)


def _expand(step: Step, run: Run, ready: list[Ready]) -> tuple[list[Ready], list[Ready], dict[str, Ending]]:
    """Give mapped tasks that may start their items.

    Return what may start now, the tasks that waited only for others to be given items, and the ends of mapped tasks.
    """
    endings = {}
    given: list[str] = []
    items: list[Ready] = []
    parents: list[Ready] = []
    may_start: list[Ready] = []
    for task_run in ready:
        is_parent = task_run.map_index < 0 and task_run.slug in run.graph.mapped
        (parents if is_parent else may_start).append(task_run)
    for task_run in sorted(parents, key=lambda parent: run.graph.order.index(parent.slug)):
        expansion = expand(step, run, task_run)
        items += expansion.items
        if expansion.given:
            given.append(task_run.slug)
        if expansion.ending is not None:
            endings[task_run.slug] = expansion.ending
    # Not before all of them count whom they wait for: an item that ends here takes itself off those that follow it.
    may_start += judge_items(step, run, items, {})
    falls = Counter(follower for slug in given for follower in run.graph.followed.get(slug, ()))
    return may_start, _take_off(step, run, falls), endings


def _start(step: Step, run: Run, ready: list[Ready]) -> dict[str, Ending]:
    """Start tasks; return the endings of those that have ended by it."""
    others = [task_run for task_run in ready if not run.graph.tasks[task_run.slug].is_claimed]
    if held := those_held(run, others):
        submit(step, run, held)
        others = [task_run for task_run in others if task_run not in held]
    _submit(step, run, [task_run for task_run in ready if run.graph.tasks[task_run.slug].is_claimed])
    return start_here(step, run, others) if others else {}


def _release(step: Step, run: Run, ended: dict[str, Ending]) -> list[Ready]:
    """Take the ended ones off their downstreams' counters; return those whose upstreams have now all ended."""
    return _take_off(step, run, released_by(run.graph, ended))


def _take_off(step: Step, run: Run, falls: Mapping[str, int]) -> list[Ready]:
    """Lower the counters of tasks that wait; return those that wait for nothing any more."""
    if not falls:
        return []
    flows = {flow for slug in falls if (flow := run.graph.tasks[slug].flow)}
    if falls.keys() <= run.ahead.keys():
        ask_for_versions(step, flows)
        return _take_off_ahead(step, run, falls)
    run.ahead.clear()
    answer = ask(
        RELEASE_DOWNSTREAMS,
        overtakes=step.is_written,
        flow_run_id=run.id,
        slugs=list(falls),
        falls=falls,
    )
    ask_for_versions(step, flows)
    return [
        Ready(identity, slug, attempt, State.PENDING, failures, child, child_attempt)
        for identity, slug, attempt, waiting_on, failures, child, child_attempt, state in answer()
        if waiting_on == 0 and state == State.PENDING
    ]


def _take_off_ahead(step: Step, run: Run, falls: Mapping[str, int]) -> list[Ready]:
    """Do the same with rows that were read together with the flow run's lock. Each serves once."""
    counted = [(run.ahead.pop(slug), fall) for slug, fall in falls.items()]
    waiting_on = {
        one.task_run.id: one.waiting_on - fall for one, fall in counted if one.task_run.before not in TERMINAL
    }
    wait_for_fewer(step, waiting_on)
    return [
        one.task_run for one, _ in counted if one.task_run.before is State.PENDING and not waiting_on[one.task_run.id]
    ]


def _judge(step: Step, run: Run, free: list[Ready], ended: dict[str, Ending]) -> list[Ready]:
    """Return the task runs that may start now; pause or end the others, and all that follows from that."""
    if not free:
        return []
    states = {slug: one.task_run.before for slug, one in run.ahead.items() if one.task_run.before in TERMINAL}
    states |= {slug: ending.state for slug, ending in ended.items()}
    unread = {name for task_run in free for name in run.graph.upstreams[task_run.slug]} - set(states)
    if unread:
        found = rows(READ_STATES, flow_run_id=run.id, slugs=list(unread))
        states |= {slug: State(state) for slug, state in found}
    may_start, paused, endings = [], [], {}
    items = items_before(run, free) if run.graph.mapped else NO_ITEMS
    for task_run in free:
        if task_run.slug in run.graph.mapped:
            verdict = judge_parent(run, task_run.slug)
        else:
            verdict = judge_task(run.graph, task_run.slug, states, items)
        if verdict is None:
            may_start.append(task_run)
        elif verdict.state is State.PAUSED:
            paused.append(
                Move(task_run.id, task_run.slug, task_run.attempt, task_run.before, verdict.state, verdict.message)
            )
        else:
            endings[task_run.slug] = verdict
    if paused:
        _pause(step, run, paused)
    return may_start + (_cascade(step, run, endings) if endings else [])


def _pause(step: Step, run: Run, moves: list[Move]) -> None:
    """Let task runs wait for a person, who finds them in a flow run that is Running."""
    move_task_runs(step, run, moves)
    mark_running(step, run)


def _cascade(step: Step, run: Run, endings: dict[str, Ending]) -> list[Ready]:
    """End tasks that will not start, and all that follows from that, in a fixed number of statements."""
    run.ahead.clear()
    slugs = list(looked_at(run.graph, endings))
    found = {row[1]: row for row in rows(READ_TASK_RUNS, flow_run_id=run.id, slugs=slugs)}
    plan = cascade(
        run.graph,
        endings=endings,
        states={slug: State(row[3]) for slug, row in found.items()},
        waiting_on={slug: row[4] for slug, row in found.items()},
        items=states_of_items(run.id, run.graph.mapped),
    )
    if plan.waiting_on:
        send(
            SET_WAITING_ON,
            flow_run_id=run.id,
            slugs=list(plan.waiting_on),
            waiting_on=plan.waiting_on,
        )

    def move_of(slug: str, ending: Ending) -> Move:
        return Move(found[slug][0], slug, found[slug][2], State.PENDING, ending.state, ending.message)

    moves = [move_of(slug, ending) for slug, ending in plan.endings.items()]
    move_task_runs(step, run, moves)
    run.unfinished -= len(moves)
    if plan.paused:
        _pause(step, run, [move_of(slug, ending) for slug, ending in plan.paused.items()])
    ready = [
        Ready(row[0], row[1], row[2], State.PENDING, row[5], row[6], row[7])
        for row in (found[slug] for slug in plan.ready)
    ]
    # Whether a mapped task may be given its items is judged by itself.
    mapped = [task_run for task_run in ready if task_run.slug in run.graph.mapped]
    return [task_run for task_run in ready if task_run not in mapped] + _judge(step, run, mapped, {})


def _submit(step: Step, run: Run, functions: list[Ready]) -> None:
    """Let Python functions start: as many as this worker takes itself, the rest for any worker.

    What was paused is told that it was, with all else that its row carries: for a claim, which reads it.
    """
    resumed = [task for task in functions if task.before is State.PAUSED]
    fresh = [task for task in functions if task.before is not State.PAUSED]
    taken: set[UUID] = set()
    if step.claims_left:
        mine = [task.id for task in fresh if place_of(run.version, task.slug)[0] in dispatch.served_queues()]
        taken.update(mine[: step.claims_left])
    moves = [
        Move(task.id, task.slug, task.attempt, task.before, State.RUNNING, leased=True, map_index=task.map_index)
        if task.id in taken
        else Move(task.id, task.slug, task.attempt, task.before, State.SUBMITTED)
        for task in fresh
    ]
    moves += [
        Move(task.id, task.slug, task.attempt, task.before, State.SUBMITTED, carried={"resumed": True})
        for task in resumed
    ]
    move_task_runs(step, run, moves)
    for move in moves:
        if move.after is State.RUNNING:
            step.claims_left -= 1
            held = Claim(
                move.id,
                run.id,
                move.slug,
                move.attempt,
                run.version.id,
                run.parameters,
                scheduled_for=run.scheduled_for,
                map_index=move.map_index,
                above=run.above,
            )
            step.claimed.append(held)
        else:
            note_submitted(step, run, move.slug)
    if taken:
        mark_running(step, run)


def _finish(step: Step, run: Run, last: dict[str, Ending]) -> None:
    """End a flow run whose task runs have all ended.

    :param last: the endings just written, which need no reading again
    """
    last = {slug: ending for slug, ending in last.items() if not ending.expanded}  # their results are their items'
    cancelling = run.state is State.CANCELLING
    ending = verdict(run.graph, run.id, last=last, cancelling=cancelling)
    if not cancelling:
        ending = handled_verdict(run.graph, ending, last)
    move_flow_run(step, run, _kept(ending))
    if run.parent_task_run_id is not None:
        step.follow_ups.append(TellParent(run.id, run.parent_flow_run_id))


def _kept(ending: Ending) -> Ending:
    """Return a flow run's ending with its result as the row will have it."""
    try:
        return replace(ending, result=put_in_one(ending.result))
    except Unkeepable as error:
        why = f"The flow run's result cannot be kept; name the task whose result it is, Flow(result=...). {error}"
        return Ending(State.FAILED, why)
