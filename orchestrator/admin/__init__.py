"""The admin panel: everything can be looked at; what the engine owns changes through its operations only."""

from orchestrator.admin import access, backfills, beat, flows, history, runs, schedules, workers

__all__ = ["access", "backfills", "beat", "flows", "history", "runs", "schedules", "workers"]
