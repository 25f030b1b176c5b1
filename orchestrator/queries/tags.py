"""What task runs wait for that limits of their tags hold: the limits, and who has their places, as they are now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from orchestrator.core.tags import Placed, lines_above, places_taken, room_text
from orchestrator.models import TagLimit

# Who has places of these tags in a project.
_TAKEN = """
SELECT t.id, t.flow_run_id, t.tags, t.state = 'Running' AND t.lease_until IS NULL FROM orchestrator_flowrun r
JOIN orchestrator_flow f ON f.id = r.flow_id AND f.project_id = %(project_id)s
JOIN orchestrator_taskrun t ON t.flow_run_id = r.id AND t.tags::text[] && %(tags)s::text[] AND t.items IS NULL
WHERE r.state IN ('Scheduled', 'Queued', 'Pending', 'Running', 'Paused', 'Cancelling')
    AND (t.state = 'Running' OR t.state = 'Submitted' AND NOT starts_with(t.queue, '~'))
"""

# Who waits for these flow runs, at any depth: (flow run, task run that waits for it, flow run of that).
_ABOVE = """
WITH RECURSIVE above(below, task_run_id, id) AS (
    SELECT NULL::uuid, NULL::uuid, g.id FROM unnest(%(ids)s::uuid[]) AS g(id)
    UNION
    SELECT a.id, t.id, t.flow_run_id FROM above a
    JOIN orchestrator_taskrun t ON t.child_flow_run_id = a.id AND t.state = 'Running' AND t.lease_until IS NULL
)
SELECT below, task_run_id, id FROM above WHERE below IS NOT NULL
"""


@dataclass(frozen=True)
class TagRooms:
    """How many task runs of a project with a tag may run at once, and of some tags how many places are taken."""

    limits: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)

    def held_message(self, message: str, tags: Sequence[str]) -> str:
        """Return the message of a task run that limits of its tags hold: its own, and which ones leave no room."""
        full = [tag for tag in tags if tag in self.limits and self.taken.get(tag, 0) >= self.limits[tag]]
        return f"{message} {room_text(full or tags, self.limits)}".strip()


def tag_rooms(project_id: int, held: Iterable[Sequence[str]]) -> TagRooms:
    """Return the rooms that task runs with these tags wait for.

    Of a task run with one limited tag that is the one; who has the places is counted only where there are several.
    """
    limits = dict(TagLimit.objects.filter(project_id=project_id).values_list("tag", "max_running"))
    doubtful = {tag for tags in held if len(limits.keys() & set(tags)) > 1 for tag in tags if tag in limits}
    return TagRooms(limits, _taken(project_id, doubtful) if doubtful else {})


def _taken(project_id: int, tags: Collection[str]) -> Mapping[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, {"project_id": project_id, "tags": sorted(tags)})
        found = cursor.fetchall()
        flow_runs = {row[1] for row in found}
        cursor.execute(_ABOVE, {"ids": list(flow_runs)})
        above = lines_above(cursor.fetchall(), flow_runs)
    return places_taken(
        [
            Placed(one, frozenset(own).intersection(tags), waits=waits, above=above[flow_run])
            for one, flow_run, own, waits in found
        ]
    )
