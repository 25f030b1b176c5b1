"""The states of flow runs and task runs, and which may follow which: the one table that everything derives from.

Database choices and constraints, the API schema, the front end's names and colours and `docs/states.md` are all
made from this module. Names and meanings are those of Prefect 1 (`docs/states.md` says where ours differ).
"""

from enum import StrEnum


class State(StrEnum):
    """Where a flow run or a task run is. A message beside it is for people and decides nothing."""

    SCHEDULED = "Scheduled"
    PENDING = "Pending"
    SUBMITTED = "Submitted"
    RUNNING = "Running"
    RETRYING = "Retrying"
    CANCELLING = "Cancelling"
    SUCCESS = "Success"
    FAILED = "Failed"
    TRIGGER_FAILED = "TriggerFailed"
    SKIPPED = "Skipped"
    CANCELLED = "Cancelled"


MEANINGS: dict[State, str] = {
    State.SCHEDULED: "A flow run that starts at a later time.",
    State.PENDING: "Waits: a task run for its upstreams, a flow run for its first task run to start.",
    State.SUBMITTED: "A task run that may start now and waits for a worker.",
    State.RUNNING: "A worker executes it, or it waits for its child flow run (which holds no worker).",
    State.RETRYING: "A task run that failed and starts again when its delay is over.",
    State.CANCELLING: "A flow run that was cancelled while task runs of it were running; they are being stopped.",
    State.SUCCESS: "Ended well.",
    State.FAILED: "Ended with an error; the message and the logs say which.",
    State.TRIGGER_FAILED: "A task run that never started, because its upstreams did not end as its trigger asks.",
    State.SKIPPED: "Not executed on purpose; counts as successful.",
    State.CANCELLED: "Stopped by a person or by its parent; neither successful nor failed.",
}

_ENDS = frozenset({State.SUCCESS, State.FAILED, State.TRIGGER_FAILED, State.SKIPPED, State.CANCELLED})

TASK_RUN_TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset(
        {
            State.SUBMITTED,
            State.RUNNING,
            State.SUCCESS,
            State.FAILED,
            State.RETRYING,
            State.TRIGGER_FAILED,
            State.SKIPPED,
            State.CANCELLED,
        }
    ),
    State.SUBMITTED: frozenset(
        {State.RUNNING, State.SUCCESS, State.FAILED, State.RETRYING, State.SKIPPED, State.CANCELLED}
    ),
    State.RUNNING: frozenset(
        {
            State.SUBMITTED,
            State.RETRYING,
            State.SUCCESS,
            State.FAILED,
            State.TRIGGER_FAILED,
            State.SKIPPED,
            State.CANCELLED,
        }
    ),
    State.RETRYING: frozenset({State.SUBMITTED, State.RUNNING, State.CANCELLED}),
    State.SUCCESS: frozenset({State.PENDING}),
    State.FAILED: frozenset({State.PENDING}),
    State.TRIGGER_FAILED: frozenset({State.PENDING}),
    State.SKIPPED: frozenset({State.PENDING}),
    State.CANCELLED: frozenset({State.PENDING}),
}

FLOW_RUN_TRANSITIONS: dict[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.PENDING, State.RUNNING, State.FAILED, State.CANCELLED}),
    State.PENDING: frozenset({State.RUNNING, State.CANCELLING} | _ENDS),
    State.RUNNING: frozenset({State.CANCELLING} | _ENDS),
    State.CANCELLING: frozenset({State.CANCELLED}),
    State.SUCCESS: frozenset({State.PENDING}),
    State.FAILED: frozenset({State.PENDING}),
    State.TRIGGER_FAILED: frozenset({State.PENDING}),
    State.SKIPPED: frozenset({State.PENDING}),
    State.CANCELLED: frozenset({State.PENDING}),
}

# A terminal state is one that only a restart (back to Pending) leaves.
TERMINAL: frozenset[State] = frozenset(
    state for state, following in TASK_RUN_TRANSITIONS.items() if following == {State.PENDING}
)
SUCCESSFUL: frozenset[State] = frozenset({State.SUCCESS, State.SKIPPED})
UNSUCCESSFUL: frozenset[State] = frozenset({State.FAILED, State.TRIGGER_FAILED})
UNFINISHED: frozenset[State] = frozenset(State) - TERMINAL


class InvalidTransition(ValueError):
    """A state was asked to follow one that it may not follow."""


def check_transition(table: dict[State, frozenset[State]], before: State, after: State) -> None:
    """Accept `before` -> `after` where `table` allows it.

    :raises InvalidTransition: naming both states and what may follow the first
    """
    if after not in table.get(before, frozenset()):
        allowed = ", ".join(sorted(table.get(before, frozenset()))) or "nothing"
        raise InvalidTransition(f"{after} may not follow {before}; allowed: {allowed}.")
