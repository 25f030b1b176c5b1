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

# Columns: the upstreams' states. Cells: with skip_on_upstream_skip / without; R runs, T TriggerFailed, K Skipped, P
# Paused. What is custom is judged by people's code in a worker: as far as this table goes, it runs.
TABLE = """
trigger         none  S    F    K    S+F  S+K  F+K  K+K  T    T+F  C    S+C  F+C  K+C
all_successful  R/R   R/R  T/T  K/R  T/T  K/R  K/T  K/R  T/T  T/T  T/T  T/T  T/T  K/T
all_failed      R/R   T/T  R/R  K/T  T/T  K/T  K/T  K/T  R/R  R/R  T/T  T/T  T/T  K/T
any_successful  R/R   R/R  T/T  K/R  R/R  K/R  K/R  K/R  T/T  T/T  T/T  R/R  T/T  K/R
any_failed      R/R   T/T  R/R  K/T  R/R  K/T  K/R  K/T  R/R  R/R  T/T  T/T  R/R  K/T
all_finished    R/R   R/R  R/R  K/R  R/R  K/R  K/R  K/R  R/R  R/R  R/R  R/R  R/R  K/R
not_all_skipped K/K   R/R  T/T  K/K  T/T  K/R  K/T  K/K  T/T  T/T  T/T  T/T  T/T  K/T
manual_only     P/P   P/P  P/P  K/P  P/P  K/P  K/P  K/P  P/P  P/P  P/P  P/P  P/P  K/P
custom          R/R   R/R  R/R  K/R  R/R  K/R  K/R  K/R  R/R  R/R  R/R  R/R  R/R  K/R
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
def test_s028_s029_s031_s032_s034_s037_s040_a_trigger_decides_as_in_the_truth_table(
    trigger: str, column: str, skips: bool, expected: str
) -> None:
    letters = [] if column == "none" else column.split("+")
    upstream = {f"u{number}": LETTERS[letter] for number, letter in enumerate(letters)}

    state, message = judge(Trigger(trigger), skips, upstream)

    assert state == {"R": None, "T": State.TRIGGER_FAILED, "K": State.SKIPPED, "P": State.PAUSED}[expected]
    assert bool(message) is (state is not None)


def test_the_table_has_every_trigger() -> None:
    assert {trigger for trigger, *_ in cells()} | COUNTED == set(Trigger)


# Trigger, at_least, at_most, the upstreams' states, whether the task runs.
COUNTS = [
    ("some_failed", None, None, "S+S", True),
    ("some_failed", 1, None, "S+S", False),
    ("some_failed", 1, None, "S+F", True),
    ("some_failed", 2, None, "S+F", False),
    ("some_failed", 2, None, "F+T+S", True),
    ("some_failed", None, 1, "F+F+S", False),
    ("some_failed", None, 1, "F+S+S", True),
    ("some_failed", 0.5, None, "F+S+S", False),
    ("some_failed", 0.5, None, "F+F+S", True),
    ("some_failed", 0.2, 0.5, "F+S+S", True),
    ("some_failed", 0.2, 0.5, "F+F+S", False),
    ("some_failed", 1, None, "C+C", False),
    ("some_successful", 2, None, "S+K+F", True),
    ("some_successful", 3, None, "S+K+F", False),
    ("some_successful", 0.5, 1, "S+F", True),
    ("some_successful", None, 0, "S+F", False),
    ("some_successful", 2, None, "", True),
    ("some_failed", 2, None, "", True),
]
COUNTED = {Trigger.SOME_FAILED, Trigger.SOME_SUCCESSFUL}


@pytest.mark.parametrize(("trigger", "least", "most", "column", "runs"), COUNTS)
def test_s037_some_upstreams_are_counted_or_taken_as_a_share(
    trigger: str, least: float | None, most: float | None, column: str, runs: bool
) -> None:
    upstream = {f"u{number}": LETTERS[letter] for number, letter in enumerate(filter(None, column.split("+")))}

    state, _ = judge(Trigger(trigger), False, upstream, at_least=least, at_most=most)

    assert state == (None if runs else State.TRIGGER_FAILED)


def test_some_upstreams_skipped_skip_the_task_first() -> None:
    state, _ = judge(Trigger.SOME_SUCCESSFUL, True, {"a": State.SUCCESS, "b": State.SKIPPED}, at_least=1)
    assert state is State.SKIPPED


def test_a_counting_trigger_says_how_many_it_asks_for() -> None:
    _, message = judge(Trigger.SOME_FAILED, True, {"load": State.SUCCESS}, at_least=0.5, at_most=3)

    assert message == (
        "Trigger some_failed asks for at least 50% and at most 3 failed of 1 upstreams, but load succeeded."
    )


def test_a_trigger_failure_says_what_was_asked_and_who_ended_how() -> None:
    upstream = {"load": State.SUCCESS, "clean": State.FAILED, "check": State.FAILED}

    _, message = judge(Trigger.ALL_SUCCESSFUL, True, upstream)

    assert message == (
        "Trigger all_successful asks for every upstream to be successful, but load succeeded, clean, check failed."
    )


def test_a_skip_names_the_upstreams_that_were_skipped() -> None:
    _, message = judge(Trigger.ALL_FINISHED, True, {"load": State.SUCCESS, "clean": State.SKIPPED})
    assert message == "Skipped because of what was skipped before it: clean."


def test_a_long_list_of_upstreams_is_cut() -> None:
    _, message = judge(Trigger.ANY_SUCCESSFUL, True, {f"u{number}": State.FAILED for number in range(50)})
    assert message.endswith("but u0, u1, u2 and 47 more failed.")
