"""Backfills and the kinds of schedules through the API."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.api.serializers.backfills import BackfillSerializer
from orchestrator.engine.scheduling import create_schedule
from orchestrator.models import Flow, FlowRun, Schedule
from tests.api.test_documents import check_shape

RANGE = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-03T23:59:59Z"}


@pytest.fixture
def schedule(flow: Flow) -> Schedule:
    return create_schedule(flow=flow, user=None, now=timezone.now(), cron="0 2 * * *", timezone="US/Eastern")


@pytest.fixture
def address(schedule: Schedule) -> str:
    return f"/api/v1/schedules/{schedule.pk}/backfills/"


def test_a_backfill_is_previewed_made_watched_and_cancelled(api: APIClient, address: str) -> None:
    preview = api.post(f"{address}preview/", RANGE).json()
    assert not FlowRun.objects.exists()
    made = api.post(address, {**RANGE, "max_concurrent": 2})
    one = f"{address}{made.json()['id']}/"
    later = api.post(f"{address}preview/", RANGE).json()
    cancelled = api.post(f"{one}cancel/", {"cancel_runs": True})
    again = api.post(f"{one}cancel/", {})

    assert (preview["total"], preview["already_run"]) == (3, 0)
    assert [time["local"] for time in preview["fire_times"]] == [
        "2026-11-01T02:00:00-05:00",
        "2026-11-02T02:00:00-05:00",
        "2026-11-03T02:00:00-05:00",
    ]
    assert made.status_code == 201
    check_shape(made.json(), BackfillSerializer)
    assert (made.json()["total"], made.json()["state"], made.json()["parameters"]) == (3, "active", {})
    assert [time["has_run"] for time in later["fire_times"]] == [True, True, False]
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (again.status_code, again.json()["code"]) == (409, "backfill_over")
    assert api.get(one).json()["ended_runs"] == 2
    assert [each["id"] for each in api.get(address).json()["results"]] == [made.json()["id"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "since"),
        ({**RANGE, "max_concurrent": 0}, "max_concurrent"),
        ({**RANGE, "max_concurrent": "many"}, "max_concurrent"),
        ({**RANGE, "until": "2999-01-01T00:00:00Z"}, "until"),
        ({**RANGE, "parameters": {"rows": "x"}}, "parameters.rows"),
        ({**RANGE, "step": 1}, "step"),
    ],
)
def test_a_backfill_that_cannot_be_is_refused_with_the_field(
    api: APIClient, address: str, body: dict[str, object], field: str
) -> None:
    answer = api.post(address, body)
    assert answer.status_code == 422
    assert field in {problem["field"] for problem in answer.json()["errors"]}


def test_a_preview_refuses_the_future_as_the_backfill_itself_does(api: APIClient, address: str) -> None:
    body = {**RANGE, "until": "2999-01-01T00:00:00Z"}
    preview, made = api.post(f"{address}preview/", body), api.post(address, body)
    assert preview.status_code == 422
    assert preview.json() == made.json()


def test_a_backfill_of_another_schedule_is_not_found_here(api: APIClient, address: str, flow: Flow) -> None:
    made = api.post(address, RANGE).json()
    other = create_schedule(flow=flow, user=None, now=timezone.now(), cron="0 3 * * *")
    assert api.get(f"/api/v1/schedules/{other.pk}/backfills/{made['id']}/").status_code == 404


def test_schedules_of_every_kind_are_made_and_previewed(api: APIClient, flow: Flow) -> None:
    bodies = [
        {"kind": "interval", "interval_seconds": 5400, "start_at": "2026-01-01T00:00:00Z"},
        {"kind": "dates", "dates": ["2099-12-24T08:00:00Z"], "timezone": "Europe/Berlin"},
        {
            "cron": "0 * * * *",
            "rules": {
                "filters": [{"name": "is_weekday"}, {"name": "between_times", "start": "09:00", "end": "17:00"}],
                "adjustments": [{"name": "add", "seconds": 300}],
            },
        },
    ]
    for body in bodies:
        preview = api.post("/api/v1/schedules/preview/", body)
        made = api.post("/api/v1/schedules/", {"flow": "ours/main", **body})
        assert (preview.status_code, made.status_code) == (200, 201), made.content
        assert made.json()["description"] == preview.json()["description"]
        assert made.json()["next_fire_times"] == preview.json()["next_fire_times"]
        assert made.json().get("rules") == body.get("rules", {})


def test_an_interval_without_a_start_counts_from_this_minute(api: APIClient, flow: Flow) -> None:
    body = {"kind": "interval", "interval_seconds": 3600}
    times = api.post("/api/v1/schedules/preview/", body).json()["next_fire_times"]
    first = datetime.fromisoformat(times[0]["utc"])
    assert first.second == 0
    assert timedelta(minutes=58) < first - datetime.now(UTC) <= timedelta(minutes=60)
    made = api.post("/api/v1/schedules/", {"flow": "ours/main", **body}).json()
    assert made["start_at"] is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "interval"}, "interval_seconds"),
        ({"kind": "interval", "interval_seconds": 0}, "interval_seconds"),
        ({"kind": "interval", "interval_seconds": 60, "cron": "@daily"}, "cron"),
        ({"kind": "dates"}, "dates"),
        ({"kind": "lunar"}, "kind"),
        ({"cron": "@daily", "rules": {"filters": [{"name": "is_holiday"}]}}, "rules.filters[0].name"),
    ],
)
def test_a_schedule_of_a_wrong_shape_is_refused_with_the_field(
    api: APIClient, flow: Flow, body: dict[str, object], field: str
) -> None:
    preview = api.post("/api/v1/schedules/preview/", body)
    made = api.post("/api/v1/schedules/", {"flow": "ours/main", **body})
    assert (preview.status_code, made.status_code) == (422, 422)
    assert field in {problem["field"] for problem in preview.json()["errors"]}
    assert field in {problem["field"] for problem in made.json()["errors"]}
