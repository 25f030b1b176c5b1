"""The scheduler's judgement: what follows from a task run's end, a failure, a flow run's last end. Pure tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.caching import CacheEntry
from orchestrator.core.graph import FlowGraph, Task
from orchestrator.core.states import ENDED, SUCCESSFUL, UNSUCCESSFUL, State
from orchestrator.core.triggers import Trigger, judge

# A cause that comes up through many levels names each of them.
MAX_CAUSE = 1_000
# What keeps others from starting; that they could not is no cause.
CAUSES = frozenset({State.FAILED, State.TIMED_OUT, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task run or a flow run ended; or what came of one execution that was not the last.

    Such a one is Retrying or Paused, for `delay` seconds where that is known, or Submitted again at once, as a loop.
    `retry`: whether retries that are left follow a failure. `carried`: what the next execution is told.
    """

    state: State
    message: str = ""
    result: Any = None
    retry: bool = True
    delay: float | None = None
    carried: Mapping[str, Any] | None = None
    cache: CacheEntry | None = None  # what a successful result is to be kept under
    expanded: bool = False  # a mapped task that was given its items


ItemStates = Mapping[str, Mapping[str, State]]
NO_ITEMS: ItemStates = {}


@dataclass(slots=True)
class Plan:
    """What follows: tasks that may start, that wait for a person, that end without starting, that wait for fewer."""

    ready: list[str] = field(default_factory=list)
    paused: dict[str, Ending] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    waiting_on: dict[str, int] = field(default_factory=dict)


def waiting_counts(graph: FlowGraph) -> dict[str, int]:
    """Return how many upstreams each task waits for at the start of a flow run."""
    return {slug: len(graph.upstreams[slug]) for slug in graph.tasks}


def released_by(graph: FlowGraph, ended: Mapping[str, Ending]) -> dict[str, int]:
    """Return by how much the counter of each direct downstream falls when `ended` have ended.

    Those that follow a mapped task item by item waited only until it had been given its items.
    """
    falls: dict[str, int] = {}
    for slug, ending in ended.items():
        told = graph.followed.get(slug, ()) if ending.expanded else ()
        for downstream in graph.downstreams[slug]:
            if downstream not in told:
                falls[downstream] = falls.get(downstream, 0) + 1
    return falls


def judge_task(graph: FlowGraph, slug: str, states: Mapping[str, State], items: ItemStates = NO_ITEMS) -> Ending | None:
    """Return None if a task whose upstreams have all ended may start, else how it ends, or pauses, without starting.

    Where a worker judges with people's code, it may start as far as the engine is concerned.

    :param items: the states that are judged in place of a mapped upstream's own: slug -> label -> state
    """
    task = graph.tasks[slug]
    if task.judged_by_worker and task.trigger is not Trigger.MANUAL_ONLY:
        return None
    return judge_rules(graph, slug, states, items)


def judge_rules(
    graph: FlowGraph, slug: str, states: Mapping[str, State], items: ItemStates = NO_ITEMS
) -> Ending | None:
    """Return what `judge_task` does, also where a worker judges: by the plain rules alone."""
    upstream: dict[str, State] = {}
    for name in graph.upstreams[slug]:
        if name == graph.opening_task:
            if states[name] is not State.SUCCESS:
                state = State.SKIPPED if states[name] in SUCCESSFUL else State.TRIGGER_FAILED
                return Ending(state, _not_started(states[name]))
            continue
        upstream |= by_name(graph, name, states, items)
    return judge_trigger(graph.tasks[slug], upstream)


def by_name(graph: FlowGraph, slug: str, states: Mapping[str, State], items: ItemStates) -> dict[str, State]:
    """Return what a trigger judges of an upstream, its state or those of its items, by what people call it."""
    called = graph.called[slug]
    of_items = items.get(slug)
    if not of_items:
        return {called: states[slug]}
    return {called + item.removeprefix(slug): state for item, state in of_items.items()}


def _not_started(opened: State) -> str:
    return f"The flow did not start: its state handlers made it {opened}."


def judge_trigger(task: Task, upstream: Mapping[str, State]) -> Ending | None:
    """Return None if the task's own rules let it start, else how it ends, or pauses, without starting."""
    state, message = judge(
        task.trigger,
        task.skip_on_upstream_skip,
        upstream,
        at_least=task.trigger_at_least,
        at_most=task.trigger_at_most,
    )
    return None if state is None else Ending(state, message)


def looked_at(graph: FlowGraph, ending: Iterable[str]) -> set[str]:
    """Return the tasks that `cascade` may look at: `ending`, all that comes after, and what that waits for."""
    after = graph.descendants(ending)
    return after.union(ending, *(graph.upstreams[slug] for slug in after))


def cascade(
    graph: FlowGraph,
    *,
    endings: Mapping[str, Ending],
    states: Mapping[str, State],
    waiting_on: Mapping[str, int],
    items: ItemStates = NO_ITEMS,
) -> Plan:
    """Return everything that follows when `endings` end without starting, to the last descendant, in one pass.

    Mapped tasks are ready when nothing is left to wait for: whether they may have items is judged apart.

    :param states: at least the states of the tasks `looked_at`; those of `endings` are not yet in it
    :param waiting_on: their counters, `endings` not yet taken off
    :param items: the states that are judged in place of a mapped upstream's own
    """
    now = dict(states)
    left = dict(waiting_on)
    plan = Plan(endings=dict(endings))
    ahead = list(endings)
    now.update({slug: ending.state for slug, ending in endings.items()})
    while ahead:
        for downstream in graph.downstreams[ahead.pop()]:
            left[downstream] -= 1
            plan.waiting_on[downstream] = left[downstream]
            # What goes on already was released before what is ending now was judged again.
            if left[downstream] > 0 or now[downstream] is not State.PENDING:
                continue
            ending = None if downstream in graph.mapped else judge_task(graph, downstream, now, items)
            if ending is None:
                plan.ready.append(downstream)
            elif ending.state is State.PAUSED:
                plan.paused[downstream] = ending
            else:
                plan.endings[downstream] = ending
                now[downstream] = ending.state
                ahead.append(downstream)
    return plan


def final_ending(
    graph: FlowGraph, *, states: Mapping[str, State], results: Mapping[str, Any], cancelling: bool
) -> Ending:
    """Return how a flow run ends, all its task runs having ended.

    :param states: at least those of `graph.deciders` and of `graph.opening_task`
    :param results: slug -> result, at least of those of `graph.results` that have one
    """
    failed = [slug for slug in graph.deciders if states[slug] in UNSUCCESSFUL]
    cancelled = [slug for slug in graph.deciders if states[slug] == State.CANCELLED]
    if cancelling:
        return Ending(State.CANCELLED, "Cancelled.")
    opened = states.get(graph.opening_task or "", State.SUCCESS)
    if opened is not State.SUCCESS:
        return Ending(opened, _not_started(opened))
    if failed:
        return Ending(State.FAILED, f"{_listed(graph, failed)} {ENDED[states[failed[0]]]}.")
    if cancelled:
        return Ending(State.CANCELLED, f"{_listed(graph, cancelled)} {ENDED[State.CANCELLED]}.")
    if all(states[slug] in SUCCESSFUL for slug in graph.deciders):
        return Ending(State.SUCCESS, "All reference tasks were successful.", flow_result(graph, results))
    raise AssertionError(f"A flow run is asked for its end before its tasks ended: {states}")


def with_causes(graph: FlowGraph, ending: Ending, causes: Mapping[str, str]) -> Ending:
    """Return a failed flow run's ending with what went wrong in it, so that whoever reads one line knows why.

    :param causes: slug -> message of the tasks that ended as one of `CAUSES`
    """
    if ending.state is not State.FAILED or not causes:
        return ending
    told = [f"{graph.called[slug]}: {message}" for slug, message in causes.items()]
    more = f"; and {len(told) - 2} more" if len(told) > 2 else ""
    return Ending(ending.state, ("; ".join(told[:2]))[:MAX_CAUSE] + more)


def flow_result(graph: FlowGraph, results: Mapping[str, Any]) -> Any:
    """Return a flow run's result: that of its one result task, or slug -> result where several end it."""
    if len(graph.results) == 1:
        return results.get(graph.results[0])
    return {slug: results.get(slug) for slug in graph.results}


def _listed(graph: FlowGraph, slugs: list[str]) -> str:
    shown = ", ".join(graph.called[slug] for slug in slugs[:3])
    return shown if len(slugs) <= 3 else f"{shown} and {len(slugs) - 3} more"
