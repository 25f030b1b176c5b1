"""What a worker gives back, others take; of a cancelled flow run nothing is taken again."""

import pytest

from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete
from orchestrator.engine.returning import give_back
from orchestrator.models import TaskRun
from orchestrator.sdk import Flow
from tests.engine.conftest import state
from tests.engine.flows import one_task, works


@pytest.mark.parametrize(("started", "attempt"), [(False, 1), (True, 2)])
def test_what_was_started_comes_back_as_its_next_attempt_and_keeps_its_place(register, start, started, attempt):
    run = start(register(one_task("f")))
    place = TaskRun.objects.get(flow_run=run).submitted_at
    held = claim(worker="leaving", limit=1)

    give_back(claims=held, message="given back", started=started)

    task_run = TaskRun.objects.get(flow_run=run)
    assert (task_run.state, task_run.attempt, task_run.submitted_at) == (State.SUBMITTED, attempt, place)
    assert (task_run.failures, task_run.lost) == (0, 0)
    assert [taken.attempt for taken in claim(worker="other", limit=1)] == [attempt]


def test_what_was_never_in_the_queue_is_given_a_place_there(register, start):
    with Flow("f") as flow:
        works.copy(name="next")(upstream_tasks=[works()])
    start(register(flow))
    first = claim(worker="leaving", limit=1)
    (step,) = complete(ended=[(first[0], Ending(State.SUCCESS))], worker="leaving", claims=1)

    give_back(claims=step.claimed, message="given back")

    assert TaskRun.objects.filter(slug="next-1", state=State.SUBMITTED, submitted_at__isnull=False).exists()


def test_what_was_cancelled_meanwhile_ends_instead(register, start):
    run = start(register(one_task("f")))
    held = claim(worker="leaving", limit=1)
    cancel_flow_run(flow_run_id=run.pk)
    assert state(run) == State.CANCELLING

    give_back(claims=held, message="given back", started=True)

    assert state(run) == State.CANCELLED
    assert claim(worker="other", limit=1) == []


def test_what_was_taken_back_before_is_not_given_back_again(register, start):
    run = start(register(one_task("f")))
    held = claim(worker="leaving", limit=1)
    give_back(claims=held, message="given back", started=True)
    (taken,) = claim(worker="other", limit=1)

    give_back(claims=held, message="given back", started=True)

    task_run = TaskRun.objects.get(flow_run=run)
    assert (task_run.state, task_run.attempt, task_run.worker) == (State.RUNNING, taken.attempt, "other")
