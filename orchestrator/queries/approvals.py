"""Task runs that wait for a person's answer."""

from typing import Any

from orchestrator.core.states import State
from orchestrator.models import Role, TaskRun
from orchestrator.queries.access import Person, can, task_runs_visible_to
from orchestrator.queries.moments import iso

# Of so many, the first that a person may answer are shown.
MOST_LOOKED_AT = 200


def waiting_for(user: Person, most: int) -> list[dict[str, Any]]:
    """Return the task runs that wait for an answer that `user` may give, those that must have it soonest first."""
    paused = (
        task_runs_visible_to(user, Role.OPERATOR)
        .filter(state=State.PAUSED)
        .select_related("flow_run__flow__project", "flow_run__version")
        .defer("result", "flow_run__parameters", "flow_run__result", "flow_run__version__parameter_schema")
        .order_by("due_at", "changed_at")
    )
    found = []
    for task_run in paused[:MOST_LOOKED_AT]:
        task = _task_of(task_run)
        if can(user, task_run.flow_run.flow.project, Role(task.get("role", Role.OPERATOR))):
            found.append(_document(task_run, task))
        if len(found) == most:
            break
    return found


def _task_of(task_run: TaskRun) -> dict[str, Any]:
    tasks = task_run.flow_run.version.graph["tasks"]
    return next((task for task in tasks if task["slug"] == task_run.slug), {})


def _document(task_run: TaskRun, task: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(task_run.pk),
        "slug": task_run.slug,
        "name": task.get("name", task_run.slug),
        "message": task_run.message,
        "flow": str(task_run.flow_run.flow),
        "flow_run": str(task_run.flow_run_id),
        "due_at": iso(task_run.due_at) if task.get("kind") == "approval" else None,
    }
