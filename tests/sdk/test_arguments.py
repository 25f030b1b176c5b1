"""What annotated arguments of a task receive from JSON."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import pendulum
import pytest
from pydantic import BaseModel, Field

from orchestrator.core.results import to_json
from orchestrator.sdk import Task, task
from orchestrator.sdk.arguments import WrongArgument, received

T = TypeVar("T")


class Colour(Enum):
    RED = "red"


@dataclass
class Row:
    id: UUID
    day: date
    amounts: list[Decimal]


class Model(BaseModel):
    name: str = Field(alias="Name")
    due: datetime | None = None


class Frame:
    """A type that has no JSON form."""


ROW = Row(UUID(int=3), date(2026, 3, 2), [Decimal("1.10")])
MODEL = Model(Name="x", due=datetime(2026, 3, 2, 9, 30))


def one(annotation: Any) -> Task:
    def takes(value, **more):
        raise AssertionError("is not called here")

    takes.__annotations__ = {"value": annotation, "return": None}
    return task(takes)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (date, date(2026, 3, 2)),
        (datetime, datetime(2026, 3, 2, 9, 30)),
        (time, time(9, 30)),
        (timedelta, timedelta(minutes=90)),
        (Decimal, Decimal("1.10")),
        (UUID, UUID(int=9)),
        (Path, Path("data/rows.csv")),
        (Colour, Colour.RED),
        (set[int], {1, 2}),
        (tuple[str, int], ("a", 1)),
        (Row, ROW),
        (list[Row], [ROW, ROW]),
        (Model, MODEL),
        (dict[str, Model], {"a": MODEL}),
        (Row | None, ROW),
        (Row | None, None),
        (Annotated[int, Field(gt=0)], 5),
        (Sequence[date], [date(2026, 3, 2)]),
        (Iterable[date], [date(2026, 3, 2)]),
        (Mapping[str, Decimal], {"a": Decimal(1)}),
        (dict[int, str], {1: "a", 2: "b"}),
        (list[Mapping[float, int]], [{1.5: 1}]),
        (dict[bool, int] | None, {True: 1}),
        (dict[date, Row], {ROW.day: ROW}),
        (pendulum.DateTime, pendulum.datetime(2026, 3, 2, 9, 30, tz="Europe/Berlin")),
        (pendulum.DateTime, pendulum.naive(2026, 3, 2)),
        (tuple[pendulum.DateTime, ...], (pendulum.datetime(2026, 3, 2),)),
        (pendulum.Date, pendulum.date(2026, 3, 2)),
        (pendulum.Time, pendulum.time(9, 30)),
        (pendulum.Duration, pendulum.duration(days=1, seconds=5)),
        (list[pendulum.DateTime] | None, [pendulum.datetime(2026, 3, 2)]),
    ],
)
def test_what_goes_out_as_json_comes_in_as_it_was(annotation: Any, value: Any) -> None:
    found = received(one(annotation), {"value": to_json(value)})

    assert found == {"value": value}
    assert type(found["value"]) is type(value)


@pytest.mark.parametrize(
    "annotation",
    [
        int,
        "int",
        float,
        str,
        bool,
        list,
        dict,
        list[int],
        dict[str, Any],
        int | None,
        Any,
        object,
        Literal["a"],
        T,
        # Frame has no JSON form, and NotThere is known to type checkers only.
        Sequence[int],
        Iterable[str],
        Mapping[str, float],
        Frame,
        list[Frame],
        "NotThere",
    ],
)
@pytest.mark.parametrize("value", [{"day": "2026-03-02"}, "5", [1]])
def test_what_json_has_anyway_and_what_has_no_json_form_is_not_touched(annotation: Any, value: Any) -> None:
    given = {"value": value}

    assert received(one(annotation), given)["value"] is value


@pytest.mark.parametrize("annotation", [float, float | None])
@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (10**16, 1e16),
        (-(10**300), -1e300),
        (5, 5),
        (10**400, 10**400),
        (True, True),
        (None, None),
        ("many", "many"),
    ],
)
def test_a_float_that_json_has_made_a_whole_number_comes_as_a_float(annotation: Any, value: Any, wanted: Any) -> None:
    found = received(one(annotation), {"value": value})["value"]
    assert (type(found), found) == (type(wanted), wanted)


def test_arguments_without_annotation_are_not_touched() -> None:
    @task
    def takes(day: date, other, **more):
        raise AssertionError("is not called here")

    assert received(takes, {"day": "2026-03-02", "other": "2026-03-02", "further": "2026-03-02"}) == {
        "day": date(2026, 3, 2),
        "other": "2026-03-02",
        "further": "2026-03-02",
    }


def test_a_task_class_s_run_is_annotated_like_a_function() -> None:
    class Takes(Task):
        def run(self, day: date) -> None:
            raise AssertionError("is not called here")

    assert received(Takes(), {"day": "2026-03-02"}) == {"day": date(2026, 3, 2)}


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (date, "soon", "The argument 'value' must be datetime.date, but is 'soon'. Input should be a valid date"),
        (UUID, 5, "The argument 'value' must be uuid.UUID, but is 5. UUID input should be a string"),
        (Colour, "blue", "but is 'blue'. Input should be 'red'."),
        (date, None, "The argument 'value' must be datetime.date, but is None."),
        (
            list[Row],
            [to_json(ROW), {**to_json(ROW), "amounts": ["x"]}],
            "At 1.amounts.0: Input should be a valid decimal.",
        ),
        (Callable[[], None], "text", "Input should be callable."),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_type_and_its_place(
    annotation: Any, value: Any, message: str
) -> None:
    with pytest.raises(WrongArgument) as error:
        received(one(annotation), {"value": value})

    assert message in str(error.value)


def test_none_fits_where_it_is_the_default() -> None:
    @task
    def takes(day: date = None) -> None:  # noqa: RUF013 - people write it so
        raise AssertionError("is not called here")

    assert received(takes, {"day": None}) == {"day": None}


def test_pydantic_is_loaded_only_where_an_annotation_needs_it() -> None:
    script = """
import sys
from orchestrator.sdk import task
from orchestrator.sdk.arguments import received
@task
def plain(rows: list[dict[str, int]], name: str = "x"): ...
received(plain, {"rows": [{"a": 1}]})
assert "pydantic" not in sys.modules, "loaded for plain JSON"
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=Path(__file__).parents[2])
