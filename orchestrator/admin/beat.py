"""The rows of Celery beat. Its own admin would let staff run any Celery task with any arguments; ours shows them."""

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from orchestrator.admin.looking import LookingOnly

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class _SuperusersLook(LookingOnly):
    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(_SuperusersLook):
    """The bells of our schedules, and what beat does by itself."""

    list_display = ["name", "task", "enabled", "crontab", "interval", "last_run_at", "total_run_count"]
    list_filter = ["enabled", "task"]
    list_select_related = ["crontab", "interval", "solar", "clocked"]
    search_fields = ["name", "task"]


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(_SuperusersLook):
    list_display = ["__str__", "human_readable"]
