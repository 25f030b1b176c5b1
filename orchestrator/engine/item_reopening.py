"""One item of a mapped task that ended is put back, or given another end: its task, and what follows it, go on."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from orchestrator.core.mapping import item_chain
from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
from orchestrator.engine.database import rows, send
from orchestrator.engine.endings import mark_running
from orchestrator.engine.item_statements import READ_CHAIN, RESTART_ITEM, SET_ITEM_WAITING_ON, SET_ITEMS
from orchestrator.engine.items import SUCCESSFUL_STATES, end_parent, ending_of_items, judge_items
from orchestrator.engine.reopening import run_again
from orchestrator.engine.settling import settle
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.tagged import limited_tags
from orchestrator.engine.transitions import TERMINAL_STATES, Move, move_task_runs


@dataclass(frozen=True, slots=True)
class Link:
    """An item of one map index, with the row of its task that counts it: it, or one that follows it item by item.

    `state`: None where the task has fewer items.
    """

    state: State | None
    never_started: bool
    parent: Ready
    number: int
    waiting_on: int


@dataclass(slots=True)
class Reopened:
    """What may go on when its flow run does: items that wait for nothing, not judged yet; tasks, not judged either.

    `unchanged`: mapped tasks that are Pending only because they come after others, of which no item runs again.
    """

    items: list[Ready] = field(default_factory=list)
    free: list[Ready] = field(default_factory=list)
    unchanged: list[Ready] = field(default_factory=list)


def chain_of(run: Run, slug: str, index: int) -> dict[str, Link]:
    """Return slug -> link of an item and of those that follow it, directly or not, as far as they were given.

    It is empty where the item is none of its task's any more: what is mapped over became shorter, or did not come.
    """
    slugs = item_chain(run.graph, slug)
    found = {row[0]: row[1:] for row in rows(READ_CHAIN, flow_run_id=run.id, slugs=slugs, index=index)}
    if slug not in found or found[slug][0] is None:
        return {}
    return {
        slug: Link(
            State(state) if state else None,
            bool(never_started),
            Ready(identity, slug, attempt, State(before)),
            number,
            waiting_on,
        )
        for slug in slugs
        if slug in found
        for state, never_started, identity, attempt, before, number, waiting_on in [found[slug]]
    }


def reopen_item(
    step: Step,
    run: Run,
    first: str,
    index: int,
    *,
    seeds: Set[str],
    states: Mapping[str, State],
    why: str,
    anew: Set[str] = frozenset(),
    items_anew: bool = False,
    always: bool = True,
) -> Reopened:
    """Put an item that ended back to Pending, with the items that follow it, and the tasks that all of them end.

    Other items of these tasks stay as they are. What comes after the tasks runs again once they have ended.

    :param seeds: the tasks that run again with all that comes after them
    :param states: of all task runs
    :param anew: tasks that shall start a new child flow run
    :param items_anew: whether items that were successful shall
    :param always: False: the item itself stays as it is; only what follows it is put back, where it never started
    """
    whole = anew - set(item_chain(run.graph, first))
    free = {one.slug: one for one in run_again(step, run, seeds=seeds, states=states, why=why, anew=whole)}
    reopened = Reopened()
    for slug, link in chain_of(run, first, index).items():
        is_reopened = slug in free
        if not is_reopened and link.parent.before is not State.RUNNING:
            continue
        again = _restart(step, run, slug, index, why, anew=items_anew, always=always and slug == first)
        if is_reopened:
            del free[slug]
            if not again:
                reopened.unchanged.append(link.parent)
                continue
            move_task_runs(step, run, [Move(link.parent.id, slug, link.parent.attempt, State.PENDING, State.RUNNING)])
        if again:
            unfinished = len(again) + (0 if is_reopened else link.waiting_on)
            send(SET_ITEMS, id=link.parent.id, items=link.number, waiting_on=unfinished)
        reopened.items += [ready for ready, waiting_on in again if waiting_on == 0]
    reopened.free = list(free.values())
    return reopened


def _restart(
    step: Step, run: Run, slug: str, index: int, why: str, *, anew: bool, always: bool
) -> list[tuple[Ready, int]]:
    pairs = list(run.graph.pairs.get(slug, ()))
    send(SET_ITEM_WAITING_ON, flow_run_id=run.id, slug=slug, index=index, pairs=pairs, terminal=TERMINAL_STATES)
    found = rows(
        RESTART_ITEM,
        flow_run_id=run.id,
        slug=slug,
        index=index,
        always=always,
        anew=anew,
        pairs=pairs,
        terminal=TERMINAL_STATES,
        successful=SUCCESSFUL_STATES,
        message=why,
        actor=step.user_id,
        limited=limited_tags(run.version),
    )
    return [
        (Ready(identity, slug, attempt, State.PENDING, 0, child, child_attempt, index), waiting_on)
        for identity, _, attempt, child, child_attempt, waiting_on in found
    ]


def settle_reopened(step: Step, run: Run, reopened: Reopened) -> None:
    """Judge and start what may go on in a flow run that is under way."""
    if reopened.items:
        mark_running(step, run)
    ended = end_unchanged(step, run, reopened)
    ready = judge_items(step, run, reopened.items, {})
    settle(step, run, ended=ended, free=reopened.free, ready=ready)


def end_unchanged(step: Step, run: Run, reopened: Reopened) -> dict[str, Ending]:
    """End the tasks of which no item runs again, as they had ended; return slug -> ending."""
    return {
        parent.slug: end_parent(step, run, parent, ending_of_items(run, parent.slug)) for parent in reopened.unchanged
    }


def end_anew(step: Step, run: Run, parent: Ready, why: str) -> None:
    """Let a mapped task that has ended end as its items do now, one of which was given another end."""
    if parent.before not in TERMINAL:
        return
    ending = ending_of_items(run, parent.slug)
    before = parent.before
    if ending.state is not before:
        # The way that any end may take to any other.
        move_task_runs(step, run, [Move(parent.id, parent.slug, parent.attempt, before, State.PENDING, why)])
        before = State.PENDING
    move_task_runs(step, run, [Move(parent.id, parent.slug, parent.attempt, before, ending.state, ending.message)])
