"""Follows one flow run for one socket: what it is now, then what is different from what was sent before."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from orchestrator.core.states import TERMINAL
from orchestrator.live.sessions import signed_in_user
from orchestrator.models import FlowRun
from orchestrator.queries.runs import (
    flow_run_summary,
    flow_runs_for_reading,
    task_run_documents,
    task_run_versions,
)
from orchestrator.queries.standstills import standing_below

# A change becomes visible when its transaction commits, which is later than the time it carries; and the clocks of
# two machines differ. What comes later than this is found when everything is compared.
OVERLAP = timedelta(seconds=5)


class NotSignedIn(Exception):
    """Nobody is signed in with the socket's session."""


class NotVisible(Exception):
    """There is no such flow run, or the person may not see it."""


@dataclass(frozen=True)
class Change:
    """What is different: the flow run's changed fields, and the whole documents of changed task runs."""

    flow_run: dict[str, Any]
    task_runs: list[dict[str, Any]]

    def __bool__(self) -> bool:
        return bool(self.flow_run or self.task_runs)


@dataclass
class Follower:
    """Reads the rows, with the rights that the session's person has at that moment, and remembers what it gave."""

    session_key: str | None
    flow_run_id: UUID
    _summary: dict[str, Any] = field(default_factory=dict)
    _versions: dict[UUID, str] = field(default_factory=dict)
    _read_at: datetime | None = None

    def snapshot(self) -> dict[str, Any]:
        """Return the whole flow run document.

        :raises NotSignedIn: nobody is signed in (any more)
        :raises NotVisible: the person may not see the flow run (any more), or it is gone
        """
        self._read_at = timezone.now()
        flow_run = self._flow_run()
        self._summary = self._summary_of(flow_run, everything=True)
        # Versions first: a change in between is sent a second time rather than not at all.
        self._versions = task_run_versions(flow_run.pk)
        return {**self._summary, "task_runs": task_run_documents(flow_run)}

    def changes(self, *, everything: bool = False) -> Change:
        """Return what is different since the last call of this or `snapshot`; raises as `snapshot` does.

        :param everything: compare every task run, not only those that say they changed lately
        """
        since = None if everything or self._read_at is None else self._read_at - OVERLAP
        self._read_at = timezone.now()
        flow_run = self._flow_run()
        versions = task_run_versions(flow_run.pk, changed_since=since)
        changed = {pk for pk, version in versions.items() if self._versions.get(pk) != version}
        task_runs = task_run_documents(flow_run, only=changed) if changed else []
        self._versions.update(versions)
        return Change(self._changed_fields(self._summary_of(flow_run, everything=everything)), task_runs)

    def _summary_of(self, flow_run: FlowRun, *, everything: bool) -> dict[str, Any]:
        """Return the flow run with what stands still below it, which is looked for only now and then."""
        is_known = not everything and flow_run.state not in TERMINAL
        below = self._summary["below"] if is_known else standing_below(flow_run)
        return {**flow_run_summary(flow_run), "below": below}

    def _changed_fields(self, summary: dict[str, Any]) -> dict[str, Any]:
        before, self._summary = self._summary, summary
        return {name: value for name, value in summary.items() if before.get(name) != value}

    def _flow_run(self) -> FlowRun:
        user = signed_in_user(self.session_key)
        if not user.is_authenticated:
            raise NotSignedIn
        found = flow_runs_for_reading(user).filter(pk=self.flow_run_id).first()
        if found is None:
            raise NotVisible
        return found
