"""Whatever is sent, the answer is one of the documented refusals, in the documented shape."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from orchestrator.models import Flow, FlowRun

START = "/api/v1/flow-runs/"


def post(api: APIClient, body: str | bytes, address: str = START, **extra: Any) -> Any:
    return api.generic("POST", address, body, content_type="application/json", **extra)


def check_shape(answer: Any) -> dict[str, Any]:
    body = answer.json()
    assert {"code", "message", "errors"} <= set(body)
    for problem in body["errors"]:
        assert set(problem) == {"code", "message", "task", "field", "edge"}
    return body


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b'{"flow": NaN}',
        b'{"flow": "ours/main", "parameters": {"rows": Infinity}}',
        b'{"flow": "ours/main", "parameters": {"rows": 1e999}}',
        b'{"flow": "ours/main", "parameters": {"rows": "\\u0000"}}',
        b'{"flow": "ours/main", "parameters": {"rows": "\\ud800"}}',
        b'{"flow": "ours/main", "parameters": {"\\u0000": 1}}',
        b'{"flow": "ours/main", "parameters": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}",
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_what_no_json_store_can_hold_is_malformed(body: bytes, api: APIClient, flow: Flow) -> None:
    answer = post(api, body)

    assert answer.status_code in ({422} if body == b"" else {400})
    assert check_shape(answer)["code"] in ({"invalid_input"} if body == b"" else {"malformed_json"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", None),
        ("null", None),
        ('"text"', None),
        ('{"flow": "main"}', "flow"),
        ('{"flow": ""}', "flow"),
        ('{"flow": 5}', "flow"),
        ('{"flow": {}}', "flow"),
        ('{"parameters": {}}', "flow"),
        ('{"flow": "ours/main", "parameters": []}', "parameters"),
        ('{"flow": "ours/main", "parameters": null}', "parameters"),
        ('{"flow": "ours/main", "parametres": {}}', "parametres"),
        ('{"flow": "ours/main", "scheduled_start_time": "soon"}', "scheduled_start_time"),
        ('{"flow": "ours/main", "scheduled_start_time": "0001-01-01T00:00:00+14:00"}', "scheduled_start_time"),
        ('{"flow": "ours/main", "scheduled_start_time": "9999-12-31T23:59:59-12:00"}', "scheduled_start_time"),
        (json.dumps({"flow": "ours/main", "idempotency_key": "k" * 201}), "idempotency_key"),
        (json.dumps({"flow": "ours/main", "name": "n" * 201}), "name"),
        (json.dumps({"flow": "ours/" + "n" * 1000}), "flow"),
    ],
)
def test_a_body_of_another_shape_is_refused_with_the_field(
    body: str, field: str | None, api: APIClient, flow: Flow
) -> None:
    answer = post(api, body)

    assert answer.status_code == 422
    refusal = check_shape(answer)
    assert refusal["code"] == "invalid_input"
    assert field in [problem["field"] for problem in refusal["errors"]]


def test_an_unknown_field_is_named_with_the_one_that_was_meant(api: APIClient, flow: Flow) -> None:
    problems = post(api, '{"flow": "ours/main", "parametres": {}}').json()["errors"]

    assert problems[0]["code"] == "unknown_field"
    assert "'parameters'" in problems[0]["message"]


def test_wrong_parameters_are_each_named(api: APIClient, flow: Flow) -> None:
    answer = post(api, '{"flow": "ours/main", "parameters": {"rows": "many", "day": 1}}')

    assert answer.status_code == 422
    refusal = check_shape(answer)
    assert refusal["code"] == "invalid_parameters"
    assert {problem["field"] for problem in refusal["errors"]} == {"rows", "day"}


def test_a_body_that_is_too_large_is_refused(api: APIClient, flow: Flow) -> None:
    answer = post(api, json.dumps({"flow": "ours/main", "name": "x" * 2_700_000}))

    assert answer.status_code == 413
    assert check_shape(answer)["code"] == "too_large"


def test_another_kind_of_body_is_refused(api: APIClient) -> None:
    answer = api.generic("POST", START, "flow=ours", content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 415
    assert check_shape(answer)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "address",
    [
        "nothing/",
        "flow-runs",
        "flow-runs/5/",
        "flow-runs/not-a-uuid/",
        "flow-runs/00000000-0000-0000-0000-00000000000g/",
        "flow-runs/?page=-1",
        "flow-runs/?page=99999999999999999999",
        "flow-runs/?page=many",
        "flows/ours/",
        "flows/ours/a%00b/",
        "flows/a%00b/main/",
        "flows/ours/%ff%fe/",
        "flows/ours/main/versions/99999999999999999999/",
        "schedules/99999999999999999999999/",
        "schedules/-1/",
        "flows/ours/" + "n" * 5000 + "/",
    ],
)
def test_an_address_that_leads_nowhere_is_not_found(address: str, api: APIClient, flow: Flow) -> None:
    answer = api.get(f"/api/v1/{address}")

    assert answer.status_code == 404
    assert check_shape(answer)["code"] == "not_found"


@pytest.mark.parametrize(
    ("question", "statuses"),
    [
        ("flow-runs/?state=Lost", {422}),
        ("flow-runs/?parent=5", {422}),
        ("flow-runs/?created_after=soon", {422}),
        ("flow-runs/?created_after=0001-01-01T00:00:00%2B14:00", {200, 422}),
        ("flow-runs/?created_before=9999-12-31T23:59:59-12:00", {200, 422}),
        ("flow-runs/?search=%00", {422}),
        ("flow-runs/?search=%ff", {200}),
        ("flow-runs/?search=%25_%5C", {200}),
        ("flow-runs/?flow=%00", {422}),
        ("flow-runs/?root=perhaps", {422}),
        ("flow-runs/?root=", {200}),
        ("flow-runs/?page_size=-5", {200}),
        ("flow-runs/?page_size=999999999999", {200}),
        ("flows/?source=magic", {422}),
        ("flows/?search=%00", {422}),
        ("schedules/?is_active=%00", {422}),
    ],
)
def test_odd_questions_of_lists_are_answered_or_refused(
    question: str, statuses: set[int], api: APIClient, flow_run: FlowRun
) -> None:
    answer = api.get(f"/api/v1/{question}")

    assert answer.status_code in statuses
    if answer.status_code != 200:
        assert check_shape(answer)["code"] == "invalid_input"


@pytest.mark.parametrize(
    "address", ["flow-runs/", "flows/", "projects/", "schedules/", "flows/ours/main/versions/", "flow-runs/{}/items/"]
)
def test_a_list_refuses_what_it_cannot_be_asked(address: str, api: APIClient, flow_run: FlowRun) -> None:
    address = f"/api/v1/{address.format(flow_run.pk)}?slug=one" if "{}" in address else f"/api/v1/{address}?"
    answer, known = api.get(f"{address}&parnt=5"), api.get(f"{address}&page=1&page_size=5&format=json")

    assert (answer.status_code, known.status_code) == (422, 200)
    (problem,) = answer.json()["errors"]
    assert (problem["code"], problem["field"]) == ("unknown_filter", "parnt")
    assert "no filter 'parnt'" in problem["message"]


@pytest.mark.parametrize("after", ["-1", "99999999999999999999", "x", "1.5", "NaN", "1e400"])
def test_odd_places_in_the_log_are_answered_or_refused(after: str, api: APIClient, flow_run: FlowRun) -> None:
    answer = api.get(f"/api/v1/flow-runs/{flow_run.pk}/logs/?after={after}")

    assert answer.status_code in {200, 422}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"cron": "not a cron"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"cron": "0 9 30 2 *"}, "cron"),
        ({"cron": "0 9 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"cron": "0 9 * * *", "timezone": ""}, "timezone"),
    ],
)
def test_a_bad_cron_line_or_zone_is_named(body: dict[str, str], field: str, api: APIClient, flow: Flow) -> None:
    preview = api.post("/api/v1/schedules/preview/", body)
    creation = api.post("/api/v1/schedules/", {"flow": "ours/main", **body})

    for answer in (preview, creation):
        assert answer.status_code == 422
        refusal = check_shape(answer)
        assert refusal["code"] == "invalid_schedule"
        assert [problem["field"] for problem in refusal["errors"]] == [field]


@pytest.mark.parametrize("count", [0, 51, 10**30, "x", None, -1])
def test_a_preview_has_a_sensible_length(count: Any, api: APIClient) -> None:
    answer = api.post("/api/v1/schedules/preview/", {"cron": "* * * * *", "count": count})

    assert answer.status_code == 422
    assert check_shape(answer)["errors"][0]["field"] == "count"


@pytest.mark.parametrize(
    "graph",
    [
        {"tasks": 5},
        {"tasks": [5]},
        {"tasks": [{"slug": "a"}]},
        {"nodes": []},
        {"tasks": [], "edges": [{"upstream": "a", "downstream": "b"}]},
    ],
)
def test_a_draft_that_is_no_graph_is_refused(graph: Any, api: APIClient, flow: Flow) -> None:
    api.post("/api/v1/flows/", {"project": "ours", "name": "drawn"})

    answer = api.put("/api/v1/flows/ours/drawn/draft/", {"graph": graph, "revision": 1})

    assert answer.status_code == 422
    assert check_shape(answer)["code"] == "invalid_graph"
    assert api.get("/api/v1/flows/ours/drawn/draft/").json()["revision"] == 1


def test_head_is_answered_and_other_methods_are_not_allowed(api: APIClient, flow_run: FlowRun) -> None:
    assert api.head(f"/api/v1/flow-runs/{flow_run.pk}/").status_code == 200
    for method in ("OPTIONS", "TRACE", "PROPFIND"):
        answer = api.generic(method, f"/api/v1/flow-runs/{flow_run.pk}/")
        assert answer.status_code == 405
        assert check_shape(answer)["code"] == "method_not_allowed"
