"""The tables: fields, constraints and query sets. What may happen to them is decided in `core`, done in `engine`."""

from orchestrator.models.access import ApiToken, Membership, Role, SignInLink
from orchestrator.models.flows import Draft, Flow, FlowVersion, Project, Source, TagLimit
from orchestrator.models.history import LogLine, StateChange
from orchestrator.models.results import CachedResult, StoredResult
from orchestrator.models.runs import FlowRun, Origin, TaskRun
from orchestrator.models.schedules import Backfill, Schedule
from orchestrator.models.workers import Worker

__all__ = [
    "ApiToken",
    "Backfill",
    "CachedResult",
    "Draft",
    "Flow",
    "FlowRun",
    "FlowVersion",
    "LogLine",
    "Membership",
    "Origin",
    "Project",
    "Role",
    "Schedule",
    "SignInLink",
    "Source",
    "StateChange",
    "StoredResult",
    "TagLimit",
    "TaskRun",
    "Worker",
]
