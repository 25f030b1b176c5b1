"""What a task may hand on, the JSON it becomes, and what is refused."""

import json
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from orchestrator.core.results import MAX_DEPTH, Unkeepable, storable, to_json
from tests.core.graphs import VALUES


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Text(str, Enum):  # noqa: UP042 - people write it so
    ONE = "one"


@dataclass
class Row:
    id: UUID
    day: date


ROW = Row(UUID(int=7), date(2026, 11, 23))
Point = namedtuple("Point", "x y")


@given(value=VALUES)
@settings(max_examples=50, deadline=None)
def test_json_values_stay_as_they_are(value: Any) -> None:
    assert to_json(value) == value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("text", "text"),
        ((1, (2, 3)), [1, [2, 3]]),
        (Point(1, 2), [1, 2]),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (datetime(2026, 11, 23, 9, 30, tzinfo=UTC), "2026-11-23T09:30:00+00:00"),
        (date(2026, 11, 23), "2026-11-23"),
        (time(9, 30), "09:30:00"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+999"), "1E+999"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (PurePosixPath("a/b"), "a/b"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Text.ONE, "one"),
        (ROW, {"id": "00000000-0000-0000-0000-000000000007", "day": "2026-11-23"}),
        ({True: "c"}, {"true": "c"}),
        ({2: "a", None: "b", False: "c", 1.5: "d"}, {"2": "a", "null": "b", "false": "c", "1.5": "d"}),
        ({Colour.RED: 1, Text.ONE: 2, Level.HIGH: 3, ROW.id: 4}, {"red": 1, "one": 2, "3": 3, str(ROW.id): 4}),
        ({date(2026, 11, 23): 1}, {"2026-11-23": 1}),
    ],
)
def test_values_with_one_obvious_json_form_get_it(value: Any, kept: Any) -> None:
    found = to_json(value)

    assert found == kept
    assert type(found) is type(kept)
    json.dumps(found, allow_nan=False)


def test_numpy_scalars_become_numbers() -> None:
    numpy = pytest.importorskip("numpy")

    found = to_json([numpy.int64(5), numpy.float32(0.5), numpy.float64(1.5), numpy.bool_(True), numpy.array(3)])

    assert found == [5, 0.5, 1.5, True, 3]
    assert [type(value) for value in found] == [int, float, float, bool, int]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "The result is of type builtins.object, which has no JSON form. Return numbers, text, lists,"),
        ([1, {"rows": b"x"}], "The result[1]['rows'] is of type builtins.bytes"),
        (complex(1, 2), "is of type builtins.complex"),
        (Row, "is of type builtins.type"),
        (lambda: None, "is of type builtins.function"),
        (iter([]), "is of type builtins.list_iterator"),
        ({"a": Row(object(), date.today())}, "The result['a'].id is of type builtins.object"),
        (float("nan"), "The result is nan, which JSON does not know"),
        ([float("inf")], "The result[0] is inf, which JSON does not know"),
        ([Decimal("NaN")], "The result[0] is NaN, which JSON does not know"),
        (Decimal("-Infinity"), "The result is -Infinity, which JSON does not know"),
        ("a\x00b", "holds a NUL or half a character"),
        ({"a": "\ud800"}, "The result['a'] holds a NUL or half a character"),
        ({"a\x00": 1}, "holds a NUL or half a character"),
        ({(1, 2): 1}, "has a key of type tuple"),
        ({float("nan"): 1}, "is nan, which JSON does not know"),
        ({1: "a", "1": "b"}, "two keys that are the same as text"),
        pytest.param(10**5_000, "a number of thousands of digits", id="long"),
    ],
)
def test_what_has_no_json_form_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(Unkeepable) as refused:
        to_json(value)

    assert message in str(refused.value)


def test_an_array_is_refused_for_it_belongs_into_a_file_or_a_list() -> None:
    numpy = pytest.importorskip("numpy")

    with pytest.raises(Unkeepable, match=r"numpy\.ndarray"):
        to_json(numpy.zeros(3))


def test_what_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(Unkeepable, match=f"deeper than {MAX_DEPTH} levels; does it contain itself"):
        to_json(value)


def test_the_place_may_have_another_name() -> None:
    with pytest.raises(Unkeepable, match=r"^The parameters\['x'\] is of type"):
        to_json({"x": object()}, "parameters")


def test_text_is_made_storable() -> None:
    assert storable("a\x00b\ud800c") == "ab?c"
