"""Limits of how many task runs with a tag are executed at once in a project.

A task run that a limit names waits in a queue that no worker serves, the held one beside its own. When it may be
claimed it is moved into its own: by whoever submitted it or ended one of them, in a transaction that holds the project,
or by `recover`.
"""

import time
from collections import Counter
from functools import lru_cache

from orchestrator import dispatch
from orchestrator.core.graph import TaskKind
from orchestrator.engine.admission_statements import LOCK_PROJECT
from orchestrator.engine.database import one_transaction, retried, rows, send
from orchestrator.engine.steps import AdmitTagged, Run, Step
from orchestrator.engine.versions import Version
from orchestrator.models import TagLimit

# No queue of workers can be called so.
HELD = "~"
# A new limit is heard of by a process after this time.
_SECONDS = 2.0

# What has stopped being executed gives its place back; then the first of those that wait, with their tags.
HOLD_AGAIN = """
UPDATE orchestrator_taskrun t SET queue = '~' || t.queue
FROM orchestrator_flowrun r JOIN orchestrator_flow f ON f.id = r.flow_id
WHERE r.id = t.flow_run_id AND f.project_id = %(project_id)s::bigint AND t.tags IS NOT NULL
    AND t.state IN ('Pending', 'Retrying', 'Paused') AND NOT starts_with(t.queue, '~')
"""

TAGGED = """
SELECT t.id, t.state, t.queue, t.tags FROM orchestrator_taskrun t
JOIN orchestrator_flowrun r ON r.id = t.flow_run_id JOIN orchestrator_flow f ON f.id = r.flow_id
WHERE f.project_id = %(project_id)s::bigint AND t.tags IS NOT NULL AND t.items IS NULL
    AND t.state IN ('Submitted', 'Running')
ORDER BY t.priority DESC, t.submitted_at
"""

LET_GO = """
UPDATE orchestrator_taskrun SET queue = substr(queue, 2), submitted_at = clock_timestamp(), changed_at = now()
WHERE id = ANY(%(ids)s::uuid[]) AND state = 'Submitted' AND starts_with(queue, '~')
RETURNING queue, flow_run_id
"""


def place_of(version: Version, slug: str) -> tuple[str, list[str] | None]:
    """Return the queue that a task run is born in, and its tags that are limited."""
    queue, task = version.graph.queue_of(slug), version.graph.tasks[slug]
    if not task.tags or task.kind is not TaskKind.FUNCTION:
        return queue, None
    limited = [tag for tag in task.tags if tag in _limited(version.project_id)]
    return (HELD + queue, limited) if limited else (queue, None)


def note_submitted(step: Step, run: Run, slug: str, count: int = 1) -> None:
    """Have workers woken for task runs that were submitted, or have it looked whether a limit lets them go."""
    queue, limited = place_of(run.version, slug)
    if limited is None:
        step.submitted[queue] += count
    elif (debt := AdmitTagged(run.version.project_id)) not in step.follow_ups:
        step.follow_ups.append(debt)


def _limited(project_id: int) -> frozenset[str]:
    return _limited_at(project_id, int(time.monotonic() / _SECONDS))


@lru_cache(maxsize=64)
def _limited_at(project_id: int, _moment: int) -> frozenset[str]:
    return frozenset(TagLimit.objects.filter(project_id=project_id).values_list("tag", flat=True))


@retried
def admit_tagged(*, project_id: int) -> None:
    """Let task runs of a project that wait for their tags be claimed, as far as the limits leave room."""
    with one_transaction():
        rows(LOCK_PROJECT, project_id=project_id)
        limits = dict(TagLimit.objects.filter(project_id=project_id).values_list("tag", "max_running"))
        send(HOLD_AGAIN, project_id=project_id)
        found = rows(TAGGED, project_id=project_id)
        room = Counter(limits)
        waiting = []
        for identity, state, queue, tags in found:
            if state == "Submitted" and queue.startswith(HELD):
                waiting.append((identity, tags))
            else:
                room.subtract(tags)
        chosen = []
        for identity, tags in waiting:
            if all(room[tag] > 0 for tag in tags if tag in limits):
                room.subtract(tags)
                chosen.append(identity)
        if chosen:
            freed = rows(LET_GO, ids=chosen)
            dispatch.wake_workers(Counter(queue for queue, _ in freed))
            dispatch.flow_runs_changed({flow_run_id for _, flow_run_id in freed})
