"""The truth table of the triggers, as it was measured in the seed's system; Cancelled is ours."""

import pytest

from orchestrator.core.states import State
from orchestrator.core.triggers import Trigger, judge

LETTERS = {
    "S": State.SUCCESS,
    "F": State.FAILED,
    "T": State.TRIGGER_FAILED,
    "K": State.SKIPPED,
    "C": State.CANCELLED,
}

# Columns: the upstreams' states. Cells: with skip_on_upstream_skip / without; R runs, T TriggerFailed, K Skipped.
TABLE = """
trigger         none  S    F    K    S+F  S+K  F+K  K+K  T    T+F  C    S+C  F+C  K+C
all_successful  R/R   R/R  T/T  K/R  T/T  K/R  K/T  K/R  T/T  T/T  T/T  T/T  T/T  K/T
all_failed      R/R   T/T  R/R  K/T  T/T  K/T  K/T  K/T  R/R  R/R  T/T  T/T  T/T  K/T
any_successful  R/R   R/R  T/T  K/R  R/R  K/R  K/R  K/R  T/T  T/T  T/T  R/R  T/T  K/R
any_failed      R/R   T/T  R/R  K/T  R/R  K/T  K/R  K/T  R/R  R/R  T/T  T/T  R/R  K/T
all_finished    R/R   R/R  R/R  K/R  R/R  K/R  K/R  K/R  R/R  R/R  R/R  R/R  R/R  K/R
always_run      R/R   R/R  R/R  K/R  R/R  K/R  K/R  K/R  R/R  R/R  R/R  R/R  R/R  K/R
"""


def cells() -> list[tuple[str, str, bool, str]]:
    (_, *columns), *rows = (line.split() for line in TABLE.strip().splitlines())
    return [
        (trigger, column, skips, cell.split("/")[0 if skips else 1])
        for trigger, *row in rows
        for column, cell in zip(columns, row, strict=True)
        for skips in (True, False)
    ]


@pytest.mark.parametrize(("trigger", "column", "skips", "expected"), cells())
def test_s028_to_s040_a_trigger_decides_as_in_the_truth_table(
    trigger: str, column: str, skips: bool, expected: str
) -> None:
    letters = [] if column == "none" else column.split("+")
    upstream = {f"u{number}": LETTERS[letter] for number, letter in enumerate(letters)}

    state, message = judge(Trigger(trigger), skips, upstream)

    assert state == {"R": None, "T": State.TRIGGER_FAILED, "K": State.SKIPPED}[expected]
    assert bool(message) is (state is not None)


def test_the_table_has_every_trigger() -> None:
    assert {trigger for trigger, *_ in cells()} == set(Trigger)


def test_a_trigger_failure_says_what_was_asked_and_who_ended_how() -> None:
    upstream = {"load": State.SUCCESS, "clean": State.FAILED, "check": State.FAILED}

    _, message = judge(Trigger.ALL_SUCCESSFUL, True, upstream)

    assert message == (
        "Trigger all_successful asks for every upstream to be successful, but load ended Success, clean, check ended"
        " Failed."
    )


def test_a_skip_names_the_upstreams_that_were_skipped() -> None:
    _, message = judge(Trigger.ALL_FINISHED, True, {"load": State.SUCCESS, "clean": State.SKIPPED})
    assert message == "Skipped because of what was skipped before it: clean."


def test_a_long_list_of_upstreams_is_cut() -> None:
    _, message = judge(Trigger.ANY_SUCCESSFUL, True, {f"u{number}": State.FAILED for number in range(50)})
    assert message.endswith("but u0, u1, u2 and 47 more ended Failed.")
