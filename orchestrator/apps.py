"""The Django app that holds the engine room."""

from django.apps import AppConfig


class OrchestratorConfig(AppConfig):
    name = "orchestrator"
    verbose_name = "Anabranch"

    def ready(self) -> None:
        """Let `dispatch` find the Celery tasks by name, and the authoring API the database and the apps' flows."""
        import orchestrator.celery_tasks  # noqa: F401 - registers them
        from orchestrator.engine.registration import discover_all, register_one
        from orchestrator.sdk import registry

        registry.connect(registrar=register_one, discover=discover_all)
