"""What the API does: each operation once, end to end through the engine."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.core.states import State
from orchestrator.engine.tokens import create_token
from orchestrator.models import Flow, FlowRun, Membership, Role
from tests.clients import client_of
from tests.rows import make_flow_run, make_user

START = "/api/v1/flow-runs/"


def test_a_run_is_started_once_a_key(api: APIClient, flow: Flow) -> None:
    body = {"flow": "ours/main", "parameters": {"rows": 7}, "idempotency_key": "monday", "name": "first"}

    created, again = api.post(START, body), api.post(START, body)
    conflict = api.post(START, {**body, "parameters": {"rows": 8}})

    assert (created.status_code, again.status_code, conflict.status_code) == (201, 200, 409)
    run = created.json()
    assert run["id"] == again.json()["id"] == conflict.json()["flow_run"]
    assert conflict.json()["code"] == "idempotency_conflict"
    assert (run["flow"], run["version"], run["parameters"]) == ("ours/main", 1, {"rows": 7})
    assert (run["name"], run["origin"], run["idempotency_key"]) == ("first", "person", "monday")
    assert [task_run["slug"] for task_run in run["task_runs"]] == ["one", "two"]


def test_a_bearer_token_starts_runs_as_a_program(editor: User, flow: Flow) -> None:
    token = create_token(user=editor, now=timezone.now())
    client = APIClient(headers={"authorization": f"Bearer {token}"})

    run = client.post(START, {"flow": "ours/main"}).json()

    assert (run["origin"], run["created_by"]) == ("api", editor.username)


def test_a_run_can_be_started_at_a_later_time(api: APIClient, flow: Flow) -> None:
    run = api.post(START, {"flow": "ours/main", "scheduled_start_time": "2999-01-01T01:00:00+01:00"}).json()

    assert run["state"] == "Scheduled"
    assert run["scheduled_start_time"] == "2999-01-01T00:00:00.000000Z"


def test_a_flow_without_a_version_cannot_be_run(api: APIClient, flow: Flow) -> None:
    api.post("/api/v1/flows/", {"project": "ours", "name": "drawn"})

    answer = api.post(START, {"flow": "ours/drawn"})

    assert (answer.status_code, answer.json()["code"]) == (422, "no_version")


def test_cancelling_ends_a_run_and_leaves_a_finished_one_alone(api: APIClient, flow: Flow) -> None:
    run = api.post(START, {"flow": "ours/main"}).json()

    cancelled = api.post(f"{START}{run['id']}/cancel/", {}).json()
    again = api.post(f"{START}{run['id']}/cancel/", {"leave_children": True})

    assert cancelled["state"] in {"Cancelled", "Cancelling"}
    assert (again.status_code, again.json()["state"]) == (200, cancelled["state"])


def test_only_a_finished_run_can_be_restarted(api: APIClient, flow: Flow) -> None:
    run = api.post(START, {"flow": "ours/main"}).json()

    refused = api.post(f"{START}{run['id']}/restart/", {})
    api.post(f"{START}{run['id']}/cancel/", {})
    restarted = api.post(f"{START}{run['id']}/restart/", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "not_finished")
    assert (restarted.status_code, restarted.json()["attempt"]) == (200, 2)


def test_a_run_is_paused_resumed_and_restarted_from_a_task_with_other_parameters(api: APIClient, flow: Flow) -> None:
    run = f"{START}{api.post(START, {'flow': 'ours/main'}).json()['id']}/"

    paused = api.post(f"{run}pause/", {"reason": "maintenance", "leave_children": True}).json()
    early = api.post(f"{run}restart/", {"from_tasks": ["one"]})
    resumed = api.post(f"{run}resume/", {}).json()
    again = api.post(f"{run}resume/", {})
    api.post(f"{run}cancel/", {})
    unknown = api.post(f"{run}restart/", {"from_tasks": ["three"]})
    wrong = api.post(f"{run}restart/", {"from_tasks": ["two"], "parameters": {"rows": "many"}})
    restarted = api.post(f"{run}restart/", {"from_tasks": ["two"], "parameters": {"rows": 9}}).json()

    assert (paused["state"], resumed["state"]) == ("Paused", "Pending")
    assert [task_run["state"] for task_run in paused["task_runs"]] == ["Pending", "Pending"]
    assert (early.status_code, early.json()["code"]) == (409, "not_finished")
    assert (again.status_code, again.json()["code"]) == (409, "not_paused")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_task")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "rows")
    assert (restarted["attempt"], restarted["parameters"]) == (2, {"rows": 9})


def test_a_task_run_is_marked_and_restarted_and_a_run_is_marked(api: APIClient, flow: Flow) -> None:
    run = api.post(START, {"flow": "ours/main"}).json()
    first, second = (f"/api/v1/task-runs/{task_run['id']}/" for task_run in run["task_runs"])
    fine = {"state": "Success", "reason": "done by hand"}

    marked = api.post(f"{first}mark/", {**fine, "result": {"rows": 3}}).json()
    silent = api.post(f"{second}mark/", {"state": "Success", "reason": " "})
    senseless = api.post(f"{second}mark/", {"state": "Failed", "reason": "no", "result": 1})
    again = api.post(f"{first}mark/", fine)
    ended = api.post(f"{START}{run['id']}/mark/", {"state": "Failed", "reason": "enough"}).json()
    restarted = api.post(f"{second}restart/", {}).json()

    assert [task_run["state"] for task_run in marked["task_runs"]] == ["Success", "Submitted"]
    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "reason")
    assert (senseless.status_code, senseless.json()["errors"][0]["field"]) == (422, "result")
    assert (again.status_code, again.json()["code"]) == (409, "not_markable")
    assert ended["state"] == "Failed"
    assert [task_run["state"] for task_run in ended["task_runs"]] == ["Success", "Cancelled"]
    assert [task_run["state"] for task_run in restarted["task_runs"]] == ["Success", "Submitted"]


def test_a_flow_is_drawn_saved_and_published(api: APIClient, flow: Flow) -> None:
    drawn = "/api/v1/flows/ours/drawn/"
    task = {"slug": "Flow main-1", "name": "Main", "kind": "flow_run", "flow": {"project": "ours", "name": "main"}}
    created = api.post("/api/v1/flows/", {"project": "ours", "name": "drawn", "description": "By hand."})
    taken = api.post("/api/v1/flows/", {"project": "ours", "name": "drawn"})
    empty = api.post(f"{drawn}publish/", {"revision": 1})

    saved = api.put(f"{drawn}draft/", {"graph": {"tasks": [task], "edges": []}, "revision": 1})
    stale = api.put(f"{drawn}draft/", {"graph": {"tasks": [], "edges": []}, "revision": 1})
    published = api.post(f"{drawn}publish/", {"revision": 2, "message": "First."})
    unchanged = api.post(f"{drawn}publish/", {"revision": 2})

    assert (created.status_code, created.json()["draft_revision"], created.json()["graph"]) == (201, 1, None)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "empty_graph")
    assert (saved.status_code, saved.json()["revision"], saved.json()["problems"]) == (200, 2, [])
    assert (stale.status_code, stale.json()["code"], stale.json()["revision"]) == (409, "stale_revision", 2)
    assert (published.status_code, published.json()["number"]) == (201, 1)
    assert (unchanged.status_code, unchanged.json()["number"]) == (200, 1)
    assert api.get(drawn).json()["latest_version"] == 1


def test_a_draft_with_problems_is_saved_and_says_them(api: APIClient, flow: Flow, foreign_flow: Flow) -> None:
    api.post("/api/v1/flows/", {"project": "ours", "name": "drawn"})
    task = {"slug": "a", "name": "A", "kind": "flow_run", "flow": {"project": "theirs", "name": "secret"}}

    saved = api.put("/api/v1/flows/ours/drawn/draft/", {"graph": {"tasks": [task], "edges": []}, "revision": 1}).json()

    assert saved["revision"] == 2
    assert [(problem["code"], problem["task"]) for problem in saved["problems"]] == [("unknown_flow", "a")]


def test_a_flow_written_in_python_has_no_draft(api: APIClient, flow: Flow) -> None:
    draft = "/api/v1/flows/ours/main/draft/"

    assert api.get(draft).status_code == 404
    refused = api.put(draft, {"graph": {"tasks": [], "edges": []}, "revision": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_drawn")


def test_a_schedule_is_made_changed_paused_resumed_and_removed(api: APIClient, flow: Flow) -> None:
    made = api.post(
        "/api/v1/schedules/",
        {"flow": "ours/main", "cron": "30 9 * * 1-5", "timezone": "US/Eastern", "parameters": {"rows": 1}},
    )
    one = f"/api/v1/schedules/{made.json()['id']}/"

    changed = api.patch(one, {"cron": "0 10 * * *"}).json()
    paused = api.post(f"{one}pause/", {"reason": "Holidays."}).json()
    resumed = api.post(f"{one}resume/", {}).json()

    assert made.status_code == 201
    assert made.json()["description"] == "At 09:30 on Monday to Friday, US/Eastern time"
    assert len(made.json()["next_fire_times"]) == 5
    assert (changed["cron"], changed["timezone"], changed["parameters"]) == ("0 10 * * *", "US/Eastern", {"rows": 1})
    assert (paused["is_active"], paused["pause_reason"], paused["next_fire_times"]) == (False, "Holidays.", [])
    assert (resumed["is_active"], resumed["pause_reason"]) == (True, "")
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404


def test_a_schedule_of_wrong_parameters_is_refused(api: APIClient, flow: Flow) -> None:
    answer = api.post("/api/v1/schedules/", {"flow": "ours/main", "cron": "0 9 * * *", "parameters": {"rows": "x"}})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "parameters.rows"


def test_a_preview_says_words_and_times(api: APIClient) -> None:
    preview = api.post(
        "/api/v1/schedules/preview/", {"cron": "30 9 * * 1-5", "timezone": "US/Eastern", "count": 3}
    ).json()

    assert preview["description"] == "At 09:30 on Monday to Friday, US/Eastern time"
    assert [set(fire_time) for fire_time in preview["next_fire_times"]] == [{"utc", "local", "offset", "note"}] * 3


def test_starting_without_end_is_slowed_down(api: APIClient, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.api.throttles.StartThrottle.rate", "2/min")

    statuses = [api.post(START, {"flow": "nowhere/x"}).status_code for _ in range(3)]
    refused = api.post(START, {"flow": "nowhere/x"})

    assert statuses == [404, 404, 429]
    assert refused.json()["code"] == "throttled"
    assert int(refused.headers["Retry-After"]) > 0


def test_a_viewer_may_not_run(flow: Flow, flow_run: FlowRun) -> None:
    viewer = make_user(flow.project, Role.VIEWER)
    client = APIClient()
    client.force_login(viewer)

    assert client.post(START, {"flow": "ours/main"}).status_code == 403
    Membership.objects.filter(user=viewer).update(role=Role.OPERATOR)
    assert client.post(START, {"flow": "ours/main"}).status_code == 201


def test_a_finished_run_shows_when_it_ended(api: APIClient, flow: Flow) -> None:
    done = make_flow_run(flow, State.SUCCESS)

    assert api.get(f"{START}{done.pk}/").json()["ended_at"]


def test_a_paused_task_run_is_approved_or_rejected_by_whom_it_asks(flow: Flow, api: APIClient) -> None:
    run = make_flow_run(flow, State.RUNNING)
    for slug in ("one", "two"):
        run.task_runs.filter(slug=slug).update(state=State.PAUSED, waiting_on=0)
    first, second = (f"/api/v1/task-runs/{run.task_runs.get(slug=slug).pk}/" for slug in ("one", "two"))

    silent = api.post(f"{second}reject/", {})
    rejected = api.post(f"{second}reject/", {"reason": "no"}).json()
    edited = api.post(f"{first}approve/", {"parameters": {"rows": 1}})
    approved = api.post(f"{first}approve/", {"reason": "fine"}).json()
    again = api.post(f"{first}approve/", {})

    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "reason")
    assert [task_run["state"] for task_run in rejected["task_runs"]] == ["Paused", "Failed"]
    assert (edited.status_code, edited.json()["code"]) == (422, "invalid_parameters")
    assert [task_run["state"] for task_run in approved["task_runs"]] == ["Submitted", "Failed"]
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")


def test_an_approval_that_asks_for_an_editor_refuses_an_operator(flow: Flow) -> None:
    version = flow.latest_version
    assert version
    version.graph["tasks"][0] |= {"kind": "approval", "role": "editor"}
    version.save()
    run = make_flow_run(flow, State.RUNNING)
    run.task_runs.filter(slug="one").update(state=State.PAUSED, result={})
    operator = APIClient()
    operator.force_login(make_user(flow.project, Role.OPERATOR))

    refused = operator.post(f"/api/v1/task-runs/{run.task_runs.get(slug='one').pk}/approve/", {})

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert "role editor" in refused.json()["message"]
    mark = f"/api/v1/task-runs/{run.task_runs.get(slug='one').pk}/mark/"
    assert operator.post(mark, {"state": "Success", "reason": "quicker"}, format="json").status_code == 403
    assert run.task_runs.get(slug="one").state == "Paused"


def test_an_editor_limits_how_many_runs_of_a_flow_are_under_way(editor, flow):
    client = client_of(editor)
    address = f"/api/v1/flows/{flow.project.name}/{flow.name}/"

    limited = client.patch(address, {"max_runs": 2, "overlap": "skip"}, content_type="application/json")
    assert (limited.status_code, limited.json()["max_runs"], limited.json()["overlap"]) == (200, 2, "skip")

    lifted = client.patch(address, {"max_runs": None}, content_type="application/json")
    assert (lifted.json()["max_runs"], lifted.json()["overlap"]) == (None, "skip")


@pytest.mark.parametrize("limits", [{"max_runs": 0}, {"max_runs": "many"}, {"overlap": "never"}, {"runs": 1}])
def test_what_is_no_limit_of_a_flow_is_refused(editor, flow, limits):
    address = f"/api/v1/flows/{flow.project.name}/{flow.name}/"

    refused = client_of(editor).patch(address, limits, content_type="application/json")

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == next(iter(limits))


def test_an_approval_is_drawn_and_published(api: APIClient, flow: Flow) -> None:
    api.post("/api/v1/flows/", {"project": "ours", "name": "drawn"})
    asks = {"slug": "Approval-1", "name": "Approval", "kind": "approval", "message": "Go?", "role": "editor"}
    start = {"slug": "Flow main-1", "name": "Main", "kind": "flow_run", "flow": {"project": "ours", "name": "main"}}
    graph = {"tasks": [asks, start], "edges": [{"upstream": "Approval-1", "downstream": "Flow main-1"}]}

    saved = api.put("/api/v1/flows/ours/drawn/draft/", {"graph": graph, "revision": 1}).json()
    published = api.post("/api/v1/flows/ours/drawn/publish/", {"revision": 2})
    run = api.post(START, {"flow": "ours/drawn"}).json()

    assert (saved["problems"], published.status_code) == ([], 201)
    assert [task_run["state"] for task_run in run["task_runs"]] == ["Paused", "Pending"]
    assert run["task_runs"][0]["message"] == "Go?"
    assert run["state"] == "Running"
