"""Items of mapped tasks: counted with their task, listed by themselves."""

import json

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.core.states import State
from orchestrator.models import Flow, FlowRun, TaskRun
from orchestrator.queries.runs import task_run_versions


@pytest.fixture
def mapped_run(flow_run: FlowRun) -> FlowRun:
    """A run whose first task was given 120 items, of which 2 failed; 5 more are left of a longer list."""
    TaskRun.objects.filter(flow_run=flow_run, slug="one").update(items=120, state=State.RUNNING)
    TaskRun.objects.bulk_create(
        TaskRun(
            flow_run=flow_run,
            slug="one",
            map_index=index,
            waiting_on=0,
            state=State.FAILED if index in (3, 70) else State.SUCCESS,
            result=None if index in (3, 70) else index,
            ended_at=timezone.now(),
        )
        for index in range(125)
    )
    return flow_run


def test_a_run_counts_the_items_of_a_task_and_does_not_list_them(api: APIClient, mapped_run: FlowRun) -> None:
    task_runs = api.get(f"/api/v1/flow-runs/{mapped_run.pk}/").json()["task_runs"]

    assert [(task_run["slug"], task_run["map_index"]) for task_run in task_runs] == [("one", -1), ("two", -1)]
    assert [task_run["items"] for task_run in task_runs] == [
        {"number": 120, "states": {"Success": 118, "Failed": 2}, "held": 0},
        None,
    ]
    assert len(task_run_versions(mapped_run.pk)) == 2


def test_items_come_in_pages_and_by_state(api: APIClient, mapped_run: FlowRun) -> None:
    address = f"/api/v1/flow-runs/{mapped_run.pk}/items/"
    page = api.get(address, {"slug": "one", "page": 3}).json()
    failed = api.get(address, {"slug": "one", "state": "Failed"}).json()
    seventh = api.get(address, {"slug": "one", "index": 7}).json()

    assert page["count"] == 120
    assert [item["map_index"] for item in page["results"]] == list(range(100, 120))
    assert [item["map_index"] for item in failed["results"]] == [3, 70]
    assert [item["map_index"] for item in seventh["results"]] == [7]
    assert seventh["results"][0]["items"] is None
    assert api.get(address).status_code == 422
    assert api.get(address, {"slug": "two"}).json()["count"] == 0


def test_the_result_of_a_mapped_task_is_made_of_its_items(api: APIClient, mapped_run: FlowRun) -> None:
    parent = TaskRun.objects.get(flow_run=mapped_run, slug="one", map_index=-1)

    answer = api.get(f"/api/v1/flow-runs/{mapped_run.pk}/task-runs/{parent.pk}/result/")

    assert json.loads(answer.content) == [None if index in (3, 70) else index for index in range(120)]


def test_items_of_a_foreign_run_do_not_exist(api: APIClient, foreign_run: FlowRun) -> None:
    assert api.get(f"/api/v1/flow-runs/{foreign_run.pk}/items/", {"slug": "one"}).status_code == 404


def test_one_item_is_marked_and_restarted_by_its_id(api: APIClient, flow: Flow) -> None:
    version = flow.latest_version
    assert version is not None
    version.graph["tasks"][0]["inputs"] = {"x": {"kind": "item", "of": {"kind": "literal", "value": [1, 2]}}}
    version.save()
    run = api.post("/api/v1/flow-runs/", {"flow": "ours/main"}).json()
    address = f"/api/v1/flow-runs/{run['id']}/items/?slug=one"
    first, second = (f"/api/v1/task-runs/{item['id']}/" for item in api.get(address).json()["results"])

    for item in (first, second):
        api.post(f"{item}mark/", {"state": "Failed", "reason": "broken"})
    marked = api.post(f"{first}mark/", {"state": "Success", "reason": "mended"})
    restarted = api.post(f"{second}restart/", {})

    assert marked.json()["task_runs"][0]["items"]["states"] == {"Success": 1, "Failed": 1}
    assert restarted.json()["task_runs"][0]["items"]["states"] == {"Success": 1, "Submitted": 1}
    assert [item["attempt"] for item in api.get(address).json()["results"]] == [1, 2]
