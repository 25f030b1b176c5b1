"""Whether everything ended as it should: compared with the reference, asked by SQL."""

import time
from collections import Counter
from typing import Any
from uuid import UUID

from django.db import Error, connection

from orchestrator.core.states import State
from orchestrator.models import FlowRun, TaskRun
from tests.faults.chaos.clocks import Clocks
from tests.faults.chaos.load import Load
from tests.faults.chaos.parts import Parts
from tests.faults.executions import count_executions, executed_twice
from tests.faults.invariants import broken_invariants
from tests.faults.reference.runs import FlowRun as RunOfReference
from tests.faults.reference.world import World

PATIENCE_SECONDS = 120.0
SHOWN = 10
MOST_SHOWN = 1_000
LOST_FOR_GOOD = "Its worker was lost"

# slug -> (state, the child's states): how a flow run and all below it ended.
Ends = dict[str, Any]


def wait_for_convergence(parts: Parts, clocks: Clocks) -> bool:
    """Return whether every schedule fires its last time, and every flow run ends, within the time given."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        parts.replace_ended()
        try:
            if clocks.are_over() and not FlowRun.objects.unfinished().exists():
                return True
        except Error:
            connection.close()
        time.sleep(0.2)
    return False


def judge(load: Load, clocks: Clocks, converged: bool) -> int:
    """Print what ran and what is wrong; return the exit code."""
    wrong = [] if converged else [f"not ended within {PATIENCE_SECONDS:g} s: {_unfinished()}"]
    wrong += [str(broken) for broken in broken_invariants(at_rest=True)]
    wrong += [f"executed twice, or never taken: {row}" for row in executed_twice()]
    given_up = {run for (run,) in TaskRun.objects.filter(message__startswith=LOST_FOR_GOOD).values_list("flow_run")}
    differing, compared = _differing(load, given_up)
    wrong += differing
    _print_counts(load, compared, len(given_up))
    wrong += clocks.judge()
    for line in wrong[:SHOWN]:
        print(f"WRONG: {line}")
    if len(wrong) > SHOWN:
        print(f"... and {len(wrong) - SHOWN} more")
    print("everything is well" if not wrong else f"{len(wrong)} thing(s) wrong")
    return int(bool(wrong))


def _unfinished() -> list[tuple[Any, ...]]:
    return list(TaskRun.objects.filter(ended_at=None).values_list("flow_run", "slug", "state", "lease_until")[:SHOWN])


def _differing(load: Load, given_up: set[UUID]) -> tuple[list[str], int]:
    """Return what differs of the roots that were neither cancelled nor given up, and of all below; and their number."""
    expected = {name: _expected_ends(load, name) for name in load.names}
    slugs: dict[UUID, list[TaskRun]] = {}
    for task_run in TaskRun.objects.defer("result"):
        slugs.setdefault(task_run.flow_run_id, []).append(task_run)
    states = dict(FlowRun.objects.values_list("pk", "state"))
    excused = load.cancelled | {
        root or run for run, root in FlowRun.objects.filter(pk__in=given_up).values_list("pk", "root_run")
    }
    wrong, compared = [], 0
    for identity, name in FlowRun.objects.roots().values_list("pk", "flow__name"):
        if identity in excused:
            continue
        compared += 1
        found = _found_ends(identity, slugs, states)
        if found != expected[name]:
            wrong.append(f"flow run {identity} of {name} ended as\n  {found}, not as\n  {expected[name]}"[:MOST_SHOWN])
    return wrong, compared


def _found_ends(run: UUID, slugs: dict[UUID, list[TaskRun]], states: dict[UUID, str]) -> Ends:
    return {
        "": states[run],
        **{
            one.slug: (one.state, one.child_flow_run_id and _found_ends(one.child_flow_run_id, slugs, states))
            for one in slugs[run]
        },
    }


def _expected_ends(load: Load, name: str) -> Ends:
    graphs = {flow: row.latest_version.graph for flow, row in load.flows.items() if row.latest_version}
    return _ends(World(graphs).run_to_end(name, _outcome))


def _ends(run: RunOfReference) -> Ends:
    return {
        "": run.state.value,
        **{slug: (one.state.value, one.child and _ends(one.child)) for slug, one in run.tasks.items()},
    }


def _outcome(slug: str, attempt: int) -> State:
    """How the functions of the shapes end: by their names."""
    if slug.startswith("breaks") or (slug.startswith("fails_once") and attempt == 1):
        return State.FAILED
    return State.SUCCESS


def _print_counts(load: Load, compared: int, given_up: int) -> None:
    ended = Counter(FlowRun.objects.values_list("state", flat=True))
    lost = sum(TaskRun.objects.values_list("lost", flat=True))
    print(f"started: {', '.join(f'{way} {count}' for way, count in sorted(load.ways.items()))}")
    print(
        f"flow runs: {sum(ended.values())} ({', '.join(f'{state} {count}' for state, count in sorted(ended.items()))})"
    )
    print(f"task runs: {TaskRun.objects.count()}, executions {count_executions()}, taken back {lost} times")
    print(f"compared with the reference: {compared} roots; cancelled {len(load.cancelled)}; given up {given_up}")
