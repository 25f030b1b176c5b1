"""Bindings: read strictly, written back the same, resolved to values."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from orchestrator.core.bindings import (
    MAX_DEPTH,
    Binding,
    InvalidBinding,
    ListOf,
    Literal,
    ObjectOf,
    Parameter,
    Unresolvable,
    Upstream,
    dump,
    parse,
    resolve,
    split_path,
    upstreams_of,
    walk,
)
from tests.core.graphs import BINDINGS

RESULTS = {"load": {"rows": [{"id": 7}], "none": None, "ok": True, "name": "x", "count": 3}, "clean": [1, 2]}


@given(binding=BINDINGS)
@settings(max_examples=60, deadline=None)
def test_a_binding_written_and_read_again_is_the_same(binding: Binding) -> None:
    document = dump(binding)

    assert parse(json.loads(json.dumps(document))) == binding
    assert dump(parse(document)) == document


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (None, "NoneType"),
        (5, "int"),
        ([], "list"),
        ({}, "no kind"),
        ({"kind": "code"}, "code"),
        ({"kind": "literal"}, "literal"),
        ({"kind": "literal", "value": 1, "path": "x"}, "literal"),
        ({"kind": "upstream"}, "upstream"),
        ({"kind": "upstream", "task": 5}, "upstream"),
        ({"kind": "upstream", "task": "load", "paths": ""}, "upstream"),
        ({"kind": "parameter", "name": None}, "parameter"),
        ({"kind": "parameter", "name": "n", "default": 1}, "parameter"),
        ({"kind": "list", "items": "abc"}, "list"),
        ({"kind": "object", "fields": []}, "object"),
        ({"kind": "object", "fields": {}, "items": []}, "object"),
        ({"kind": "list", "items": [{"kind": "list"}]}, "list"),
    ],
)
def test_what_is_no_binding_is_refused_with_what_was_found(document: Any, found: str) -> None:
    with pytest.raises(InvalidBinding, match=rf"is not a binding \('{found}'\); write literal with value"):
        parse(document)


@pytest.mark.parametrize("path", [None, 0, False, [], {"a": 1}])
def test_a_path_is_text(path: Any) -> None:
    with pytest.raises(InvalidBinding, match="has a path of type"):
        parse({"kind": "upstream", "task": "load", "path": path})


def nested(kind: str, depth: int) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": "literal", "value": 1}
    for _ in range(depth):
        document = (
            {"kind": "list", "items": [document]} if kind == "list" else {"kind": "object", "fields": {"x": document}}
        )
    return document


@pytest.mark.parametrize("kind", ["list", "object"])
def test_a_binding_is_read_to_a_depth_and_not_beyond(kind: str) -> None:
    parse(nested(kind, MAX_DEPTH))

    for depth in (MAX_DEPTH + 1, 5_000):
        with pytest.raises(InvalidBinding, match=f"deeper than {MAX_DEPTH} levels"):
            parse(nested(kind, depth))


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", []),
        ("rows", ["rows"]),
        ("rows[0].id", ["rows", 0, "id"]),
        ("[1][2]", [1, 2]),
        ("a b.c-d", ["a b", "c-d"]),
        ("0.x", ["0", "x"]),
    ],
)
def test_a_path_is_split_into_names_and_numbers(path: str, steps: list[str | int]) -> None:
    assert split_path(path) == steps


@pytest.mark.parametrize("path", ["a..b", "a.", "a[", "a]", "a[x]", "a[-1]", "a[]", ".", "[" + "9" * 5_000 + "]"])
def test_a_path_that_is_not_written_so_is_refused(path: str) -> None:
    with pytest.raises(InvalidBinding, match=r"write it like rows\[0\].id") as refused:
        split_path(path)

    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("binding", "value"),
    [
        (Literal({"a": [1]}), {"a": [1]}),
        (Upstream("clean"), [1, 2]),
        (Upstream("load", "rows[0].id"), 7),
        (Upstream("load", "none"), None),
        (Upstream("did-not-succeed"), None),
        (Upstream("did-not-succeed", "rows[0]"), None),
        (Parameter("day"), "monday"),
        (Parameter("unknown"), None),
        (ListOf((Literal(1), Upstream("clean", "[1]"))), [1, 2]),
        (ObjectOf({"x": Parameter("day"), "y": ListOf(())}), {"x": "monday", "y": []}),
    ],
)
def test_a_binding_is_resolved_to_its_value(binding: Binding, value: Any) -> None:
    assert resolve(binding, results=RESULTS, parameters={"day": "monday"}) == value


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("row", "an object with 'rows', 'none', 'ok', 'name', 'count' has no 'row'."),
        ("rows[1]", "a list of 1 has no 1."),
        ("rows.id", "a list of 1 has no 'id'."),
        ("[0]", "an object with 'rows', 'none', 'ok', 'name', 'count' has no 0."),
        ("none.id", "null has no 'id'."),
        ("ok.id", "true has no 'id'."),
        ("name[0]", "text has no 0."),
        ("count.id", "a number has no 'id'."),
    ],
)
def test_a_place_that_a_result_does_not_have_is_named_with_what_is_there(path: str, message: str) -> None:
    with pytest.raises(Unresolvable) as refused:
        resolve(Upstream("load", path), results=RESULTS, parameters={})

    assert str(refused.value) == f"The result of load has nothing at {path!r}: {message}"


def test_walking_names_the_place_of_every_binding() -> None:
    binding = ObjectOf({"rows": ListOf((Literal(1), Upstream("load"))), "day": Parameter("day")})

    places = {place: type(found) for place, found in walk(binding, "parameters")}

    assert places == {
        "parameters": ObjectOf,
        "parameters.rows": ListOf,
        "parameters.rows[0]": Literal,
        "parameters.rows[1]": Upstream,
        "parameters.day": Parameter,
    }


def test_the_upstreams_of_a_binding_are_found_at_any_depth() -> None:
    binding = ObjectOf({"a": ListOf((Upstream("load"), ObjectOf({"b": Upstream("clean", "x")}))), "c": Parameter("p")})
    assert upstreams_of(binding) == {"load", "clean"}
