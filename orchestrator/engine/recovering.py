"""Find what no message was heard of, and do it: rung by beat every few seconds, and when a worker starts.

Nothing here is needed while all goes well. Every search reads states, so a message that was lost, a process that died
between two transactions or a broker that was flushed cost time and nothing else.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from orchestrator import dispatch
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.core.tags import HELD
from orchestrator.engine.admission import admit
from orchestrator.engine.answering import end_unanswered
from orchestrator.engine.completing import end_lost
from orchestrator.engine.crash_points import point
from orchestrator.engine.database import retried, rows
from orchestrator.engine.flow_runs import start_scheduled_flow_run
from orchestrator.engine.following import carry_out
from orchestrator.engine.healing import UNSUCCESSFUL_ENDS
from orchestrator.engine.interventions import OWED_HEALS
from orchestrator.engine.overdue import end_overdue
from orchestrator.engine.pause_statements import OWED_PAUSES, OWED_RESUMES
from orchestrator.engine.recovery_statements import (
    COUNT_SUBMITTED,
    DUE_FLOW_RUNS,
    HOLD_DUE,
    HOLD_LOST,
    LOST_FOR_GOOD,
    OWED_ADMISSIONS,
    OWED_CANCELS,
    OWED_RESTARTS,
    OWED_TELLINGS,
    START_DUE,
    TAKE_BACK,
)
from orchestrator.engine.steps import (
    CancelChild,
    Claim,
    FollowUp,
    HealParent,
    PauseChild,
    RestartChild,
    ResumeChild,
    Step,
    TellParent,
)
from orchestrator.engine.tag_statements import OWED_TAGGED
from orchestrator.engine.tagged import admit_tagged
from orchestrator.engine.transitions import TERMINAL_STATES
from orchestrator.engine.wire import Rows
from orchestrator.models import TaskRun, Worker

log = logging.getLogger(__name__)

# A function that takes its worker down every time is not tried for ever.
MAX_LOST = 3
LOST = "Its worker was lost; it starts again."


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a search found and did; all zero while all goes well."""

    taken_back: int
    due: int
    started: int
    owed: int
    sent_again: int


def recover() -> Recovered:
    """Take back what lost workers held, start what is due, do what flow runs owe each other, send hints again."""
    Worker.objects.filter(lease_until__lt=timezone.now()).delete()
    return Recovered(
        taken_back=_wake_for(_take_back) + _end_lost_for_good(),
        due=start_due() + end_overdue() + end_unanswered(),
        started=_start_scheduled(),
        owed=_settle_debts(),
        sent_again=_send_again(),
    )


def start_due() -> int:
    """Submit the task runs whose retry delay or pause is over; return how many."""
    return _wake_for(_submit_due)


def _submit_due() -> Rows:
    due = [identity for (identity,) in rows(HOLD_DUE)]
    return rows(START_DUE, ids=due) if due else []


def _take_back() -> Rows:
    lost = [identity for (identity,) in rows(HOLD_LOST, limit=MAX_LOST)]
    return rows(TAKE_BACK, ids=lost, message=LOST) if lost else []


@retried
def _wake_for(submit: Callable[[], Rows]) -> int:
    with transaction.atomic():
        submitted = submit()
        if submitted:
            dispatch.wake_workers(Counter(queue for _, queue in submitted))
            dispatch.flow_runs_changed({flow_run_id for flow_run_id, _ in submitted})
    if submitted:
        point("submitted again")
    if any(queue.startswith(HELD) for _, queue in submitted):
        _let_tagged_in()
    return len(submitted)


def _end_lost_for_good() -> int:
    """End what a lost worker held and nobody shall start again: lost too often, or being cancelled."""
    found = [row for (identity,) in rows(LOST_FOR_GOOD, limit=MAX_LOST) if (row := _lost_row(identity))]
    for row in found:
        run = row.flow_run
        held = Claim(
            row.pk, run.pk, row.slug, row.attempt, run.version_id, run.parameters, row.carried, map_index=row.map_index
        )
        if run.state == State.CANCELLING:
            ending = Ending(State.CANCELLED, "Cancelled; its worker was lost.")
        else:
            ending = Ending(State.FAILED, f"Its worker was lost {row.lost + 1} times; does it take the worker down?")
        with _alone(f"end lost task run {row.pk}"):
            carry_out([end_lost(held=held, ending=ending)])
    return len(found)


def _lost_row(identity: UUID) -> TaskRun | None:
    return TaskRun.objects.select_related("flow_run").filter(pk=identity).first()


def _start_scheduled() -> int:
    due = rows(DUE_FLOW_RUNS)
    for (flow_run_id,) in due:
        with _alone(f"start flow run {flow_run_id}"):
            start_scheduled_flow_run(flow_run_id=flow_run_id)
    return len(due)


def _settle_debts() -> int:
    debts: list[FollowUp] = [TellParent(child) for (child,) in rows(OWED_TELLINGS, terminal=TERMINAL_STATES)]
    debts += [RestartChild(child, attempt) for child, attempt in rows(OWED_RESTARTS, terminal=TERMINAL_STATES)]
    debts += [CancelChild(child) for (child,) in rows(OWED_CANCELS, terminal=TERMINAL_STATES)]
    debts += [PauseChild(child) for (child,) in rows(OWED_PAUSES)]
    debts += [ResumeChild(child) for (child,) in rows(OWED_RESUMES)]
    debts += [HealParent(child) for (child,) in rows(OWED_HEALS, unsuccessful=UNSUCCESSFUL_ENDS)]
    for debt in debts:
        with _alone(f"carry out {debt}"):
            carry_out([Step(follow_ups=[debt])])
    return len(debts) + _let_in()


def _let_in() -> int:
    """Let begin what waits for room where there is some; return how many did. That it waits owes nobody anything."""
    let_in = 0
    for (project_id,) in rows(OWED_ADMISSIONS):
        with _alone(f"let flow runs of project {project_id} begin"):
            steps = admit(project_id=project_id, may_share=True)
            carry_out(steps)
            let_in += len(steps) - 1  # the last found nothing more to do
    return let_in + _let_tagged_in()


def _let_tagged_in() -> int:
    let_in = 0
    for (project_id,) in rows(OWED_TAGGED):
        with _alone(f"let task runs of project {project_id} be claimed"):
            let_in += admit_tagged(project_id=project_id)
    return let_in


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Let the rest go on where one thing fails; it is found again at the next search."""
    try:
        yield
    except Exception:
        log.exception("Could not %s.", what)


@retried
def _send_again() -> int:
    with transaction.atomic():
        waiting: Counter[str] = Counter(dict(rows(COUNT_SUBMITTED)))
        if waiting:
            dispatch.wake_workers(waiting)
    return waiting.total()
