"""What must be judged one after the other over the whole database: each waits for its turn, until it has committed.

Two transactions that each add an edge, and see none of the other's, could together close a circle, or pass a cap. A
transaction locks what it needs of existing rows before it waits for its turn, so no two wait for each other.
"""

from collections.abc import Collection
from enum import IntEnum
from uuid import UUID

from orchestrator.engine.database import rows, send
from orchestrator.engine.statements import WAITING_FOR

# Sets our advisory locks apart from those of others in the database: "ANAB".
_OURS = 0x414E4142

_TAKE_TURN = "SELECT pg_advisory_xact_lock(%(ours)s::int, %(turn)s::int)"


class Turn(IntEnum):
    """What is judged: which flows start which, which flow runs wait for others, how few more may come of one."""

    FLOWS = 1
    WAITS = 2
    CAP = 3


def take_turn(turn: Turn) -> None:
    """Hold everybody else who judges the same until this transaction ends; what they committed is seen from now on."""
    send(_TAKE_TURN, ours=_OURS, turn=turn.value)


def those_waiting_for(flow_run_id: UUID, awaited: Collection[UUID]) -> set[UUID]:
    """Return which of these flow runs wait for one, to any depth, it itself among them; it may wait for the others."""
    take_turn(Turn.WAITS)
    return {identity for (identity,) in rows(WAITING_FOR, flow_run_id=flow_run_id, awaited=list(awaited))}
