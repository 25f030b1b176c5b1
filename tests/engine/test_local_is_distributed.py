"""flow.run() and the engine bring every flow to the same ends: drawn flows, run by both and compared.

Each drawn task follows a script, one word an attempt: what it does depends on nothing that the two could do otherwise.
"""

import os
import re
from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.core.states import TERMINAL, State
from orchestrator.core.triggers import Trigger
from orchestrator.engine.recovering import start_due
from orchestrator.engine.results import load_for_function, named, read_results
from orchestrator.models import FlowRun, TaskRun
from orchestrator.sdk import (
    Flow,
    Parameter,
    RunState,
    StartFlowRun,
    Task,
    case,
    context,
    flatten,
    ifelse,
    merge,
    signals,
    switch,
    task,
    triggers,
    unmapped,
)
from orchestrator.sdk import states as made

MOST_TASKS = 7
EXAMPLES = int(os.environ.get("RANDOM_FAULTS_EXAMPLES", "60"))

WORDS = ["ok", "ok", "ok", "none", "fail", "fail", "skip", "success", "trigger_fail", "retry", "loop", "pause", "soon"]
WORDS += ["exit", "object"]
TRIGGERS = [
    *[trigger for trigger in Trigger if trigger not in (Trigger.CUSTOM, Trigger.SOME_FAILED, Trigger.SOME_SUCCESSFUL)],
    triggers.some_failed(at_least=1),
    triggers.some_successful(at_least=0.5, at_most=2),
    lambda upstream: sum(state.is_successful() for state in upstream.values()) % 2 == 0,
]


@dataclass(frozen=True)
class Drawn:
    """One task of a drawn flow; its upstreams by their places."""

    kind: str
    upstreams: tuple[int, ...]
    reads: bool
    trigger: Any
    skips: bool
    retries: int
    script: tuple[str, ...]
    value: int | None
    handler: str | None
    on_retry: str


@dataclass(frozen=True)
class DrawnFlow:
    """A drawn flow: its tasks, which of them decide how it ends and what its result is, and its own handler."""

    tasks: list[Drawn]
    deciding: frozenset[int]
    result: int | None
    handler: str | None


@st.composite
def drawn_tasks(draw: st.DrawFn, place: int) -> Drawn:
    upstreams = tuple(sorted(draw(st.sets(st.integers(0, place - 1), max_size=3)))) if place else ()
    kinds = (
        ["function"] * 4
        + ["child", "children", "family", "mapped", "flattened", "cached", "launch", "pickled"]
        + ["parameter"] * (place > 0)
    )
    kinds += ["switch", "ifelse"] * bool(upstreams) + ["merge", "merge"] * (len(upstreams) > 1)
    return Drawn(
        kind=draw(st.sampled_from(kinds)),
        upstreams=upstreams,
        reads=draw(st.booleans()),
        trigger=draw(st.sampled_from([Trigger.ALL_SUCCESSFUL] * 8 + TRIGGERS)),
        skips=draw(st.booleans()),
        retries=draw(st.integers(0, 2)),
        script=tuple(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))),
        value=draw(st.sampled_from([None, None, None, 1, 2])) if upstreams else None,
        handler=draw(st.sampled_from([None] * 6 + ["watches", "rescues", "raises", "vetoes"])),
        on_retry=draw(st.sampled_from(["restart", "restart", "new_run", "mirror"])),
    )


@st.composite
def drawn_flows(draw: st.DrawFn) -> DrawnFlow:
    tasks = [draw(drawn_tasks(place)) for place in range(draw(st.integers(1, MOST_TASKS)))]
    places = st.sampled_from([place for place, drawn in enumerate(tasks) if drawn.kind != "parameter"])
    return DrawnFlow(
        tasks=tasks,
        deciding=frozenset(draw(st.sampled_from([set(), set(), set(), draw(st.sets(places, max_size=2))]))),
        result=draw(st.one_of(st.none(), st.none(), places)),
        handler=draw(st.sampled_from([None] * 6 + ["watches", "rescues", "raises", "vetoes"])),
    )


def body_of(script: tuple[str, ...]) -> Any:
    def body(x: Any = None) -> Any:
        attempt = context().attempt
        match script[min(attempt, len(script)) - 1]:
            case "none" | "object" as word:
                return object() if word == "object" else None
            case "fail" | "exit" as word:
                raise SystemExit(attempt) if word == "exit" else ValueError(f"attempt {attempt}")
            case "skip":
                raise signals.SKIP(None)
            case "success":
                raise signals.SUCCESS("early", result=[attempt, x])
            case "trigger_fail":
                raise signals.TRIGGERFAIL("no")
            case "retry" if attempt < 4:
                raise signals.RETRY("again", delay=0)
            case "loop" if context().loop_count < 3:
                raise signals.LOOP("again", result=attempt)
            case "pause":
                raise signals.PAUSE("look first")
            case "soon" if not context().resumed:
                raise signals.PAUSE("in a moment", delay=0)
        return attempt if x is None else [attempt, x, context().loop_result]

    return body


def handler_of(word: str) -> Any:
    def handler(_owner: Any, _old: RunState, new: RunState) -> RunState | None:
        if word == "rescues" and new.is_failed():
            return made.Success("rescued", result="rescued")
        if word == "raises" and new.is_successful():
            raise RuntimeError("a handler's own")
        if word == "vetoes" and new.is_running():
            return made.Skipped("not today")
        return None

    return handler


_numbers = count(1)


def build(drawn_flow: DrawnFlow, register: Any) -> Flow:
    """Return the flow, its children registered."""
    name = f"drawn-{next(_numbers)}"
    for place, drawn in enumerate(drawn_flow.tasks):
        if drawn.kind in ("child", "children", "launch"):
            register(child_of(drawn, f"{name}-t{place}"))
        if drawn.kind == "family":
            low = child_of(drawn, f"{name}-t{place}-low")
            register(low)
            register(middle_of(drawn, f"{name}-t{place}", low))
    written: list[Task] = []
    with Flow(name, state_handlers=[handler_of(drawn_flow.handler)] if drawn_flow.handler else []) as flow:
        for place, drawn in enumerate(drawn_flow.tasks):
            upstreams = [written[upstream] for upstream in drawn.upstreams]
            if drawn.kind == "cached":
                # What is executed in no certain order must not share a cache.
                before = [one for one, other in zip(written, drawn_flow.tasks, strict=False) if other.kind == "cached"]
                upstreams = list(dict.fromkeys([*before, *upstreams]))
            if drawn.kind == "parameter":
                written.append(Parameter(f"t{place}", default=drawn.value))
                flow.add_task(written[-1])
            elif drawn.value is None or drawn.kind in ("switch", "ifelse"):
                written.append(add(drawn, f"t{place}", name, upstreams))
            else:
                with case(upstreams[0], drawn.value):
                    written.append(add(drawn, f"t{place}", name, upstreams[1:]))
        if drawn_flow.deciding:
            flow.set_reference_tasks([written[place] for place in sorted(drawn_flow.deciding)])
        flow.result = None if drawn_flow.result is None else written[drawn_flow.result]
    return flow


def child_of(drawn: Drawn, name: str) -> Flow:
    """Return a flow whose result tells what of it was executed how often."""
    with Flow(name) as child:
        given = Parameter("x", default=None)
        first = task(lambda x: [context().attempt, x], name="first")(given)
        items = task(item_of(drawn.script), name="item").map([0, 1, 2], unmapped([first, given]))
        after = task(lambda x, y: [context().attempt, x, y], name="after").map(items, [3, 4, 5])
        second = task(body_of(drawn.script), name="second", skip_on_upstream_skip=False)(after)
        task(lambda x: [context().attempt, x], name="last", trigger="all_finished", skip_on_upstream_skip=False)(second)
        child.set_reference_tasks([items, second])
    child.result = second
    return child


def middle_of(drawn: Drawn, name: str, low: Flow) -> Flow:
    """Return a flow that starts another, and says something else to it when it has been restarted."""
    with Flow(name) as flow:
        broken = task(body_of(drawn.script), name="broken")()
        said = task(lambda: {"x": context().attempt}, name="said", trigger="all_finished", skip_on_upstream_skip=False)
        start = StartFlowRun(low.name, "tests", wait=True, on_retry=drawn.on_retry, trigger=drawn.trigger)
        started = start(parameters=said(upstream_tasks=[broken]))
        task(lambda x: [context().attempt, x], name="end")(started)
    return flow


def item_of(script: tuple[str, ...]) -> Any:
    def body(x: int, y: Any) -> Any:
        attempt = context().attempt
        if script[(attempt + x) % len(script)] in ("fail", "exit"):
            raise ValueError(f"item {x}, attempt {attempt}")
        return [attempt, x, y]

    return body


def add(drawn: Drawn, name: str, flow: str, upstreams: list[Task]) -> Task:
    rules = {
        "name": name,
        "trigger": drawn.trigger,
        "skip_on_upstream_skip": drawn.skips,
        "max_retries": drawn.retries,
        "retry_delay": 0 if drawn.retries else None,
        "state_handlers": [handler_of(drawn.handler)] if drawn.handler else None,
    }
    body = body_of(drawn.script)
    reads = drawn.reads and bool(upstreams)
    match drawn.kind:
        case "merge" if len(upstreams) > 1:
            return merge(*upstreams)
        case "switch" | "ifelse":
            return add_branches(drawn, rules, upstreams)
        case "mapped" | "flattened":
            source = upstreams.pop() if reads else [[3], [4, 5], [None]]
            source = flatten(source) if drawn.kind == "flattened" else source
            return task(**rules)(lambda x, y=None: body(x)).map(x=source, y=unmapped(1), upstream_tasks=upstreams)
        case "child" | "children" | "family" | "launch":
            return add_start(drawn, rules, f"{flow}-{name}", upstreams)
        case "cached":
            rules |= {"cache_for": 60, "cache_key": flow}
        case "pickled":
            rules |= {"result_serializer": "pickle"}
    given = {"x": upstreams.pop()} if reads else {}
    return task(**rules)(body)(upstream_tasks=upstreams, **given)


def add_branches(drawn: Drawn, rules: dict[str, Any], upstreams: list[Task]) -> Task:
    """Add two tasks of which the last upstream's result lets one run, and return what joins them again."""
    condition = upstreams.pop()
    one, other = (task(**rules)(body_of(drawn.script))(upstream_tasks=upstreams) for _ in range(2))
    if drawn.kind == "switch":
        switch(condition, {1: one, 2: other})
    else:
        ifelse(condition, one, other)
    return merge(one, other)


def add_start(drawn: Drawn, rules: dict[str, Any], child: str, upstreams: list[Task]) -> Task:
    waits = drawn.kind != "launch"
    start = StartFlowRun(flow_name=child, project_name="tests", wait=waits, on_retry=drawn.on_retry, **rules)
    if drawn.kind == "children":
        return start.map(parameters=[{}, {}], upstream_tasks=upstreams)
    if drawn.reads and upstreams and drawn.kind != "family":
        return start(parameters={"x": upstreams[-1]}, upstream_tasks=upstreams[:-1])
    return start(upstream_tasks=upstreams)


def handed_on(script: tuple[str, ...], *, kind: str) -> DrawnFlow:
    """Return a flow that hands on what a serializer keeps: alone, by a merge, and to something of that kind."""
    rules = (Trigger.ALL_SUCCESSFUL, True, 0)
    first = Drawn("pickled", (), False, *rules, script, None, None, "restart")
    other = Drawn("function", (), False, *rules, ("skip",), None, None, "restart")
    merged = Drawn("merge", (0, 1), False, *rules, ("ok",), None, None, "restart")
    readers = [Drawn(kind, (place,), True, *rules, ("ok",), None, None, "restart") for place in (0, 2)]
    return DrawnFlow([first, other, merged, *readers], frozenset(), None, None)


def family(*, on_retry: str, script: tuple[str, ...]) -> DrawnFlow:
    """Return a flow whose child, and that one's child, fail and are tried twice more."""
    start = Drawn("family", (), False, Trigger.ALL_SUCCESSFUL, True, 2, script, None, None, on_retry)
    return DrawnFlow([start], frozenset(), None, None)


@given(drawn=drawn_flows())
@example(drawn=handed_on(("object",), kind="function"))
@example(drawn=handed_on(("ok",), kind="child"))
@example(drawn=handed_on(("ok",), kind="ifelse"))
@example(drawn=handed_on(("none",), kind="child"))
@example(drawn=family(on_retry="restart", script=("fail", "ok")))
@example(drawn=family(on_retry="restart", script=("fail", "fail", "ok")))
@example(drawn=family(on_retry="new_run", script=("fail", "ok")))
@example(drawn=family(on_retry="mirror", script=("fail", "ok")))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_flow_ends_the_same_in_this_process_and_on_workers(register, start, drain, drawn):
    flow = build(drawn, register)
    registered = register(flow)

    local = flow.run()
    run = start(registered)
    drain()
    while start_due() or TaskRun.objects.filter(state=State.SUBMITTED).exists():
        drain()

    run = FlowRun.objects.get(pk=run.pk)
    # In this process nobody sees the tasks that call the flow's own handlers.
    found = TaskRun.objects.filter(flow_run=run).exclude(slug__in=["flow-start", "flow-end"])
    rows = found.order_by("map_index").values_list("slug", "map_index", "state")
    by_slug: dict[str, list[str]] = {}
    for slug, _, found in rows:
        by_slug.setdefault(slug, []).append(found)
    assert {slug: seen(found) for slug, found in by_slug.items()} == {
        slug: seen([each.state, *(item.state for item in each.map_states)]) for slug, each in local.task_states.items()
    }
    results = read_results(flow_run_id=run.pk, slugs=list(local.task_states))
    loaded = load_for_function({slug: result for slug, (found, result) in results.items() if found in TERMINAL})
    assert {slug: known(result) for slug, result in loaded.items()} == {
        slug: known(each.result) for slug, each in local.task_states.items() if each.is_finished()
    }
    result = load_for_function({"": named(run.result, run.stored_result_id)})[""]
    assert (run.state, known(result)) == (local.state, known(local.result))
    assert messages_of(run) == {
        (slug, index): known(state.message)
        for slug, each in local.task_states.items()
        for index, state in [(-1, each), *enumerate(each.map_states)]
        if state.is_finished()
    }


def messages_of(run: FlowRun) -> dict[tuple[str, int], str]:
    """Return (slug, map index) -> message of the task runs that have ended."""
    ended = TaskRun.objects.filter(flow_run=run, state__in=TERMINAL).exclude(slug__in=["flow-start", "flow-end"])
    return {(slug, index): known(message) for slug, index, message in ended.values_list("slug", "map_index", "message")}


def known(result: Any) -> Any:
    """Return a result, or a message, without what is never the same: ids of flow runs, when a cached result is from."""
    match result:
        case dict():
            return {name: known(value) for name, value in result.items()}
        case list():
            return [known(value) for value in result]
        case str():
            without_ids = re.sub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a flow run", result)
            return re.sub("^Cached by .*", "Cached", without_ids)
    return "an object" if type(result) is object else result


def seen(states: list[str]) -> list[str]:
    """Return a task run's state and those of its items. What waits for a pause is told apart no further."""
    return list(states) if states[0] in TERMINAL or states[0] == State.PAUSED else ["unfinished"]
