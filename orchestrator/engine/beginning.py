"""A flow run that was there already begins: its start time has come, or a limit leaves room."""

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.database import rows
from orchestrator.engine.settling import settle
from orchestrator.engine.statements import HOLD_UNFINISHED
from orchestrator.engine.steps import Ready, Run, Step
from orchestrator.engine.transitions import TERMINAL_STATES, move_flow_run


def begin(step: Step, run: Run) -> None:
    """Let the first task runs of a flow run that this transaction holds start."""
    move_flow_run(step, run, Ending(State.PENDING))
    unfinished = rows(HOLD_UNFINISHED, flow_run_id=run.id, terminal=TERMINAL_STATES)
    free = [
        Ready(identity, slug, attempt, State(state), failures, child, child_attempt)
        for identity, slug, attempt, state, failures, child, child_attempt, *_ in unfinished
        if slug in run.graph.roots
    ]
    settle(step, run, ended={}, free=free)
