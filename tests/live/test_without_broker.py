"""A page stays live while the broker is away, and hears hints again when it is back."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.live import hints
from orchestrator.live.flow_run import FlowRunSocket
from orchestrator.models import FlowRun, Role, TaskRun
from tests.live.client import Page
from tests.processes import Broker
from tests.rows import make_flow, make_flow_run, make_project, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow_run(transactional_db: None) -> FlowRun:
    return make_flow_run(make_flow(make_project()))


@pytest.fixture
def viewer(flow_run: FlowRun) -> User:
    return make_user(flow_run.flow.project, Role.VIEWER)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FlowRunSocket, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(hints, "RETRY_SECONDS", 0.1)


@sync_to_async
def move(flow_run: FlowRun, state: State) -> None:
    TaskRun.objects.filter(flow_run=flow_run, slug="one").update(state=state, changed_at=timezone.now())


@pytest.mark.parametrize("harm", ["kill", "pause"])
async def test_a_page_opened_without_a_broker_is_live(
    harm: str, valkey: Broker, flow_run: FlowRun, viewer: User
) -> None:
    await sync_to_async(getattr(valkey, harm))()

    async with Page(flow_run.pk, viewer) as page:
        snapshot = await page.next()
        await move(flow_run, State.SUBMITTED)
        change = await page.next_change()

    assert snapshot["flow_run"]["task_runs"][0]["state"] == "Pending"
    assert change["task_runs"][0]["state"] == "Submitted"


async def test_a_page_stays_open_while_the_broker_goes_and_comes(
    valkey: Broker, flow_run: FlowRun, viewer: User
) -> None:
    async with Page(flow_run.pk, viewer) as page:
        await page.next()
        await sync_to_async(valkey.kill)()
        await move(flow_run, State.SUBMITTED)
        assert (await page.next_change())["task_runs"][0]["state"] == "Submitted"
        await sync_to_async(valkey.mend)()
        await move(flow_run, State.SKIPPED)
        assert (await page.next_change())["task_runs"][0]["state"] == "Skipped"
