"""The Django project. Loading it loads the Celery app, so that `shared_task` and the worker agree on one."""

from orchestrator.config.celery import app as celery_app

__all__ = ["celery_app"]
