"""Parameter schemas, defaults, and what is wrong with the parameters given."""

from typing import Any

import pytest

from orchestrator.core.parameters import (
    MAX_DEPTH,
    check_defaults,
    check_parameters,
    check_schema,
    empty_schema,
    with_defaults,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "rows": {"type": "integer", "default": 5},
        "mode": {"enum": ["fast", "exact"], "default": "fast"},
        "note": {"type": ["string", "null"], "default": None},
        "at": {"type": "string", "format": "date-time"},
        "filters": {
            "type": "array",
            "items": {"type": "object", "properties": {"share": {"type": "number"}}, "required": ["share"]},
        },
        "param-key": {},
    },
    "required": ["day"],
    "additionalProperties": False,
}


def told(given: dict[str, Any], schema: dict[str, Any] = SCHEMA) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.field) for problem in check_parameters(schema, given)]


@pytest.mark.parametrize(
    "given",
    [
        {"day": "2026-11-23"},
        {"day": "2026-11-23", "rows": 0, "mode": "exact", "note": None, "filters": [], "param-key": {"any": [1]}},
        {"day": "2026-11-23", "filters": [{"share": 1}, {"share": 0.5}]},
        {"day": "2026-11-23", "at": "2026-11-23T09:30"},
        {"day": "2026-11-23", "at": "2026-11-23T09:30:00Z"},
    ],
)
def test_parameters_that_fit_have_no_problems(given: dict[str, Any]) -> None:
    assert told(given) == []


@pytest.mark.parametrize(
    ("given", "code", "field", "message"),
    [
        ({}, "missing_parameter", "day", "Parameter 'day' is required; give a value for it."),
        ({"day": None}, "invalid_parameter", "day", "Parameter 'day' must be of type string, but is null."),
        ({"day": "monday"}, "invalid_parameter", "day", "Parameter 'day' is refused: 'monday' is not a 'date'."),
        ({"at": "soon"}, "invalid_parameter", "at", "Parameter 'at' is refused: 'soon' is not a 'date-time'."),
        ({"rows": "5"}, "invalid_parameter", "rows", "Parameter 'rows' must be of type integer, but is \"5\"."),
        ({"rows": True}, "invalid_parameter", "rows", "Parameter 'rows' must be of type integer, but is true."),
        ({"mode": "slow"}, "invalid_parameter", "mode", 'must be one of "fast", "exact", but is "slow".'),
        ({"note": 5}, "invalid_parameter", "note", "Parameter 'note' must be of type string or null, but is 5."),
        ({"row": 5}, "unknown_parameter", "row", "There is no parameter 'row'; did you mean 'rows'?"),
        ({"xyz": 5}, "unknown_parameter", "xyz", "There is no parameter 'xyz'; the flow has 'day', 'rows', "),
        (
            {"filters": [{"share": 1}, {"share": "half"}]},
            "invalid_parameter",
            "filters[1].share",
            "Parameter 'filters[1].share' must be of type number, but is \"half\".",
        ),
        ({"filters": [{}]}, "invalid_parameter", "filters[0]", "refused: 'share' is a required property."),
    ],
)
def test_each_wrong_parameter_is_named_with_what_is_wrong(
    given: dict[str, Any], code: str, field: str, message: str
) -> None:
    if code != "missing_parameter":
        given = {"day": "2026-11-23", **given}

    [problem] = check_parameters(SCHEMA, given)

    assert (problem.code, problem.field) == (code, field)
    assert message in problem.message


def test_every_wrong_parameter_is_named_at_once() -> None:
    assert set(told({"rows": "x", "mode": 1, "unknown": 1})) == {
        ("missing_parameter", "day"),
        ("unknown_parameter", "unknown"),
        ("invalid_parameter", "rows"),
        ("invalid_parameter", "mode"),
    }


def test_a_long_value_is_cut_in_the_message() -> None:
    [problem] = check_parameters(SCHEMA, {"day": "2026-11-23", "rows": "x" * 10_000})
    assert len(problem.message) < 200


def test_a_required_parameter_must_be_given_even_where_it_has_a_default() -> None:
    schema = {**empty_schema(), "properties": {"n": {"default": 5}}, "required": ["n"]}

    assert told({}, schema) == [("missing_parameter", "n")]
    assert told({"n": 1}, schema) == []


@pytest.mark.parametrize("extras", [True, {}, {"type": "integer"}])
def test_a_flow_may_allow_parameters_that_it_does_not_describe(extras: Any) -> None:
    assert told({"any": 1}, {**empty_schema(), "additionalProperties": extras}) == []


def test_a_schema_that_says_nothing_about_others_refuses_them() -> None:
    assert told({"any": 1}, {"type": "object"}) == [("unknown_parameter", "any")]


def test_defaults_fill_what_is_not_given_and_none_counts_as_given() -> None:
    assert with_defaults(SCHEMA, {"rows": None, "day": "x"}) == {
        "rows": None,
        "day": "x",
        "mode": "fast",
        "note": None,
    }


def test_the_empty_schema_takes_nothing() -> None:
    assert check_schema(empty_schema()) == []
    assert told({}, empty_schema()) == []
    assert told({"x": 1}, empty_schema()) == [("unknown_parameter", "x")]


def deep_schema(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return {"type": "object", "properties": {"x": schema}}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (None, '"type": "object"'),
        ([], '"type": "object"'),
        ({}, '"type": "object"'),
        ({"type": "array"}, '"type": "object"'),
        ({"type": "object", "properties": {"x": {"$ref": "https://example.org/x"}}}, "may not refer"),
        ({"type": "object", "properties": {"x": {"anyOf": [{"$ref": "#/properties/x"}]}}}, "may not refer"),
        ({"type": "object", "properties": {"x": {"$dynamicRef": "#x"}}}, "may not refer"),
        ({"type": "object", "properties": {"x": {"type": "whole"}}}, "is not JSON Schema: 'whole' is not valid"),
        ({"type": "object", "required": "x"}, "is not JSON Schema"),
        ({"type": "object", "properties": {"x": True}}, "The schema of parameter 'x' must be an object."),
        (deep_schema(MAX_DEPTH), f"deeper than {MAX_DEPTH} levels"),
        (deep_schema(5_000), f"deeper than {MAX_DEPTH} levels"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: Any, message: str) -> None:
    [problem] = check_schema(schema)

    assert problem.code == "invalid_schema"
    assert message in problem.message


def test_a_schema_that_can_be_used_has_no_problems() -> None:
    assert check_schema(SCHEMA) == []
    assert check_schema(deep_schema(10)) == []


def test_a_default_that_the_parameter_does_not_take_is_named() -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "rows": {"type": "integer", "default": "five"}}}

    [problem] = check_defaults(schema)

    assert (problem.code, problem.field) == ("invalid_parameter", "rows")
    assert problem.message == "As its default: Parameter 'rows' must be of type integer, but is \"five\"."
    assert check_defaults(SCHEMA) == []
