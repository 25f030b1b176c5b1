"""What task runs wait for that limits of their tags hold: the limits, and who has their places, as they are now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from orchestrator.core.tags import room_text
from orchestrator.models import TagLimit

# Who has places of these tags in a project. A task run that another one with the tag waits for shares its place.
_TAKEN = """
WITH RECURSIVE taken(id, tag, flow_run_id, is_shared) AS (
    SELECT t.id, g.tag, t.flow_run_id, false
    FROM orchestrator_flowrun r
    JOIN orchestrator_flow f ON f.id = r.flow_id AND f.project_id = %(project_id)s
    JOIN orchestrator_taskrun t ON t.flow_run_id = r.id AND t.tags IS NOT NULL AND t.items IS NULL
    CROSS JOIN LATERAL unnest(t.tags) AS g(tag)
    WHERE r.state IN ('Scheduled', 'Queued', 'Pending', 'Running', 'Paused', 'Cancelling')
        AND g.tag = ANY(%(tags)s)
        AND (t.state = 'Running' OR t.state = 'Submitted' AND NOT starts_with(t.queue, '~'))
    UNION
    SELECT b.id, b.tag, t.flow_run_id, f.project_id = %(project_id)s AND b.tag = ANY(coalesce(t.tags, '{}'))
    FROM taken b
    JOIN orchestrator_taskrun t ON t.child_flow_run_id = b.flow_run_id AND t.state = 'Running'
        AND t.lease_until IS NULL
    JOIN orchestrator_flowrun r ON r.id = t.flow_run_id
    JOIN orchestrator_flow f ON f.id = r.flow_id
)
SELECT tag, count(*) FROM (SELECT id, tag FROM taken GROUP BY id, tag HAVING NOT bool_or(is_shared)) AS own GROUP BY tag
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


def _taken(project_id: int, tags: Collection[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, {"project_id": project_id, "tags": sorted(tags)})
        return dict(cursor.fetchall())
