"""Which workers are there, and what they serve."""

from django.utils import timezone

from orchestrator.models import Worker


def served_queues() -> frozenset[str]:
    """Return the queues that some worker serves now."""
    return frozenset(
        queue for queues in Worker.objects.alive(timezone.now()).values_list("queues") for queue in queues[0]
    )
