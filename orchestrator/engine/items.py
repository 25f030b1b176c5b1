"""The items of mapped tasks: given when their number is known, released one by one, counted when they end."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from itertools import groupby
from uuid import UUID

from orchestrator.core.bindings import Unresolvable
from orchestrator.core.graph import TaskKind
from orchestrator.core.large import holds_stored
from orchestrator.core.mapping import (
    Counted,
    item_states,
    judge_item,
    judge_mapping,
    label,
    lists_to_read,
    mapped_ending,
    number_of_items,
)
from orchestrator.core.planner import Ending, ItemStates
from orchestrator.core.states import SUCCESSFUL, UNSUCCESSFUL, State
from orchestrator.engine.database import rows, send
from orchestrator.engine.endings import mark_running
from orchestrator.engine.item_statements import (
    COUNT_ITEMS_DOWN,
    INSERT_ITEMS,
    READ_EXPANSIONS,
    READ_FREE_ITEMS,
    READ_ITEM_CAUSES,
    READ_ITEM_COUNTS,
    READ_SOME_ITEM_STATES,
    RELEASE_ITEMS,
    RESTART_ITEMS,
    SET_ITEM_WAITING_ON,
    SET_ITEMS,
    TAKE_SUBMITTED_ITEMS,
)
from orchestrator.engine.results import results_to_bind
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.tagged import limited_tags, note_submitted, place_of
from orchestrator.engine.transitions import TERMINAL_STATES, Move, move_task_runs

SUCCESSFUL_STATES = sorted(state.value for state in SUCCESSFUL)
UNSUCCESSFUL_STATES = sorted(state.value for state in UNSUCCESSFUL)


def expansions(run: Run, slugs: Collection[str]) -> dict[str, tuple[State, int | None]]:
    """Return slug -> (state, how many items it was given, None if it was not) of tasks of a flow run."""
    found = rows(READ_EXPANSIONS, flow_run_id=run.id, slugs=list(slugs)) if slugs else []
    return {slug: (State(state), items) for slug, state, items in found}


def states_of_items(flow_run_id: UUID, slugs: Collection[str]) -> ItemStates:
    """Return the states of the items of mapped tasks, as triggers judge them; nothing of those without items."""
    if not slugs:
        return {}
    counts: dict[str, dict[State, Counted]] = {}
    for slug, state, number, first in rows(READ_ITEM_COUNTS, flow_run_id=flow_run_id, slugs=list(slugs)):
        counts.setdefault(slug, {})[State(state)] = Counted(number, first)
    return {slug: item_states(slug, of_slug) for slug, of_slug in counts.items()}


def items_before(run: Run, free: list[Ready]) -> ItemStates:
    """Return the states of the items of mapped tasks that stand directly before these task runs."""
    before = {name for task_run in free for name in run.graph.upstreams[task_run.slug]}
    return states_of_items(run.id, before & run.graph.mapped)


def judge_parent(run: Run, slug: str) -> Ending | None:
    """Return None if a mapped task may be given its items, or keeps them, else how it ends, or pauses, without any."""
    upstreams = run.graph.upstreams[slug]
    known = expansions(run, [*upstreams, slug])
    if known.pop(slug)[1] is not None:
        return None
    expanded = {name for name, (_, items) in known.items() if items is not None}
    whole = expanded - run.graph.pairs.get(slug, frozenset())
    states = {name: state for name, (state, _) in known.items()}
    return judge_mapping(run.graph, slug, states, states_of_items(run.id, whole), expanded)


@dataclass(slots=True)
class Expansion:
    """What became of a mapped task that may have items: whether it was given them, which wait for nothing, its end."""

    given: bool
    items: list[Ready] = field(default_factory=list)
    ending: Ending | None = None


def expand(step: Step, run: Run, parent: Ready) -> Expansion:
    """Give a mapped task its items, or let those that it kept over a restart run again.

    Where a list is kept outside the database, that is left to a worker.
    """
    slug, graph = parent.slug, run.graph
    known = expansions(run, [*graph.upstreams[slug], slug])
    kept = known.pop(slug)[1]
    if kept is not None:
        mark_running(step, run)
        return _go_on(step, run, parent, kept)
    lengths = {name: items for name, (_, items) in known.items() if items is not None}
    results = run.lists or results_to_bind(flow_run_id=run.id, slugs=lists_to_read(graph.tasks[slug], lengths))
    if any(map(holds_stored, results.values())):
        move_task_runs(step, run, [Move(parent.id, slug, parent.attempt, parent.before, State.SUBMITTED)])
        note_submitted(step, run, slug)
        return Expansion(given=False)
    mark_running(step, run)
    try:
        number = number_of_items(graph, slug, results=results, parameters=run.parameters, lengths=lengths)
    except Unresolvable as error:
        return Expansion(given=False, ending=end_parent(step, run, parent, Ending(State.FAILED, str(error))))
    send(SET_ITEMS, id=parent.id, items=number, waiting_on=number)
    if number == 0:
        ending = end_parent(step, run, parent, Ending(State.SUCCESS, "", expanded=True))
        return Expansion(given=True, ending=ending)
    move_task_runs(step, run, [Move(parent.id, slug, parent.attempt, parent.before, State.RUNNING)])
    again = restart_items(step, run, parent, number, everything=True) if parent.attempt > 1 else []
    free = [item for item, waiting_on in again if waiting_on == 0] + _born(step, run, slug, number, known=len(again))
    return Expansion(given=True, items=free)


def _born(step: Step, run: Run, slug: str, number: int, known: int) -> list[Ready]:
    """Insert the items of a mapped task; return those that this transaction starts. Workers may claim the others.

    :param known: how many are there from before a restart
    """
    pairs = run.graph.pairs.get(slug, frozenset())
    task = run.graph.tasks[slug]
    if task.is_claimed and not pairs:
        pending = 0
    elif task.kind is TaskKind.FLOW_RUN and not pairs:
        pending = step.runs_left
    else:
        pending = number
    queue, tags = place_of(run.version, slug)
    if (submitted := number - max(known, pending)) > 0:
        note_submitted(step, run, slug, submitted)
    born = rows(
        INSERT_ITEMS,
        flow_run_id=run.id,
        slug=slug,
        queue=queue,
        tags=tags,
        priority=run.priority,
        items=number,
        pending=pending,
        pairs=list(pairs),
        terminal=TERMINAL_STATES,
    )
    return [Ready(identity, slug, 1, State.PENDING, map_index=index) for identity, index in born]


def items_beside(run: Run, slug: str, *, after: int, limit: int) -> list[Ready]:
    """Return items of a mapped task that wait for a worker to start them, held by this transaction.

    None of a task that follows another item by item, where each reads something else, or that workers judge.
    """
    if run.graph.pairs.get(slug) or run.graph.tasks[slug].is_claimed:
        return []
    found = rows(
        TAKE_SUBMITTED_ITEMS, flow_run_id=run.id, slug=slug, after=after, submitted=State.SUBMITTED, limit=limit
    )
    return [
        Ready(identity, slug, attempt, State.SUBMITTED, failures, child, child_attempt, index)
        for identity, index, attempt, failures, child, child_attempt in found
    ]


def free_items(run: Run) -> list[Ready]:
    """Return the items that wait for nothing but a start."""
    if not run.graph.mapped:
        return []
    return [
        Ready(identity, slug, attempt, State.PENDING, failures, child, child_attempt, index)
        for identity, slug, index, attempt, failures, child, child_attempt in rows(
            READ_FREE_ITEMS, flow_run_id=run.id, slugs=list(run.graph.mapped)
        )
    ]


def restart_items(step: Step, run: Run, parent: Ready, number: int, *, everything: bool) -> list[tuple[Ready, int]]:
    """Bring items that are there already back to Pending; return each with how many items it waits for.

    :param everything: all of them, not only those that did not succeed or that follow one that runs again
    """
    found = rows(
        RESTART_ITEMS,
        flow_run_id=run.id,
        slug=parent.slug,
        items=number,
        all=everything,
        anew=parent.child_attempt == 0,
        pairs=list(run.graph.pairs.get(parent.slug, ())),
        terminal=TERMINAL_STATES,
        successful=SUCCESSFUL_STATES,
        message="Restarted.",
        actor=step.user_id,
        limited=limited_tags(run.version),
    )
    for follower in run.graph.followed.get(parent.slug, ()) if found else ():
        pairs = list(run.graph.pairs[follower])
        send(SET_ITEM_WAITING_ON, flow_run_id=run.id, slug=follower, index=None, pairs=pairs, terminal=TERMINAL_STATES)
    return [
        (Ready(identity, parent.slug, attempt, State.PENDING, 0, child, child_attempt, index), waiting_on)
        for identity, index, attempt, child, child_attempt, waiting_on in found
    ]


def ends_with(run: Run, ready: Ready, ending: Ending) -> dict[str, Ending]:
    """Return slug -> ending of a task run that ended; an item that did is noted for `settle` instead."""
    if ready.map_index < 0:
        return {ready.slug: ending}
    run.items_ended[ready.slug, ready.map_index] = ending
    return {}


def settle_items(step: Step, run: Run) -> tuple[list[Ready], dict[str, Ending]]:
    """Do what follows from items that have ended; return the items that may start, and the mapped tasks that ended."""
    ready: list[Ready] = []
    ended: dict[str, Ending] = {}
    while run.items_ended:
        items, run.items_ended = run.items_ended, {}
        ended |= count_down_items(step, run, Counter(slug for slug, _ in items))
        ready += judge_items(step, run, _release(step, run, items), items)
    return ready, ended


def tasks_stopped(step: Step, run: Run, moves: Collection[Move]) -> int:
    """Return how many tasks ended by moves: an item is no task, but a task ends with the last of its items."""
    falls = Counter(move.slug for move in moves if move.map_index >= 0)
    return len(moves) - falls.total() + (len(count_down_items(step, run, falls)) if falls else 0)


def count_down_items(step: Step, run: Run, falls: Counter[str]) -> dict[str, Ending]:
    """Take ended items off the counters of their tasks; return the ends of those that have no other left.

    :param falls: mapped task -> how many items of it have ended
    """
    counted = rows(COUNT_ITEMS_DOWN, overtakes=step.is_written, flow_run_id=run.id, slugs=list(falls), falls=falls)
    ended = {}
    for identity, slug, attempt, waiting_on in counted:
        if waiting_on == 0:
            parent = Ready(identity, slug, attempt, State.RUNNING)
            ended[slug] = end_parent(step, run, parent, ending_of_items(run, slug))
    return ended


def ending_of_items(run: Run, slug: str) -> Ending:
    """Return how a mapped task ends, or has to have ended, all its items having ended."""
    counts = {State(state): number for _, state, number, _ in rows(READ_ITEM_COUNTS, flow_run_id=run.id, slugs=[slug])}
    causes = (
        rows(READ_ITEM_CAUSES, flow_run_id=run.id, slugs=[slug], unsuccessful=UNSUCCESSFUL_STATES)
        if counts.keys() & UNSUCCESSFUL
        else []
    )
    ending = mapped_ending(counts, [(index, message) for index, message in causes])
    return replace(ending, expanded=True)


def _release(step: Step, run: Run, items: dict[tuple[str, int], Ending]) -> list[Ready]:
    """Take ended items off the counters of the items that follow them; return those that wait for no other."""
    falls = Counter((follower, index) for slug, index in items for follower in run.graph.followed.get(slug, ()))
    if not falls:
        return []
    released = rows(
        RELEASE_ITEMS,
        overtakes=step.is_written,
        flow_run_id=run.id,
        slugs=list({slug for slug, _ in falls}),
        indexes=list({index for _, index in falls}),
        falls={f"{slug} {index}": fall for (slug, index), fall in falls.items()},
    )
    return [
        Ready(identity, slug, attempt, State.PENDING, failures, child, child_attempt, index)
        for identity, slug, index, attempt, waiting_on, failures, child, child_attempt, state in released
        if waiting_on == 0 and state == State.PENDING
    ]


def judge_items(step: Step, run: Run, free: list[Ready], ended: dict[tuple[str, int], Ending]) -> list[Ready]:
    """Return the items that may start; those that may not end by it, which is left to `settle_items`.

    Where a task follows none item by item, it was judged for all its items before they were given.

    :param free: items that wait for nobody
    :param ended: items that have ended just now
    """
    may_start = []
    for slug, of_slug in groupby(sorted(free, key=lambda item: item.slug), key=lambda item: item.slug):
        group = list(of_slug)
        pairs = run.graph.pairs.get(slug)
        verdicts = _verdicts(run, slug, group, pairs, ended) if pairs else [None] * len(group)
        for item, verdict in zip(group, verdicts, strict=True):
            if verdict is None:
                may_start.append(item)
            else:
                move = Move(item.id, slug, item.attempt, item.before, verdict.state, verdict.message)
                move_task_runs(step, run, [move])
                run.items_ended[slug, item.map_index] = verdict
    return may_start


def _verdicts(
    run: Run, slug: str, group: list[Ready], pairs: Collection[str], ended: dict[tuple[str, int], Ending]
) -> list[Ending | None]:
    states = {key: ending.state for key, ending in ended.items()}
    unread = {name for name in pairs if any((name, item.map_index) not in states for item in group)}
    if unread:
        found = rows(
            READ_SOME_ITEM_STATES,
            flow_run_id=run.id,
            slugs=list(unread),
            indexes=[item.map_index for item in group],
        )
        states |= {(name, index): State(state) for name, index, state in found}
    # A task that was never given its items ended as a whole.
    apart = [
        name for name in run.graph.upstreams[slug] if name not in pairs or (name, group[0].map_index) not in states
    ]
    known = expansions(run, apart)
    others = states_of_items(run.id, [name for name, (_, items) in known.items() if items is not None])
    whole = {name: state for name, (state, _) in known.items()}
    return [
        judge_item(
            run.graph,
            slug,
            whole,
            {
                **others,
                **{
                    name: {label(name, item.map_index): states[name, item.map_index]}
                    for name in pairs
                    if name not in apart
                },
            },
        )
        for item in group
    ]


def _go_on(step: Step, run: Run, parent: Ready, number: int) -> Expansion:
    """Run single items of a restarted task again: those that did not succeed, and those that follow such ones."""
    again = restart_items(step, run, parent, number, everything=False)
    if not again:
        return Expansion(given=False, ending=end_parent(step, run, parent, ending_of_items(run, parent.slug)))
    send(SET_ITEMS, id=parent.id, items=number, waiting_on=len(again))
    move_task_runs(step, run, [Move(parent.id, parent.slug, parent.attempt, parent.before, State.RUNNING)])
    return Expansion(given=False, items=[item for item, waits in again if waits == 0])


def end_parent(step: Step, run: Run, parent: Ready, ending: Ending) -> Ending:
    """End a mapped task, whose items have ended or were never given; return the ending."""
    move_task_runs(
        step, run, [Move(parent.id, parent.slug, parent.attempt, parent.before, ending.state, ending.message)]
    )
    return ending
