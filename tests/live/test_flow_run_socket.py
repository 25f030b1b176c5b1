"""A page that watches a flow run: all of it first, then each change once, to whom may see it."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from orchestrator.core.states import State
from orchestrator.live.flow_run import FlowRunSocket
from orchestrator.models import FlowRun, Membership, Role, TaskRun
from tests.live.client import Page, hint, subscribed
from tests.rows import make_flow, make_flow_run, make_project, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = 3600.0


@pytest.fixture
def flow_run(transactional_db: None) -> FlowRun:
    return make_flow_run(make_flow(make_project(), slugs=("one", "two", "three")))


@pytest.fixture
def viewer(flow_run: FlowRun) -> User:
    return make_user(flow_run.flow.project, Role.VIEWER)


@pytest.fixture
def hints_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a hint, nothing is looked at."""
    monkeypatch.setattr(FlowRunSocket, "LOOK_SECONDS", NEVER)


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are compared ten times a second, hint or no hint."""
    monkeypatch.setattr(FlowRunSocket, "LOOK_SECONDS", 0.1)


@sync_to_async
def move(flow_run: FlowRun, slug: str, state: State, *, flow_run_state: State | None = None) -> None:
    moved = {"state": state, "changed_at": timezone.now()}
    with transaction.atomic():
        TaskRun.objects.filter(flow_run=flow_run, slug=slug).update(**moved)
        if flow_run_state:
            FlowRun.objects.filter(pk=flow_run.pk).update(state=flow_run_state, started_at=timezone.now())


@sync_to_async
def from_the_api(flow_run: FlowRun, user: User) -> dict[str, Any]:
    client = APIClient()
    client.force_login(user)
    document: dict[str, Any] = client.get(f"/api/v1/flow-runs/{flow_run.pk}/").json()
    return document


async def test_the_first_message_is_what_the_api_gives(flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer) as page:
        snapshot = await page.next()

    assert snapshot == {"type": "snapshot", "sequence": 0, "flow_run": await from_the_api(flow_run, viewer)}


@pytest.mark.usefixtures("hints_only")
async def test_a_hint_brings_what_changed_and_no_more(flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer) as page:
        snapshot = await page.next()
        await subscribed(flow_run.pk)
        await move(flow_run, "one", State.SUBMITTED, flow_run_state=State.RUNNING)
        await hint(flow_run.pk)
        first = await page.next_change()
        await move(flow_run, "two", State.SUCCESS)
        await hint(flow_run.pk)
        second = await page.next_change()

    assert (first["type"], first["sequence"], second["sequence"]) == ("change", 1, 2)
    assert set(first["flow_run"]) == {"state", "started_at"}
    assert second["flow_run"] == {}
    assert [(run["slug"], run["state"]) for run in first["task_runs"]] == [("one", "Submitted")]
    assert [(run["slug"], run["state"]) for run in second["task_runs"]] == [("two", "Success")]
    assert set(first["task_runs"][0]) == set(snapshot["flow_run"]["task_runs"][0])


@pytest.mark.usefixtures("hints_only")
async def test_doubled_and_empty_hints_are_harmless(flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer) as page:
        await page.next()
        await subscribed(flow_run.pk)
        for _ in range(20):
            await hint(flow_run.pk)
        assert await page.hears_nothing()
        await move(flow_run, "one", State.SUBMITTED)
        for _ in range(20):
            await hint(flow_run.pk)

        change = await page.next_change()

        assert change["sequence"] == 1
        assert await page.hears_nothing()


@pytest.mark.usefixtures("looks_often")
async def test_a_change_whose_hint_was_lost_is_found(flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer) as page:
        await page.next()
        await move(flow_run, "three", State.CANCELLED)

        change = await page.next_change()

    assert [(run["slug"], run["state"]) for run in change["task_runs"]] == [("three", "Cancelled")]


@pytest.mark.usefixtures("looks_often")
async def test_a_change_that_bears_an_old_time_is_found(flow_run: FlowRun, viewer: User) -> None:
    @sync_to_async
    def move_long_ago() -> None:
        old = timezone.now() - timedelta(hours=1)
        TaskRun.objects.filter(flow_run=flow_run, slug="one").update(state=State.SUBMITTED, changed_at=old)

    async with Page(flow_run.pk, viewer) as page:
        await page.next()
        await move_long_ago()

        assert (await page.next_change())["task_runs"][0]["state"] == "Submitted"


@pytest.mark.usefixtures("looks_often")
async def test_changes_lead_from_the_snapshot_to_what_the_api_gives(flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer) as page:
        seen = (await page.next())["flow_run"]
        numbers = []
        for slug in ("one", "two", "three"):
            for state in (State.SUBMITTED, State.SKIPPED):
                await move(flow_run, slug, state)
                await hint(flow_run.pk)
        while seen["task_runs"][2]["state"] != "Skipped":
            change = await page.next_change()
            numbers.append(change["sequence"])
            seen |= change["flow_run"]
            changed = {run["id"]: run for run in change["task_runs"]}
            seen["task_runs"] = [changed.get(run["id"], run) for run in seen["task_runs"]]

    assert seen == await from_the_api(flow_run, viewer)
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_heartbeat_names_the_last_change(
    flow_run: FlowRun, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FlowRunSocket, "HEARTBEAT_SECONDS", 0.1)
    async with Page(flow_run.pk, viewer) as page:
        await page.next()

        assert await page.next() == {"type": "heartbeat", "sequence": 0}
        assert await page.next() == {"type": "heartbeat", "sequence": 0}


async def test_what_the_client_says_is_ignored(flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer) as page:
        await page.says(type="websocket.receive", text="{not json")
        await page.says(type="websocket.receive", bytes=b"\xff")

        assert (await page.next())["type"] == "snapshot"


async def test_nobody_is_told_to_sign_in(flow_run: FlowRun) -> None:
    async with Page(flow_run.pk, None) as page:
        assert await page.closed_with() == 4401


async def test_a_foreign_run_answers_as_one_that_does_not_exist(flow_run: FlowRun) -> None:
    stranger = await sync_to_async(make_user)()
    for flow_run_id in (flow_run.pk, uuid.uuid4(), "no-uuid", "5"):
        async with Page(flow_run_id, stranger) as page:
            assert await page.closed_with() == 4404


@pytest.mark.usefixtures("looks_often")
@pytest.mark.parametrize(
    "take_away",
    [
        lambda user: Membership.objects.filter(user=user).delete(),
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: Session.objects.all().delete(),
    ],
    ids=["the membership", "the account", "the session"],
)
async def test_whoever_loses_the_right_is_told_nothing_more(
    take_away: Callable[[User], object], flow_run: FlowRun, viewer: User
) -> None:
    async with Page(flow_run.pk, viewer) as page:
        await page.next()
        await sync_to_async(take_away)(viewer)
        await move(flow_run, "one", State.SUBMITTED)

        assert await page.closed_with() == 4403


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "http://localhost:9999", "https://evil.example"])
async def test_a_page_of_another_site_gets_no_socket(origin: str, flow_run: FlowRun, viewer: User) -> None:
    async with Page(flow_run.pk, viewer, origin=origin) as page:
        assert not page.accepted


async def test_a_run_of_many_tasks_is_sent_whole(viewer: User, flow_run: FlowRun) -> None:
    large = await sync_to_async(
        lambda: make_flow_run(make_flow(flow_run.flow.project, slugs=tuple(f"t{n}" for n in range(2000))))
    )()

    async with Page(large.pk, viewer) as page:
        snapshot = await page.next(within=20)

    assert [run["slug"] for run in snapshot["flow_run"]["task_runs"][:3]] == ["t0", "t1", "t2"]
    assert len(snapshot["flow_run"]["task_runs"]) == 2000
