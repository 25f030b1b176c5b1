"""The states of flow runs and task runs, and which may follow which: the one table that everything derives from.

Database choices and constraints, the API schema, the front end's names and colours and `docs/states.md` are all
made from this module. Names and meanings are those of Prefect 1 (`docs/states.md` says where ours differ).
"""

from enum import StrEnum


class State(StrEnum):
    """Where a flow run or a task run is. A message beside it is for people and decides nothing."""

    SCHEDULED = "Scheduled"
    QUEUED = "Queued"
    PENDING = "Pending"
    SUBMITTED = "Submitted"
    RUNNING = "Running"
    RETRYING = "Retrying"
    PAUSED = "Paused"
    CANCELLING = "Cancelling"
    SUCCESS = "Success"
    CACHED = "Cached"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    TRIGGER_FAILED = "TriggerFailed"
    SKIPPED = "Skipped"
    CANCELLED = "Cancelled"


MEANINGS: dict[State, str] = {
    State.SCHEDULED: "A flow run that starts at a later time.",
    State.QUEUED: "A flow run that may start, but a limit says how many run at once; it waits for room.",
    State.PENDING: "Waits: a task run for its upstreams, a flow run for its first task run to start.",
    State.SUBMITTED: "A task run that may start now and waits for a worker.",
    State.RUNNING: "A worker executes it, or it waits for its child flow run or its items (which holds no worker).",
    State.RETRYING: "A task run that failed and starts again when its delay is over.",
    State.PAUSED: "Waits to be approved (a task run) or resumed (a flow run). What runs already goes on.",
    State.CANCELLING: "A flow run that was cancelled while task runs of it were running; they are being stopped.",
    State.SUCCESS: "Ended well.",
    State.CACHED: "Not executed, because an earlier result still holds; counts as successful.",
    State.FAILED: "Ended with an error; the message and the logs say which.",
    State.TIMED_OUT: "Stopped because it took longer than its time limit; counts as failed.",
    State.TRIGGER_FAILED: "A task run that never started, because its upstreams did not end as its trigger asks.",
    State.SKIPPED: "Not executed on purpose; counts as successful.",
    State.CANCELLED: "Stopped by a person or by its parent; neither successful nor failed.",
}

# How something ended, if it has, as the verb of a sentence about one or several.
ENDED: dict[State, str] = dict.fromkeys(State, "did not end") | {
    State.SUCCESS: "succeeded",
    State.CACHED: "succeeded from the cache",
    State.FAILED: "failed",
    State.TIMED_OUT: "timed out",
    State.TRIGGER_FAILED: "did not start",
    State.SKIPPED: "ended skipped",
    State.CANCELLED: "ended cancelled",
}

TERMINAL: frozenset[State] = frozenset(
    {
        State.SUCCESS,
        State.CACHED,
        State.FAILED,
        State.TIMED_OUT,
        State.TRIGGER_FAILED,
        State.SKIPPED,
        State.CANCELLED,
    }
)
SUCCESSFUL: frozenset[State] = frozenset({State.SUCCESS, State.CACHED, State.SKIPPED})
UNSUCCESSFUL: frozenset[State] = frozenset({State.FAILED, State.TIMED_OUT, State.TRIGGER_FAILED})
UNFINISHED: frozenset[State] = frozenset(State) - TERMINAL

# What a person may mark a run as by hand, whatever it is.
MARKABLE: frozenset[State] = frozenset({State.SUCCESS, State.FAILED, State.SKIPPED, State.CANCELLED})

# A terminal state is left by a restart, back to Pending (or Queued: a flow run for which there is no room), or by hand.
_LEFT: frozenset[State] = MARKABLE | {State.PENDING}

TASK_RUN_TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: TERMINAL | {State.SUBMITTED, State.RUNNING, State.RETRYING, State.PAUSED},
    State.SUBMITTED: TERMINAL | {State.PENDING, State.RUNNING, State.RETRYING, State.PAUSED},
    State.RUNNING: TERMINAL | {State.SUBMITTED, State.RETRYING, State.PAUSED},
    State.RETRYING: MARKABLE | {State.PENDING, State.SUBMITTED, State.RUNNING},
    State.PAUSED: TERMINAL | {State.PENDING, State.SUBMITTED, State.RUNNING, State.RETRYING},
    **{state: _LEFT - {state} for state in State if state in TERMINAL},
}

FLOW_RUN_TRANSITIONS: dict[State, frozenset[State]] = {
    State.SCHEDULED: MARKABLE | {State.QUEUED, State.PENDING, State.RUNNING},
    State.QUEUED: MARKABLE | {State.PENDING, State.RUNNING},
    State.PENDING: TERMINAL | {State.RUNNING, State.PAUSED, State.CANCELLING},
    State.RUNNING: TERMINAL | {State.PAUSED, State.CANCELLING},
    State.PAUSED: TERMINAL | {State.PENDING, State.RUNNING, State.CANCELLING},
    State.CANCELLING: frozenset({State.CANCELLED}),
    **{state: _LEFT - {state} | {State.QUEUED} for state in State if state in TERMINAL},
}


class InvalidTransition(ValueError):
    """A state was asked to follow one that it may not follow."""


def check_transition(table: dict[State, frozenset[State]], before: State, after: State) -> None:
    """Accept `before` -> `after` where `table` allows it.

    :raises InvalidTransition: naming both states and what may follow the first
    """
    if after not in table.get(before, frozenset()):
        allowed = ", ".join(sorted(table.get(before, frozenset()))) or "nothing"
        raise InvalidTransition(f"{after} may not follow {before}; allowed: {allowed}.")
