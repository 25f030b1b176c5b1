"""What every view of the API has in common."""

from typing import Any, TypeVar, cast

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.generics import GenericAPIView
from rest_framework.serializers import Serializer

from orchestrator.api.names import NotThere
from orchestrator.api.pagination import OF_EVERY_LIST
from orchestrator.api.permissions import Roles
from orchestrator.api.serializers.strict import refuse_unknown
from orchestrator.api.throttles import StartThrottle
from orchestrator.core.graph import FlowName
from orchestrator.models import Backfill, Flow, FlowRun, Project, Schedule, TaskRun
from orchestrator.queries.access import flows_visible_to

_M = TypeVar("_M", bound=Model)


class ApiView(GenericAPIView[Any]):
    """A view that says which role each of its methods needs, and finds rows only through scoped query sets."""

    roles: Roles = {}
    # Rows come from scoped query sets only; lists name their model here for the OpenAPI document.
    queryset: QuerySet[Any] = Project.objects.none()
    # The methods that start runs.
    limited: frozenset[str] = frozenset()
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def user(self) -> User:
        """Return who asks. `DenyByDefault` lets nobody in who is not signed in; the schema is made for nobody."""
        return cast("User", self.request.user)

    def get_throttles(self) -> list[Any]:
        return [StartThrottle()] if self.request.method in self.limited else []

    def read(self, shape: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """Return the request's body as `shape` reads it.

        :raises ValidationError: it is of another shape
        """
        serializer = shape(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def find(self, visible: QuerySet[_M], named: str = "", **lookup: Any) -> _M:
        """Return the one row of `visible`, which this person's role allows to treat with this method.

        :param named: what it is, where the request's body names it
        :raises Http404: there is none that this person may see
        :raises PermissionDenied: the person's role in its project is too low for the method
        """
        found = visible.filter(**lookup).first()
        if found is None:
            raise NotThere(named) if named else Http404
        self.check_object_permissions(self.request, _project_of(found))
        return found

    def find_flow(self, name: FlowName, *, in_body: bool = False) -> Flow:
        """Return the flow of that name, as `find` does."""
        flows = flows_visible_to(self.user).select_related("project", "latest_version")
        return self.find(flows, f"flow {name}" if in_body else "", project__name=name.project, name=name.name)

    def listed(self, found: QuerySet[_M]) -> list[_M]:
        """Return one page of `found`, filtered as the query string asks.

        :raises ValidationError: that names what this list cannot be asked
        """
        shape = getattr(self, "filterset_class", None)
        refuse_unknown(self.request.GET, [*(shape.base_filters if shape else ()), *OF_EVERY_LIST], "filter")
        return list(self.paginate_queryset(self.filter_queryset(found)) or [])


def _project_of(row: Model) -> Project:
    match row:
        case Project():
            return row
        case Flow():
            return row.project
        case FlowRun() | Schedule():
            return row.flow.project
        case Backfill():
            return row.schedule.flow.project
        case TaskRun():
            return row.flow_run.flow.project
    raise TypeError(f"{type(row).__name__} belongs to no project.")
