"""What a person may do in a project, as the pages ask it."""

from typing import Any

from orchestrator.models import Project, Role
from orchestrator.queries.access import Person, projects_visible_to, role_of


def rights(user: Person, project: Project) -> dict[str, Any]:
    """Return the role of a person in a project, and what it comes to."""
    role = role_of(user, project)
    return {"role": role, "can_run": role in (Role.OPERATOR, Role.EDITOR), "can_edit": role == Role.EDITOR}


def project_names(user: Person, at_least: Role = Role.VIEWER) -> list[str]:
    """Return the names of the projects in which the person has that role or a higher one."""
    return list(projects_visible_to(user, at_least).values_list("name", flat=True))
