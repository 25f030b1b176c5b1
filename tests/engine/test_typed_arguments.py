"""Values that go out of a function as JSON, and into the next one as its annotations say."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel

from orchestrator.sdk import Flow, Parameter, task
from tests.engine.conftest import of, states
from tests.engine.flows import one_task


class Line(BaseModel):
    amount: Decimal


@dataclass
class Order:
    id: UUID
    day: date
    lines: list[Line]


ORDER = Order(UUID(int=5), date(2026, 11, 23), [Line(amount=Decimal("1.10")), Line(amount=Decimal("2.20"))])


def test_types_go_out_as_json_and_come_in_as_the_annotation_says(register, start, drain):
    received = []

    @task
    def makes() -> Order:
        return ORDER

    @task
    def takes(order: Order, day: date, lines: list[Line]) -> Decimal:
        received.extend([order, day, lines])
        return sum((line.amount for line in lines), Decimal(0))

    with Flow("typed") as flow:
        made = makes()
        takes(made, Parameter("day", type=date), made["lines"])
    run = start(register(flow), day="2026-03-02")
    drain()

    assert states(run) == {"makes-1": "Success", "takes-1": "Success"}
    assert received == [ORDER, date(2026, 3, 2), ORDER.lines]
    assert of(run, "makes-1").result["lines"] == [{"amount": "1.10"}, {"amount": "2.20"}]
    assert of(run, "takes-1").result == "3.30"


def test_a_value_that_does_not_fit_its_annotation_fails_the_task_run_and_names_it(register, start, drain):
    @task
    def takes(day: date) -> None:
        raise AssertionError("must not be called")

    run = start(register(one_task("typed", takes, day="soon")))
    drain()

    assert of(run, "takes-1").message.startswith("The argument 'day' must be datetime.date, but is 'soon'. ")
