"""The workers that are there."""

from django.contrib import admin
from django.utils import timezone

from orchestrator.admin.looking import LookingOnly
from orchestrator.models import Worker


@admin.register(Worker)
class WorkerAdmin(LookingOnly):
    list_display = ["name", "slots", "is_alive", "started_at", "lease_until"]
    search_fields = ["name"]
    fields = ["name", "slots", "started_at", "lease_until"]
    ordering = ["-lease_until"]

    @admin.display(description="alive", boolean=True)
    def is_alive(self, worker: Worker) -> bool:
        return worker.lease_until > timezone.now()
