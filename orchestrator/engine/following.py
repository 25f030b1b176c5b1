"""What one transaction owes to other flow runs, carried out in transactions of their own."""

from collections import deque
from collections.abc import Iterable

from orchestrator import dispatch
from orchestrator.engine.admission import admit
from orchestrator.engine.cancels import cancel_child
from orchestrator.engine.crash_points import point
from orchestrator.engine.healing import heal_parent
from orchestrator.engine.pauses import pause_child, resume_child
from orchestrator.engine.restarts import restart_child
from orchestrator.engine.steps import (
    Admit,
    AdmitTagged,
    CancelChild,
    Claim,
    FollowUp,
    HealParent,
    LookAgain,
    PauseChild,
    RestartChild,
    ResumeChild,
    Step,
    TellParent,
    UnknownFlowRun,
)
from orchestrator.engine.tagged import admit_tagged
from orchestrator.engine.telling import has_ended, tell_parents

Other = RestartChild | CancelChild | PauseChild | ResumeChild | HealParent | LookAgain | Admit | AdmitTagged

# A web request that cancels ten thousand children leaves the rest to `recover`, which finds them from their states.
AT_ONCE = 100


def carry_out(steps: Iterable[Step], *, worker: str = "", claims: int = 0) -> list[Claim]:
    """Do what committed steps owe, and what that owes in turn; return what `worker` has claimed on the way.

    What is not done here, because it is too much or because this process dies, `recover` does.
    """
    claimed: list[Claim] = []
    owed: deque[FollowUp] = deque()
    for step in steps:
        claimed += step.claimed
        owed += step.follow_ups
    for _ in range(AT_ONCE):
        if not owed:
            return claimed
        for step in _follow(_next(owed), worker, max(0, claims - len(claimed))):
            claimed += step.claimed
            owed += step.follow_ups
    if owed:
        dispatch.recover_soon()
    return claimed


def _next(owed: deque[FollowUp]) -> list[TellParent] | Other:
    """Take the next debt; tellings that follow each other are taken together."""
    first = owed.popleft()
    if not isinstance(first, TellParent):
        return first
    tellings = [first]
    while owed and isinstance(owed[0], TellParent):
        tellings.append(owed.popleft())  # type: ignore[arg-type]  # it is the one just looked at
    return tellings


def _follow(debt: list[TellParent] | Other, worker: str, claims: int) -> list[Step]:
    try:
        match debt:
            case RestartChild(child, attempt):
                point("restarting a child")
                return [restart_child(flow_run_id=child, attempt=attempt, worker=worker, claims=claims)]
            case CancelChild(child):
                point("cancelling a child")
                return [cancel_child(flow_run_id=child)]
            case PauseChild(child):
                return [pause_child(flow_run_id=child)]
            case ResumeChild(child):
                return [resume_child(flow_run_id=child)]
            case Admit(project_id, may_share):
                return admit(project_id=project_id, may_share=may_share)
            case AdmitTagged(project_id):
                admit_tagged(project_id=project_id)
                return []
            case HealParent(child):
                return [heal_parent(child=child)]
            case LookAgain(child, parent):
                point("looking again")
                ended = has_ended(flow_run_id=child)
                return tell_parents(debts=[TellParent(child, parent)], worker=worker, claims=claims) if ended else []
            case list():
                point("telling parents")
                return tell_parents(debts=debt, worker=worker, claims=claims)
    except UnknownFlowRun:
        return []
