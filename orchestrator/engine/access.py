"""Whether the person a flow run runs for may start flows of another project."""

from django.contrib.auth import get_user_model

from orchestrator.models import Membership, Role


def may_start(user_id: int | None, project_id: int) -> bool:
    """Return whether a user may run the flows of a project. No user (a command on the server) may run all."""
    if user_id is None:
        return True
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return False
    may_run = (Role.OPERATOR, Role.EDITOR)
    return user.is_superuser or Membership.objects.filter(user=user, project=project_id, role__in=may_run).exists()
