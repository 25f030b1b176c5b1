"""The Celery app: `celery -A orchestrator.config worker` and `... beat` find it here."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")

app = Celery("anabranch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["orchestrator"], related_name="celery_tasks")
