"""Limits of how many task runs with a tag are executed, or wait for a flow run, at once in a project.

A task run that a limit names waits in a queue that no worker serves, the held one beside its own. When it may be
claimed it is moved into its own: by whoever submitted it or ended one of them, in a transaction that holds the project,
or by `recover`. That transaction reads the limits as they are: what a new one names is held, what an old one named is
let go.
"""

import time
from collections import Counter
from functools import lru_cache
from uuid import UUID

from orchestrator import dispatch
from orchestrator.core.tags import HELD, Placed, judge_places, lines_above
from orchestrator.engine.admission_statements import LOCK_PROJECT
from orchestrator.engine.database import one_transaction, retried, rows, send
from orchestrator.engine.steps import AdmitTagged, Ready, Run, Step
from orchestrator.engine.tag_statements import HOLD_BACK, HOLD_OR_FREE, LET_GO, TAGGED, WAITS_ABOVE
from orchestrator.engine.versions import Version
from orchestrator.models import TagLimit

# A new limit is heard of by a process after this time; it holds then for what it made without knowing.
_SECONDS = 2.0


def place_of(version: Version, slug: str) -> tuple[str, list[str] | None]:
    """Return the queue that a task run is born in, and its tags that a limit may name."""
    queue = version.graph.queue_of(slug)
    if slug not in version.graph.tagged:
        return queue, None
    tags = list(version.graph.tasks[slug].tags)
    return (queue if _limited(version.project_id).isdisjoint(tags) else HELD + queue), tags


def is_held(version: Version, slug: str) -> bool:
    """Return whether a task run waits for the limits of its tags before it may start."""
    return place_of(version, slug)[0].startswith(HELD)


def note_submitted(step: Step, run: Run, slug: str, count: int = 1) -> None:
    """Have workers woken for task runs that were submitted, and have it looked whether a limit lets them go."""
    step.submitted[run.graph.queue_of(slug)] += count
    if is_held(run.version, slug):
        look_later(step, run)


def look_later(step: Step, run: Run) -> None:
    """Have it looked after the commit what the limits of tags leave room for."""
    if _limited(run.version.project_id) and (debt := AdmitTagged(run.version.project_id)) not in step.follow_ups:
        step.follow_ups.append(debt)


def _limited(project_id: int) -> frozenset[str]:
    return _limited_at(project_id, int(time.monotonic() / _SECONDS))


@lru_cache(maxsize=64)
def _limited_at(project_id: int, _moment: int) -> frozenset[str]:
    return frozenset(TagLimit.objects.filter(project_id=project_id).values_list("tag", flat=True))


def limited_tags(version: Version) -> list[str]:
    """Return the tags that are limited in a version's project, if a task of it has tags."""
    return sorted(_limited(version.project_id)) if version.graph.tagged else []


def hear_of_limits() -> None:
    """Let this process read the limits anew at once."""
    _limited_at.cache_clear()


@retried
def admit_tagged(*, project_id: int) -> int:
    """Let task runs of a project that wait for their tags be claimed, as far as the limits leave room; return how many.

    Where a limit has been lowered or set below what may be claimed already, hold back what nobody has claimed yet.
    """
    with one_transaction():
        rows(LOCK_PROJECT, project_id=project_id)
        limits = dict(TagLimit.objects.filter(project_id=project_id).values_list("tag", "max_running"))
        send(HOLD_OR_FREE, project_id=project_id, limited=list(limits))
        judged = judge_places(_placed(project_id, limits), limits)
        if judged.too_many:
            # Some may have been claimed meanwhile: who is let go is judged by what is left.
            send(HOLD_BACK, ids=judged.too_many)
            judged = judge_places(_placed(project_id, limits), limits)
        freed = rows(LET_GO, ids=judged.may_go) if judged.may_go else []
        if freed:
            dispatch.wake_workers(Counter(queue for queue, _ in freed))
            dispatch.flow_runs_changed({flow_run_id for _, flow_run_id in freed})
    return len(freed)


def _placed(project_id: int, limits: dict[str, int]) -> list[Placed]:
    """Return the task runs of a project that have places, or want some."""
    most = max(limits.values(), default=0)
    found = rows(TAGGED, project_id=project_id, limited=list(limits), most=most)
    above: dict[UUID, list[UUID]] = {}
    if any(waits for *_, waits in found):
        flow_runs = {row[1] for row in found}
        above = lines_above(rows(WAITS_ABOVE, ids=list(flow_runs)), flow_runs)
    return [
        Placed(
            identity,
            frozenset(tags) & limits.keys(),
            is_held=state == "Submitted" and queue.startswith(HELD),
            is_claimable=state == "Submitted" and not queue.startswith(HELD),
            waits=waits,
            above=above.get(flow_run_id, ()),
        )
        for identity, flow_run_id, state, queue, tags, waits in found
    ]


def those_held(run: Run, ready: list[Ready]) -> list[Ready]:
    """Return the tasks among those that may start which wait for the limits of their tags first."""
    return [one for one in ready if is_held(run.version, one.slug)] if run.graph.tagged else []
