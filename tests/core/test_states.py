"""Which state may follow which, said a second time so that no change of the table goes unseen."""

import pytest

from orchestrator.core.states import (
    FLOW_RUN_TRANSITIONS,
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

AFTER_A_TASK_RUN = {
    "Pending": "Submitted Running Retrying Success Failed TriggerFailed Skipped Cancelled",
    "Submitted": "Running Retrying Success Failed Skipped Cancelled",
    "Running": "Submitted Retrying Success Failed TriggerFailed Skipped Cancelled",
    "Retrying": "Submitted Running Cancelled",
    "Success": "Pending",
    "Failed": "Pending",
    "TriggerFailed": "Pending",
    "Skipped": "Pending",
    "Cancelled": "Pending",
}
AFTER_A_FLOW_RUN = {
    "Scheduled": "Pending Running Failed Cancelled",
    "Pending": "Running Cancelling Success Failed TriggerFailed Skipped Cancelled",
    "Running": "Cancelling Success Failed TriggerFailed Skipped Cancelled",
    "Cancelling": "Cancelled",
    "Success": "Pending",
    "Failed": "Pending",
    "TriggerFailed": "Pending",
    "Skipped": "Pending",
    "Cancelled": "Pending",
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
        check_transition(TASK_RUN_TRANSITIONS, State.RETRYING, State.SUCCESS)

    assert str(refused.value) == "Success may not follow Retrying; allowed: Cancelled, Running, Submitted."


def test_a_state_that_its_kind_of_run_never_has_leads_nowhere() -> None:
    with pytest.raises(InvalidTransition, match="Pending may not follow Scheduled; allowed: nothing"):
        check_transition(TASK_RUN_TRANSITIONS, State.SCHEDULED, State.PENDING)


def test_the_terminal_states_are_those_that_only_a_restart_leaves() -> None:
    assert {state.value for state in TERMINAL} == {"Success", "Failed", "TriggerFailed", "Skipped", "Cancelled"}
    assert set(State) == TERMINAL | UNFINISHED
    assert not TERMINAL & UNFINISHED


def test_both_kinds_of_run_end_in_the_same_states() -> None:
    terminal = {state for state, following in FLOW_RUN_TRANSITIONS.items() if following == {State.PENDING}}
    assert terminal == TERMINAL


def test_a_skipped_run_counts_as_successful_and_a_cancelled_one_as_neither() -> None:
    assert {State.SUCCESS, State.SKIPPED} == SUCCESSFUL
    assert {State.FAILED, State.TRIGGER_FAILED} == UNSUCCESSFUL
    assert {State.CANCELLED} == TERMINAL - SUCCESSFUL - UNSUCCESSFUL


def test_every_state_has_a_meaning() -> None:
    assert set(MEANINGS) == set(State)
