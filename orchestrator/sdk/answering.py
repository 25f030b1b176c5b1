"""An approval in flow.run(): asked at the terminal."""

import getpass
import json
import sys
from typing import Any

from orchestrator.core.approvals import InvalidProposal, approved, proposed
from orchestrator.core.graph import Task
from orchestrator.core.planner import Ending
from orchestrator.core.states import State

NO_TERMINAL = (
    "It waits for a person, and there is no terminal to ask at. Run the flow in a terminal, or register it and approve"
    " on the flow run's page."
)


def ask_at_terminal(task: Task, parameters: Any) -> Ending:
    """Return how an approval ends: as whoever sits at the terminal says, Failed where nobody does."""
    try:
        proposal = proposed(parameters)
    except InvalidProposal as error:
        return Ending(State.FAILED, str(error))
    if not sys.stdin.isatty():
        return Ending(State.FAILED, NO_TERMINAL)
    shown = f"{json.dumps(proposal)} " if proposal else ""
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{task.name}: {task.message} {shown}Approve? [y/n] ").strip().lower()
    if answer == "n":
        return Ending(State.FAILED, f"Rejected by {getpass.getuser()}.")
    return Ending(State.SUCCESS, "", approved(proposal, {}, by=getpass.getuser(), reason=""))
