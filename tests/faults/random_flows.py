"""Random graphs of flows, of everything that the reference knows."""

from itertools import count
from typing import Any

from django.db import connection
from hypothesis import strategies as st

from orchestrator.core.admission import Overlap
from orchestrator.core.parameters import empty_schema
from orchestrator.models import Flow, FlowVersion, Project
from tests.faults.reference.rules import TRIGGERS
from tests.faults.reference.runs import Limit

MOST_TASKS = 5
LATER = 3600.0

KINDS = ["function", "function", "function", "approval", "case", "merge", "mapped"]
LISTS = [[], [1], [1, 2], [1, 2, 3]]
KEYS = ["this", "that"]
TAGS = ["red", "blue"]
RESULTS = [None, 1, 2, *LISTS[1:], *LISTS]

_numbers = count(1)


@st.composite
def graphs(draw: Any, project: str, children: list[str]) -> dict[str, Any]:
    """A random graph whose tasks are of any kind or start one of the flows `children`."""
    tasks: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, MOST_TASKS))):
        slug = f"t{number}"
        before = [one["slug"] for one in tasks if draw(st.booleans())]
        kind = draw(st.sampled_from(KINDS + ["flow_run", "flow_run", "flow_run", "mapped_flow_run"] * bool(children)))
        task = draw(_tasks(kind, slug, before, tasks))
        if task["kind"] == "flow_run":
            task |= draw(_starts(project, children))
            if draw(st.integers(0, 3)) == 0:
                task["inputs"] = {**task.get("inputs", {}), "idempotency_key": _literal(draw(st.sampled_from(KEYS)))}
        before = sorted({*before, *_read(task)})
        mapped = {one["slug"] for one in tasks if _is_mapped(one)} if _is_mapped(task) else set()
        for upstream in before:
            # Between two mapped tasks each item may follow its own.
            follows = upstream in mapped and draw(st.sampled_from([True, True, False]))
            edges.append({"upstream": upstream, "downstream": slug, "mapped": follows})
        tasks.append(task)
    graph = {"schema": 1, "tasks": tasks, "edges": edges}
    slugs = [one["slug"] for one in tasks]
    if draw(st.integers(0, 3)) == 0:
        graph["reference_tasks"] = draw(st.lists(st.sampled_from(slugs), min_size=1, unique=True))
    if draw(st.integers(0, 3)) == 0:
        graph["result_task"] = draw(st.sampled_from(slugs))
    return graph


@st.composite
def _tasks(draw: Any, kind: str, slug: str, before: list[str], others: list[dict[str, Any]]) -> dict[str, Any]:
    known = [one["slug"] for one in others]
    task: dict[str, Any] = {"slug": slug, "name": slug}
    if kind == "case" and known:
        condition = _result_of(draw(st.sampled_from(known)))
        return task | {"kind": "case", "inputs": {"condition": condition, "value": _literal(1)}}
    if kind == "merge" and before:
        branches = {"kind": "list", "items": [_result_of(upstream) for upstream in before]}
        rules = {"trigger": "not_all_skipped", "skip_on_upstream_skip": False}
        return task | {"kind": "merge", "inputs": {"branches": branches}} | rules
    task |= draw(_rules())
    if kind == "approval":
        limits = {"timeout_seconds": draw(st.sampled_from([None, LATER]))}
        return task | {"kind": "approval", "on_time_limit": draw(st.sampled_from(["fail", "approve"]))} | limits
    if kind.startswith("mapped"):
        mapped = [one["slug"] for one in others if _is_mapped(one)]
        over = draw(st.sampled_from([*map(_result_of, known + mapped * 2), *map(_literal, LISTS[1:])]))
        task["inputs"] = {"run_name" if "flow" in kind else "over": {"kind": "item", "of": over}}
    if draw(st.integers(0, 3)) == 0:
        # A trigger that people wrote.
        task |= {"trigger": "custom", "judged_by_worker": True, "trigger_at_least": None, "trigger_at_most": None}
    if draw(st.integers(0, 2)) == 0:
        task["tags"] = draw(st.lists(st.sampled_from(TAGS), min_size=1, unique=True))
    return task | {"kind": "flow_run" if "flow_run" in kind else "function"}


@st.composite
def _rules(draw: Any) -> dict[str, Any]:
    trigger = draw(st.sampled_from(["all_successful"] * 4 + sorted(TRIGGERS)))
    rules = {"trigger": trigger, "skip_on_upstream_skip": draw(st.booleans())}
    rules |= {"max_retries": draw(st.integers(0, 1)), "retry_delay_seconds": draw(st.sampled_from([0.0, LATER]))}
    if trigger.startswith("some_"):
        rules["trigger_at_least"] = draw(st.sampled_from([None, 0.5, 1, 2]))
        rules["trigger_at_most"] = draw(st.sampled_from([None, 0.7, 1, 2]))
    return rules


@st.composite
def _starts(draw: Any, project: str, children: list[str]) -> dict[str, Any]:
    return {
        "flow": {"project": project, "name": draw(st.sampled_from(children))},
        "wait": draw(st.sampled_from([True, True, False])),
        "on_retry": draw(st.sampled_from(["restart", "restart", "new_run", "mirror"])),
        "timeout_seconds": draw(st.sampled_from([None, None, LATER])),
    }


def _result_of(slug: str) -> dict[str, Any]:
    return {"kind": "upstream", "task": slug}


def _literal(value: Any) -> dict[str, Any]:
    return {"kind": "literal", "value": value}


def _is_mapped(task: dict[str, Any]) -> bool:
    return any(binding["kind"] == "item" for binding in task.get("inputs", {}).values())


def _read(task: dict[str, Any]) -> list[str]:
    """Return the tasks that a task's inputs read."""
    bindings = list(task.get("inputs", {}).values())
    found = []
    while bindings:
        binding = bindings.pop()
        bindings += [binding["of"]] if "of" in binding else binding.get("items", [])
        found += [binding["task"]] if binding["kind"] == "upstream" else []
    return found


def new_project(most: int | None) -> Project:
    return Project.objects.create(name=f"random-{next(_numbers)}", max_runs=most)


@st.composite
def limits(draw: Any) -> Limit:
    return Limit(draw(st.sampled_from([None, None, 1, 1, 2])), draw(st.sampled_from(list(Overlap))).value)


def make_flow(project: Project, name: str, document: dict[str, Any], limit: Limit) -> Flow:
    """Return a flow with one version of that graph."""
    flow = Flow.objects.create(project=project, name=name, max_runs=limit.most, overlap=limit.overlap)
    flow.latest_version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        graph=document,
        parameter_schema=empty_schema(),
        fingerprint=f"{next(_numbers):064}",
        source="code",
    )
    flow.save()
    return flow


def forget_runs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orchestrator_flowrun, orchestrator_statechange CASCADE")
