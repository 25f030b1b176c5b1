"""Flow runs that had ended and go on obey the limits of their flow and project as new ones do."""

from uuid import UUID

import pytest

from orchestrator.core.admission import WAITS
from orchestrator.core.planner import Ending
from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.completing import complete, start_held
from orchestrator.engine.executing import Log, execute
from orchestrator.engine.following import carry_out
from orchestrator.engine.marking import mark_task_run
from orchestrator.engine.pausing import pause_flow_run, resume_flow_run
from orchestrator.engine.recovering import recover, start_due
from orchestrator.engine.restarting import NotFinished, restart_flow_run
from orchestrator.models import Flow as FlowRow
from orchestrator.models import FlowRun, Project, TaskRun
from orchestrator.sdk import Flow, context, task
from tests.engine.conftest import state, states
from tests.engine.flows import child, fails, one_task, works


def failing(name: str = "f", **limits) -> Flow:
    with Flow(name, **limits) as flow:
        works.copy(name="after")(upstream_tasks=[fails_first()])
    return flow


@task
def fails_first() -> int:
    if context().attempt == 1:
        raise ValueError("the first time")
    return 1


def task_of(run: FlowRun, slug: str) -> UUID:
    return TaskRun.objects.get(flow_run=run, slug=slug).pk


def child_of(run: FlowRun) -> FlowRun:
    return FlowRun.objects.get(parent_task_run__flow_run=run)


def execute_one() -> None:
    """Be a worker that executes the task run it gets first."""
    (held,) = claim(worker="w", limit=1)
    ending = execute(held, Log(held), lambda function: function())
    assert ending is not None
    carry_out(complete(ended=[(held, ending)]))


def test_a_restarted_run_waits_for_room_and_goes_on_from_what_failed(register, start, drain):
    flow = register(failing(max_runs=1))
    first = start(flow)
    drain()
    second = start(flow)

    restart_flow_run(flow_run_id=first.pk)

    assert [state(first), state(second)] == ["Queued", "Pending"]
    assert FlowRun.objects.get(pk=first.pk).message == f"Restarted. {WAITS}"
    assert states(first) == {"fails_first-1": "Pending", "after-1": "Pending"}
    drain()
    assert [state(first), state(second)] == ["Success", "Failed"]
    assert FlowRun.objects.get(pk=first.pk).attempt == 2


def test_a_restarted_run_begins_at_once_where_there_is_room(register, start, drain):
    run = start(register(failing(max_runs=1)))
    drain()

    restart_flow_run(flow_run_id=run.pk)

    assert state(run) == "Pending"
    drain()
    assert states(run) == {"fails_first-1": "Success", "after-1": "Success"}


def test_a_run_restarted_from_a_task_waits_for_room_and_starts_with_that_task(register, start, drain):
    with Flow("f", max_runs=1) as flow:
        works.copy(name="c")(upstream_tasks=[works.copy(name="b")(upstream_tasks=[works.copy(name="a")()])])
    flow = register(flow)
    first = start(flow)
    drain()
    start(flow)

    restart_flow_run(flow_run_id=first.pk, from_tasks=["b-1"])

    assert state(first) == "Queued"
    for _ in range(3):
        execute_one()
    assert state(first) == "Pending"
    assert states(first) == {"a-1": "Success", "b-1": "Submitted", "c-1": "Pending"}


def test_a_restarted_run_obeys_a_limit_that_was_set_after_it_had_begun_and_the_projects(register, start, drain):
    flow, other = register(failing()), register(one_task("other"))
    first = start(flow)
    drain()
    Project.objects.update(max_runs=1)
    blocking = start(other)

    restart_flow_run(flow_run_id=first.pk)

    assert [state(blocking), state(first)] == ["Pending", "Queued"]
    drain()
    assert [state(blocking), state(first)] == ["Success", "Success"]


@pytest.mark.parametrize("overlap", ["skip", "cancel_older"])
def test_a_restarted_run_is_not_skipped_and_cancels_nobody(register, start, drain, overlap):
    flow = register(failing(max_runs=1, overlap=overlap))
    first = start(flow)
    drain()
    second = start(flow)

    restart_flow_run(flow_run_id=first.pk)

    assert [state(first), state(second)] == ["Queued", "Pending"]
    drain()
    assert [state(first), state(second)] == ["Success", "Failed"]


def test_while_a_restarted_run_waits_new_ones_are_skipped_or_cancel_the_older_as_ever(register, start, drain):
    skipping = register(failing("skipping", max_runs=1, overlap="skip"))
    newest = register(failing("newest", max_runs=1, overlap="cancel_older"))
    ended = [start(skipping), start(newest)]
    drain()
    under_way = [start(skipping), start(newest)]
    for run in ended:
        restart_flow_run(flow_run_id=run.pk)

    new = [start(skipping), start(newest)]

    assert [state(run) for run in (ended[0], under_way[0], new[0])] == ["Queued", "Pending", "Skipped"]
    assert [state(run) for run in (ended[1], under_way[1], new[1])] == ["Cancelled", "Cancelled", "Pending"]


def test_a_restarted_run_waits_behind_those_that_waited_before_it(register, start, drain):
    flow = register(failing(max_runs=1))
    first = start(flow)
    drain()
    second, third = start(flow), start(flow)

    restart_flow_run(flow_run_id=first.pk)
    cancel_flow_run(flow_run_id=second.pk)

    assert [state(first), state(third)] == ["Queued", "Pending"]


def test_a_child_that_a_retry_restarts_waits_for_the_limit_of_its_flow(register, start, drain):
    flow = register(failing("child", max_runs=1))
    with Flow("parent") as parent:
        child("child", wait=True, max_retries=1, retry_delay=0)()
    run = start(register(parent))
    other = start(flow)
    execute_one()
    assert [state(child_of(run)), state(other), states(run)["Flow child-1"]] == ["Failed", "Pending", "Retrying"]

    start_due()
    held, blocking = sorted(claim(worker="w", limit=2), key=lambda one: one.flow_run_id == other.pk)
    carry_out([start_held(held=held)])

    assert [state(child_of(run)), states(run)["Flow child-1"]] == ["Queued", "Running"]
    carry_out(complete(ended=[(blocking, Ending(State.SUCCESS))]))
    drain()
    assert [state(child_of(run)), state(run)] == ["Success", "Success"]
    assert child_of(run).attempt == 2


def test_a_queued_restart_can_be_cancelled_and_restarted_again(register, start, drain):
    flow = register(failing(max_runs=1))
    first = start(flow)
    drain()
    start(flow)
    restart_flow_run(flow_run_id=first.pk)

    with pytest.raises(NotFinished, match="is Queued"):
        restart_flow_run(flow_run_id=first.pk)
    cancel_flow_run(flow_run_id=first.pk)
    assert (state(first), set(states(first).values())) == ("Cancelled", {"Cancelled"})
    restart_flow_run(flow_run_id=first.pk)
    assert state(first) == "Queued"
    drain()

    assert state(first) == "Success"


def test_a_run_that_goes_on_because_its_child_was_restarted_waits_for_room_and_then_for_the_child(
    register, start, drain
):
    register(failing("child"))
    with Flow("parent", max_runs=1) as parent:
        works.copy(name="last")(upstream_tasks=[child("child", wait=True)()])
    flow = register(parent)
    first = start(flow)
    drain()
    second = start(flow)

    restart_flow_run(flow_run_id=child_of(first).pk)

    assert [state(first), state(second)] == ["Queued", "Running"]
    assert states(first) == {"Flow child-1": "Pending", "last-1": "Pending"}
    drain()
    assert [state(first), state(second)] == ["Success", "Failed"]
    assert child_of(first).attempt == 2


@pytest.mark.parametrize("on_retry", ["restart", "new_run", "mirror"])
def test_a_child_that_fails_again_before_its_parent_has_room_is_not_run_once_more_for_one_restart(
    register, start, drain, on_retry
):
    with Flow("child") as failing_child:
        fails()
    register(failing_child)
    with Flow("parent", max_runs=1) as parent:
        works.copy(name="last")(upstream_tasks=[child("child", wait=True, on_retry=on_retry)()])
    flow = register(parent)
    first = start(flow)
    drain()
    child_run = child_of(first)
    second = start(flow)
    pause_flow_run(flow_run_id=second.pk)

    restart_flow_run(flow_run_id=child_run.pk)
    drain()
    assert [state(first), state(child_run), state(second)] == ["Queued", "Failed", "Paused"]
    cancel_flow_run(flow_run_id=second.pk)
    drain()

    assert (state(first), child_of(first).pk, child_of(first).attempt) == ("Failed", child_run.pk, 2)
    restart_flow_run(flow_run_id=first.pk)
    drain()
    attempts = {"restart": [3], "new_run": [2, 1], "mirror": [2]}[on_retry]
    found = FlowRun.objects.filter(parent_task_run__flow_run=first).order_by("created_at")
    assert [one.attempt for one in found] == attempts


def test_a_child_restarted_while_its_parent_waits_for_room_changes_nothing_of_that(register, start, drain):
    register(failing("child"))
    with Flow("parent", max_runs=1) as parent:
        works()
        child("child", wait=True)()
    flow = register(parent)
    first = start(flow)
    drain()
    start(flow)
    restart_flow_run(flow_run_id=first.pk, from_tasks=["works-1"])

    restart_flow_run(flow_run_id=child_of(first).pk)

    assert (state(first), set(states(first).values())) == ("Queued", {"Pending"})
    drain()
    assert state(first) == "Success"


def test_a_run_that_goes_on_because_a_task_was_marked_waits_for_room(register, start, drain):
    flow = register(failing(max_runs=1))
    first = start(flow)
    drain()
    start(flow)

    mark_task_run(task_run_id=task_of(first, "fails_first-1"), state=State.SUCCESS, reason="it is fine")

    assert (state(first), states(first)) == ("Queued", {"fails_first-1": "Success", "after-1": "Pending"})
    drain()
    assert state(first) == "Success"


def test_marking_the_last_task_ends_a_run_anew_without_room(register, start, drain):
    flow = register(one_task("f", fails_first))
    FlowRow.objects.update(max_runs=1)
    first = start(flow)
    drain()
    start(flow)

    mark_task_run(task_run_id=task_of(first, "fails_first-1"), state=State.SUCCESS, reason="it is fine")

    assert state(first) == "Success"


def test_a_paused_run_keeps_its_place_and_goes_on_at_once(register, start):
    flow = register(failing(max_runs=1))
    first, second = start(flow), start(flow)
    pause_flow_run(flow_run_id=first.pk)
    recover()
    assert [state(first), state(second)] == ["Paused", "Queued"]

    resume_flow_run(flow_run_id=first.pk)

    assert [state(first), state(second)] == ["Pending", "Queued"]
