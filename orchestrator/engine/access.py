"""What people may do, asked by the engine itself: in the name of whom a flow run runs, and who may approve."""

from django.contrib.auth import get_user_model

from orchestrator.models import Membership, Role
from orchestrator.queries.access import LADDER


def may_start(user_id: int | None, project_id: int) -> bool:
    """Return whether a user may run the flows of a project."""
    return has_role(user_id, project_id, Role.OPERATOR)


def has_role(user_id: int | None, project_id: int, role: Role) -> bool:
    """Return whether a user has a role, or one above it, in a project. No user (a command on the server) has all."""
    if user_id is None:
        return True
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return False
    enough = LADDER[LADDER.index(role) :]
    return user.is_superuser or Membership.objects.filter(user=user, project=project_id, role__in=enough).exists()
