"""Which state may follow which, said a second time so that no change of the table goes unseen."""

import pytest

from orchestrator.core.states import (
    FLOW_RUN_TRANSITIONS,
    MARKABLE,
    MEANINGS,
    SUCCESSFUL,
    TASK_RUN_TRANSITIONS,
    TERMINAL,
    UNFINISHED,
    UNSUCCESSFUL,
    InvalidTransition,
    State,
    check_transition,
)

ENDS = "Success Cached Failed TimedOut TriggerFailed Skipped Cancelled"
AFTER_AN_END = {
    "Success": "Pending Failed Skipped Cancelled",
    "Cached": "Pending Success Failed Skipped Cancelled",
    "Failed": "Pending Success Skipped Cancelled",
    "TimedOut": "Pending Success Failed Skipped Cancelled",
    "TriggerFailed": "Pending Success Failed Skipped Cancelled",
    "Skipped": "Pending Success Failed Cancelled",
    "Cancelled": "Pending Success Failed Skipped",
}
AFTER_A_TASK_RUN = {
    "Pending": f"Submitted Running Retrying Paused {ENDS}",
    "Submitted": f"Pending Running Retrying Paused {ENDS}",
    "Running": f"Submitted Retrying Paused {ENDS}",
    "Retrying": "Pending Submitted Running Success Failed Skipped Cancelled",
    "Paused": f"Pending Submitted Running Retrying {ENDS}",
    **AFTER_AN_END,
}
AFTER_A_FLOW_RUN = {
    "Scheduled": "Queued Pending Running Success Failed Skipped Cancelled",
    "Queued": "Pending Running Success Failed Skipped Cancelled",
    "Pending": f"Running Paused Cancelling {ENDS}",
    "Running": f"Paused Cancelling {ENDS}",
    "Paused": f"Pending Running Cancelling {ENDS}",
    "Cancelling": "Cancelled",
    **{before: f"{after} Queued" for before, after in AFTER_AN_END.items()},
}
TABLES = {"task run": (TASK_RUN_TRANSITIONS, AFTER_A_TASK_RUN), "flow run": (FLOW_RUN_TRANSITIONS, AFTER_A_FLOW_RUN)}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("kind", TABLES)
def test_a_state_follows_another_only_where_the_table_says_so(kind: str, before: State) -> None:
    table, said = TABLES[kind]

    assert {after.value for after in State if may_follow(table, before, after)} == set(said.get(before, "").split())


def may_follow(table: dict[State, frozenset[State]], before: State, after: State) -> bool:
    try:
        check_transition(table, before, after)
    except InvalidTransition:
        return False
    return True


def test_a_refused_transition_names_both_states_and_what_may_follow() -> None:
    with pytest.raises(InvalidTransition) as refused:
        check_transition(FLOW_RUN_TRANSITIONS, State.CANCELLING, State.SUCCESS)

    assert str(refused.value) == "Success may not follow Cancelling; allowed: Cancelled."


def test_a_state_that_its_kind_of_run_never_has_leads_nowhere() -> None:
    with pytest.raises(InvalidTransition, match="Pending may not follow Scheduled; allowed: nothing"):
        check_transition(TASK_RUN_TRANSITIONS, State.SCHEDULED, State.PENDING)


def test_a_terminal_state_is_left_only_by_a_restart_or_by_hand() -> None:
    assert {state.value for state in TERMINAL} == set(ENDS.split())
    assert set(State) == TERMINAL | UNFINISHED
    assert not TERMINAL & UNFINISHED
    assert all(TASK_RUN_TRANSITIONS[state] <= MARKABLE | {State.PENDING} for state in TERMINAL)
    assert all(FLOW_RUN_TRANSITIONS[state] <= MARKABLE | {State.PENDING, State.QUEUED} for state in TERMINAL)


def test_a_skipped_run_counts_as_successful_and_a_cancelled_one_as_neither() -> None:
    assert {State.SUCCESS, State.CACHED, State.SKIPPED} == SUCCESSFUL
    assert {State.FAILED, State.TIMED_OUT, State.TRIGGER_FAILED} == UNSUCCESSFUL
    assert {State.CANCELLED} == TERMINAL - SUCCESSFUL - UNSUCCESSFUL


def test_every_state_has_a_meaning() -> None:
    assert set(MEANINGS) == set(State)
