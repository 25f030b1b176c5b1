"""What was lost is found again: held task runs, debts between flow runs."""

from datetime import timedelta

from django.utils import timezone

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.recovering import recover
from orchestrator.engine.telling import tell_parents
from orchestrator.models import TaskRun
from orchestrator.sdk import Flow
from tests.engine.conftest import state, states
from tests.engine.flows import WORKS, child, one_task


def test_what_a_lost_worker_held_starts_again_and_its_late_answer_is_refused(register, start, drain):
    run = start(register(one_task("f")))
    (held,) = claim(worker="lost", limit=5)
    TaskRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert recover().taken_back == 1
    complete(ended=[(held, Ending(State.SUCCESS, "", "from the dead"))])
    assert states(run) == {"works-1": "Submitted"}
    drain()

    run.refresh_from_db()
    assert (run.state, run.result) == (State.SUCCESS, WORKS)
    assert TaskRun.objects.get(flow_run=run).attempt == 2


def test_a_function_that_takes_every_worker_down_fails_in_the_end(register, start):
    run = start(register(one_task("f")))
    for _ in range(4):
        claim(worker="lost", limit=5)
        TaskRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        recover()

    assert states(run) == {"works-1": "Failed"}
    assert "lost 4 times" in TaskRun.objects.get(flow_run=run).message


def test_one_debt_that_cannot_be_paid_does_not_keep_the_others(register, start, drain, monkeypatch):
    register(one_task("child"))
    with Flow("parent") as flow:
        child("child", wait=True)()
    flow = register(flow)
    runs = [start(flow), start(flow)]
    monkeypatch.setattr("orchestrator.engine.holding.FEW", 1)  # more would be told at once
    claims = claim(worker="dies after this", limit=5)
    complete(ended=[(held, Ending(State.SUCCESS)) for held in claims])
    assert [state(run) for run in runs] == ["Running", "Running"]

    def only_one(debts, **_):
        if not broken:
            broken.append(debts[0].child)
        if debts[0].child in broken:
            raise ValueError("a defect")
        return tell_parents(debts=debts)

    broken = []
    monkeypatch.setattr("orchestrator.engine.following.tell_parents", only_one)
    recover()

    assert sorted(state(run) for run in runs) == ["Running", "Success"]
