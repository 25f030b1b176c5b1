"""What people may do, asked by the engine itself: in the name of whom a flow run runs, and who may approve."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import QuerySet

from orchestrator.models import Flow, FlowRun, Membership, Role
from orchestrator.queries.access import LADDER, flow_runs_visible_to, flows_visible_to


def may_start(user_id: int | None, project_id: int) -> bool:
    """Return whether a user may run the flows of a project."""
    return has_role(user_id, project_id, Role.OPERATOR)


def has_role(user_id: int | None, project_id: int, role: Role) -> bool:
    """Return whether a user has a role, or one above it, in a project. No user (a command on the server) has all."""
    if user_id is None:
        return True
    user = _active_user(user_id)
    if user is None:
        return False
    enough = LADDER[LADDER.index(role) :]
    return user.is_superuser or Membership.objects.filter(user=user, project=project_id, role__in=enough).exists()


def flows_to_start(user_id: int | None) -> QuerySet[Flow]:
    """Return the flows that a user may run. No user may run all."""
    if user_id is None:
        return Flow.objects.all()
    user = _active_user(user_id)
    return flows_visible_to(user, Role.OPERATOR) if user else Flow.objects.none()


def flow_runs_for(user_id: int | None) -> QuerySet[FlowRun]:
    """Return the flow runs that a user may see. No user may see all."""
    if user_id is None:
        return FlowRun.objects.all()
    user = _active_user(user_id)
    return flow_runs_visible_to(user) if user else FlowRun.objects.none()


def _active_user(user_id: int) -> User | None:
    return get_user_model().objects.filter(pk=user_id, is_active=True).first()
