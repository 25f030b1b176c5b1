"""The attempts of one task of flow.run(): pauses are waited for here, as nothing else has to be done meanwhile."""

import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.attempts import RETRIED, after_attempt
from orchestrator.core.graph import Task
from orchestrator.core.planner import Ending
from orchestrator.core.states import State


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: its number, how many failed before it, and what earlier ones carried."""

    number: int
    failures: int
    carried: Mapping[str, Any]


def run_attempts(
    task: Task, name: str, judged: Ending | None, execute: Callable[[Attempt], Ending], *, first: int
) -> Ending:
    """Return how a task's last attempt ended, or that it is Paused and nobody here resumes it.

    :param name: what people are asked about
    :param judged: how it ends, or pauses, without an attempt; None: it may start
    :param first: the number of the first attempt
    """
    ending = judged
    attempt, failures = first, 0
    carried: dict[str, Any] = {}
    while True:
        match ending:
            case None | Ending(state=State.SUBMITTED):
                pass
            case Ending(state=State.RETRYING):
                time.sleep(ending.delay or 0)
            case Ending(state=State.PAUSED) if _is_resumed(name, ending):
                carried["resumed"] = True
            case _:
                return ending
        ended = execute(Attempt(attempt, failures, carried))
        attempt += 1
        ending = after_attempt(task, ended, failures=failures, chance=random.random())
        failures = 0 if ending.state is State.SUBMITTED else failures + int(ended.state in RETRIED)
        carried |= ending.carried or {}


def _is_resumed(name: str, paused: Ending) -> bool:
    """Wait for the end of a pause, or ask for one at the terminal; return whether it has ended."""
    if paused.delay is not None:
        time.sleep(paused.delay)
        return True
    if not sys.stdin.isatty():
        return False
    while input(f"{name} is paused: {paused.message} Resume? [y] ").strip().lower() != "y":
        pass
    return True
