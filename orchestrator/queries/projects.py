"""Projects, as documents."""

from collections.abc import Sequence
from typing import Any

from orchestrator.models import Project
from orchestrator.queries.access import Person, roles_of


def project_documents(projects: Sequence[Project], user: Person) -> list[dict[str, Any]]:
    """Return each project with the role that `user` has in it."""
    roles = roles_of(user, projects)
    return [
        {"name": project.name, "description": project.description, "role": roles.get(project.pk)}
        for project in projects
    ]
