"""Stored results inside values: taken out and put back."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from orchestrator.core.large import Part, Stored, Unread, holds_stored, put_together, take_apart, unread_in

ONE, TWO = UUID(int=1), UUID(int=2)
PLAIN = some.none() | some.integers() | some.text(max_size=3)
VALUES = some.recursive(
    PLAIN | some.integers(1, 9).map(lambda number: Stored(UUID(int=number))),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(value=VALUES)
@settings(max_examples=60, deadline=None)
def test_what_is_taken_apart_can_be_put_together_again(value: Any) -> None:
    plain, parts = take_apart(value)

    assert holds_stored(value) is bool(parts)
    assert not holds_stored(plain)
    assert put_together(plain, parts, {part.id: Stored(part.id) for part in parts}) == value


@pytest.mark.parametrize(
    ("value", "plain", "parts"),
    [
        (Stored(ONE), None, [Part((), ONE)]),
        ({"a": [1, Stored(TWO)]}, {"a": [1, None]}, [Part(("a", 1), TWO)]),
        ("text", "text", []),
    ],
)
def test_a_stored_result_leaves_null_and_the_way_to_it(value: Any, plain: Any, parts: list[Part]) -> None:
    assert take_apart(value) == (plain, parts)


def test_what_cannot_be_read_is_found_at_any_depth() -> None:
    unread = Unread("numpy.ndarray", "pickle")

    assert list(unread_in({"rows": [1, {"x": unread}]})) == [unread]
