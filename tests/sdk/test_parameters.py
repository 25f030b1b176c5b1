"""Parameters as people write them, and the JSON Schema they become."""

from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

import pytest

from orchestrator.core.parameters import check_defaults, check_parameters, check_schema
from orchestrator.sdk import Flow, Parameter, task


class Mode(Enum):
    FAST = "fast"
    EXACT = 2


@task
def keep(value: Any) -> Any:
    return value


def taking(*parameters: Parameter) -> Flow:
    with Flow("f") as flow:
        for parameter in parameters:
            keep(parameter)
    return flow


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        (None, {}),
        (Any, {}),
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (list, {"type": "array"}),
        (dict, {"type": "object"}),
        (date, {"type": "string", "format": "date"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"type": "array", "items": {"type": "string"}}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Mode, {"enum": ["fast", 2]}),
        (int | None, {"type": ["integer", "null"]}),
        (date | None, {"type": ["string", "null"], "format": "date"}),
        (Literal["a"] | None, {"enum": ["a", None]}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (int | str | None, {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
    ],
)
def test_a_type_becomes_json_schema(written: Any, schema: dict[str, Any]) -> None:
    found = taking(Parameter("p", type=written)).parameter_schema()

    assert found["properties"] == {"p": schema}
    assert check_schema(found) == []


@pytest.mark.parametrize("written", [object, list[object], "int", 5])
def test_a_type_without_json_schema_is_refused(written: Any) -> None:
    with pytest.raises(TypeError, match=r"have no JSON Schema here; give schema=\{\.\.\.\} instead"):
        Parameter("p", type=written)


def test_a_schema_of_ones_own_is_taken_as_it_is() -> None:
    written = {"type": "integer", "minimum": 1}
    parameter = Parameter("p", default=None, schema=written, description="How many.")

    assert parameter.schema == {"type": "integer", "minimum": 1, "default": None, "description": "How many."}
    assert written == {"type": "integer", "minimum": 1}


def test_a_parameter_is_required_unless_it_has_a_default_and_none_is_one() -> None:
    flow = taking(
        Parameter("a"), Parameter("b", default=1), Parameter("c", default=None), Parameter("d", required=False)
    )

    schema = flow.parameter_schema()

    assert schema["required"] == ["a"]
    assert {name: rule.get("default", "none given") for name, rule in schema["properties"].items()} == {
        "a": "none given",
        "b": 1,
        "c": None,
        "d": "none given",
    }
    assert schema["additionalProperties"] is False


def test_a_required_parameter_with_a_default_must_be_given_all_the_same() -> None:
    schema = taking(Parameter("p", default=1, required=True)).parameter_schema()
    assert [problem.code for problem in check_parameters(schema, {})] == ["missing_parameter"]


@pytest.mark.parametrize("written", [int, date, Mode, list[int], int | str, int | None, Literal["a", None]])
def test_none_as_a_default_is_a_value_that_may_be_given(written: Any) -> None:
    schema = taking(Parameter("p", default=None, type=written)).parameter_schema()

    assert check_schema(schema) == []
    assert check_defaults(schema) == []
    assert check_parameters(schema, {"p": None}) == []
    assert check_parameters(schema, {"p": object}) != []


def test_defaults_become_json() -> None:
    schema = taking(Parameter("p", default=date(2026, 11, 23), type=date)).parameter_schema()

    assert schema["properties"]["p"]["default"] == "2026-11-23"
    assert check_defaults(schema) == []


def test_a_default_that_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match=r"<Parameter: p>.*has no JSON form.*written into a flow"):
        taking(Parameter("p", default=object())).parameter_schema()


@pytest.mark.parametrize("name", ["", None, 5])
def test_a_parameter_needs_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match="A parameter needs a name"):
        Parameter(name)


def test_a_parameter_of_any_name_is_a_task_with_that_slug() -> None:
    parameter = Parameter("param-key")
    flow = taking(parameter)

    assert flow.slugs[parameter] == "param-key"
    assert flow.run(parameters={"param-key": 5}).result == 5


def test_calling_a_parameter_gives_the_parameter_itself() -> None:
    parameter = Parameter("p", default=7)

    with Flow("f") as flow:
        assert parameter() is parameter
        keep(parameter)

    assert parameter.run() == 7
    assert flow.run().result == 7
