"""Who may see and do what: roles in projects, and the query sets that hold only what a person may see.

Every id that comes from outside is looked up in one of these query sets, so what belongs to a project of others
cannot be told from what does not exist. Then `can` answers whether the person's role allows the deed.
"""

from collections.abc import Sequence

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet

from orchestrator.models import Draft, Flow, FlowRun, Membership, Project, Role, Schedule, TaskRun

__all__ = [
    "Person",
    "Role",
    "can",
    "drafts_visible_to",
    "flow_runs_visible_to",
    "flows_visible_to",
    "projects_visible_to",
    "role_of",
    "roles_of",
    "schedules_visible_to",
    "task_runs_visible_to",
]

Person = User | AnonymousUser

# Each role includes those before it.
LADDER = [Role.VIEWER, Role.OPERATOR, Role.EDITOR]


def projects_visible_to(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[Project]:
    """Return the projects in which `user` has the role `at_least` or a higher one; a superuser has all of them."""
    if not user.is_active:
        return Project.objects.none()
    if user.is_superuser:
        return Project.objects.all()
    enough = Membership.objects.filter(project=OuterRef("pk"), user=user.pk, role__in=LADDER[LADDER.index(at_least) :])
    return Project.objects.filter(Exists(enough))


def flows_visible_to(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[Flow]:
    """Return the flows of those projects."""
    return Flow.objects.filter(_within("project", user, at_least))


def flow_runs_visible_to(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[FlowRun]:
    """Return the flow runs of those projects."""
    return FlowRun.objects.filter(_within("flow__project", user, at_least))


def drafts_visible_to(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[Draft]:
    """Return the drafts of those projects."""
    return Draft.objects.filter(_within("flow__project", user, at_least))


def schedules_visible_to(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[Schedule]:
    """Return the schedules of those projects."""
    return Schedule.objects.filter(_within("flow__project", user, at_least))


def task_runs_visible_to(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[TaskRun]:
    """Return the task runs of those projects."""
    return TaskRun.objects.filter(_within("flow_run__flow__project", user, at_least))


def _within(project: str, user: Person, at_least: Role) -> Q:
    """Return the condition that `project` is one of those; none at all for a superuser, who needs no look-up."""
    if user.is_active and user.is_superuser:
        return Q()
    return Q(**{f"{project}__in": projects_visible_to(user, at_least)})


def role_of(user: Person, project: Project) -> Role | None:
    """Return the role of `user` in `project`, None for none. A superuser is an editor everywhere."""
    return roles_of(user, [project]).get(project.pk)


def roles_of(user: Person, projects: Sequence[Project]) -> dict[int, Role]:
    """Return the role of `user` in each of `projects` (by primary key) in which there is one, with one query."""
    if not user.is_active:
        return {}
    if user.is_superuser:
        return {project.pk: Role.EDITOR for project in projects}
    found = Membership.objects.filter(user=user.pk, project__in=projects).values_list("project", "role")
    return {project: Role(role) for project, role in found}


def can(user: Person, project: Project, role: Role) -> bool:
    """Return whether `user` has `role` or a higher one in `project`."""
    held = role_of(user, project)
    return held is not None and LADDER.index(held) >= LADDER.index(role)
