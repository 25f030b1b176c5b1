"""Start a flow run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError

from orchestrator.core.admission import WAITS
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.beginning import begin
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import retried
from orchestrator.engine.following import carry_out
from orchestrator.engine.insertion import NewRun, insert_flow_runs
from orchestrator.engine.latest import latest_of
from orchestrator.engine.parameters import InvalidParameters, are_those_of, checked
from orchestrator.engine.reopening import is_limited_now
from orchestrator.engine.settling import settle
from orchestrator.engine.steps import Admit, Step, lock_flow_run, one_step
from orchestrator.engine.transitions import move_flow_run
from orchestrator.models import Flow, FlowRun, Origin, Schedule


class NoVersion(ValueError):
    """The flow has no published version, so there is nothing to run."""


class IdempotencyConflict(ValueError):
    """The idempotency key was used for a run with other parameters."""

    def __init__(self, key: str, flow_run_id: UUID) -> None:
        super().__init__(
            f"The idempotency key {key!r} belongs to flow run {flow_run_id}, which was started with other parameters."
            " Give another key, or the same parameters."
        )
        self.flow_run_id = flow_run_id


@dataclass(frozen=True, slots=True)
class Started:
    """A flow run that exists now; `created` is False if its key or fire time had been used before."""

    flow_run_id: UUID
    created: bool


def start_flow_run(
    *,
    flow: Flow,
    parameters: dict[str, Any],
    now: datetime,
    origin: Origin,
    user: AbstractBaseUser | None = None,
    idempotency_key: str | None = None,
    scheduled_start_time: datetime | None = None,
    name: str = "",
    priority: int | None = None,
    schedule: Schedule | None = None,
    scheduled_for: datetime | None = None,
) -> Started:
    """Create a flow run of a flow's latest version, to start now or at `scheduled_start_time` (aware).

    The same (flow, key), or (schedule, fire time), gives the same run again however often it is asked for.

    :raises NoVersion: nothing is published
    :raises InvalidParameters: with a problem for each wrong parameter
    :raises IdempotencyConflict: the key belongs to a run with other parameters
    """
    identity = uuid4()

    def new_run() -> NewRun:
        latest = latest_of(flow.pk)
        if latest.version is None:
            raise NoVersion(f"{flow} has no published version yet; publish its draft first.")
        return NewRun(
            id=identity,
            version=latest.version,
            is_limited=latest.flow_is_limited or latest.project_is_limited,
            parameters=checked(latest.version, parameters),
            origin=origin.value,
            key=idempotency_key,
            name=name,
            user_id=user.pk if user else None,
            schedule_id=schedule.pk if schedule else None,
            scheduled_for=scheduled_for,
            start_time=scheduled_start_time,
            own_priority=priority,
            later=scheduled_start_time is not None and scheduled_start_time > now,
            key_is_fresh=idempotency_key is None and scheduled_for is None,
        )

    try:
        new, step = _insert(new_run)
    except IntegrityError:
        # Tried again after a commit that arrived unheard: then the run is there, and `recover` finds what it owes.
        if not FlowRun.objects.filter(pk=identity).exists():
            raise
        return Started(identity, created=True)
    except InvalidParameters:
        if (known := _known(flow, idempotency_key, parameters)) is None:
            raise
        return known
    if step is None:
        return _existing(new, flow, parameters)
    carry_out([step])
    return Started(identity, created=True)


@retried
def _insert(new_run: Callable[[], NewRun]) -> tuple[NewRun, Step | None]:
    with one_step() as step:
        new = new_run()
        step.user_id = new.user_id
        if not insert_flow_runs(step, [new]):
            return new, None
        run, free = step.inserted.pop()
        if not new.later:
            settle(step, run, ended={}, free=free)
    point("flow run inserted")
    return new, step


def start_scheduled_flow_run(*, flow_run_id: UUID) -> None:
    """Let a flow run whose start time has come begin. Does nothing to one that is not Scheduled."""
    carry_out([_start_scheduled(flow_run_id)])


@retried
def _start_scheduled(flow_run_id: UUID) -> Step:
    with one_step() as step:
        run = lock_flow_run(flow_run_id)
        if run.state is not State.SCHEDULED:
            return step
        if is_limited_now(run):
            move_flow_run(step, run, Ending(State.QUEUED, WAITS))
            step.follow_ups.append(Admit(run.version.project_id, may_share=run.parent_task_run_id is not None))
        else:
            begin(step, run)
    return step


def _existing(new: NewRun, flow: Flow, parameters: dict[str, Any]) -> Started:
    found = _of_key(flow, new.key)
    if found is None:
        found = FlowRun.objects.get(schedule=new.schedule_id, scheduled_for=new.scheduled_for)
    elif not _was_started_with(found, parameters):
        raise IdempotencyConflict(str(new.key), found.pk)
    return Started(found.pk, created=found.pk == new.id)


def _known(flow: Flow, key: str | None, parameters: dict[str, Any]) -> Started | None:
    """Return the run of a key that was started with these parameters, which the latest version may refuse."""
    found = _of_key(flow, key)
    return Started(found.pk, created=False) if found and _was_started_with(found, parameters) else None


def _of_key(flow: Flow, key: str | None) -> FlowRun | None:
    return None if key is None else FlowRun.objects.filter(flow=flow, idempotency_key=key).first()


def _was_started_with(found: FlowRun, given: dict[str, Any]) -> bool:
    return are_those_of(version_id=found.version_id, parameters=found.parameters, given=given)
