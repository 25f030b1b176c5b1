"""State handlers and custom triggers, executed by workers (numbers: the conformance list of the semantics)."""

import time
from datetime import timedelta

from django.utils import timezone

from orchestrator.core.states import State
from orchestrator.engine.cancelling import cancel_flow_run
from orchestrator.engine.claiming import claim
from orchestrator.engine.marking import mark_task_run
from orchestrator.engine.recovering import recover, start_due
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.models import FlowRun, LogLine, TaskRun
from orchestrator.sdk import Flow, context, signals, task
from orchestrator.sdk import states as made
from tests.engine.conftest import state, states
from tests.engine.flows import child, failing_once, fails, one_task, works
from tests.sdk.test_handlers import Heard


def only(run: FlowRun) -> TaskRun:
    return TaskRun.objects.get(flow_run=run)


def work_on(drain) -> None:
    drain()
    while start_due() or TaskRun.objects.filter(state=State.SUBMITTED).exists():
        drain()


def test_s052_the_handlers_of_a_task_that_fails_once_see_every_change(register, start, drain):
    heard = Heard()

    @task(max_retries=1, retry_delay=0, state_handlers=[heard])
    def flaky():
        if context().attempt == 1:
            raise ValueError("the first time")
        return "done"

    run = start(register(one_task("f", flaky)))
    work_on(drain)

    assert (only(run).state, only(run).result) == (State.SUCCESS, "done")
    assert heard.changes == [
        ("Pending", "Running"),
        ("Running", "Failed"),
        ("Failed", "Retrying"),
        ("Retrying", "Running"),
        ("Running", "Success"),
    ]


def test_a_handler_may_rescue_a_task_that_failed(register, start, drain):
    handler = Heard(Failed=made.Success("rescued", result={"rows": 0}))
    with Flow("f") as flow:
        works(upstream_tasks=[task(state_handlers=[handler], name="rescued")(fails.function)()])
    run = start(register(flow))
    drain()

    row = TaskRun.objects.get(flow_run=run, slug="rescued-1")
    assert (row.state, row.message, row.result) == (State.SUCCESS, "rescued", {"rows": 0})
    assert states(run)["works-1"] == "Success"


def test_an_exception_in_a_handler_fails_the_task_without_retries_and_is_in_the_log(register, start, drain):
    body = task(max_retries=2, retry_delay=0, state_handlers=[Heard(Success=KeyError("oh"))], name="a")(lambda: 1)
    run = start(register(one_task("f", body)))
    work_on(drain)

    assert (only(run).state, only(run).message) == (State.FAILED, "A state handler raised KeyError: 'oh'")
    assert only(run).attempt == 1
    assert "raise answer" in LogLine.objects.get(task_run=only(run)).message


def test_a_handler_hears_that_a_task_does_not_start_and_may_change_it(register, start, drain):
    heard = Heard(TriggerFailed=made.Skipped("never mind"))
    with Flow("f") as flow:
        task(state_handlers=[heard], name="after")(lambda: 1)(upstream_tasks=[fails])
    run = start(register(flow))
    drain()

    assert states(run) == {"fails-1": "Failed", "after-1": "Skipped"}
    assert heard.changes == [("Pending", "TriggerFailed")]


def test_s038_a_custom_trigger_is_judged_by_a_worker(register, start, drain):
    def count(upstream):
        return sum(state.is_failed() for state in upstream.values()) == 1

    def no(upstream):
        raise signals.SKIP("not for me") if len(upstream) == 1 else ValueError(len(upstream))

    with Flow("f") as flow:
        both = [works(), fails()]
        task(lambda: 1, name="counts", trigger=count)(upstream_tasks=both)
        task(lambda: 1, name="raises", trigger=no)(upstream_tasks=both)
        task(lambda: 1, name="skips", trigger=no)(upstream_tasks=both[:1])
        task(lambda: 1, name="says-no", trigger=lambda upstream: 0)(upstream_tasks=both)
    run = start(register(flow))
    drain()

    assert states(run) == {
        "works-1": "Success",
        "fails-1": "Failed",
        "counts-1": "Success",
        "raises-1": "TriggerFailed",
        "skips-1": "Skipped",
        "says-no-1": "TriggerFailed",
    }


def parent_with(handler, register, body=works, **attributes):
    register(one_task("child", body))
    with Flow("parent") as flow:
        works(upstream_tasks=[child("child", wait=True, state_handlers=[handler], **attributes)()])
    return register(flow)


def test_a_handler_hears_how_a_child_ended_and_its_result(register, start, drain):
    results = []
    heard = Heard()

    def handler(task, old, new):
        results.append(new.result)
        return heard(task, old, new)

    run = start(parent_with(handler, register))
    drain()

    assert states(run) == {"Flow child-1": "Success", "works-1": "Success"}
    assert heard.changes == [("Pending", "Running"), ("Running", "Success")]
    assert results == [None, {"ok": True}]
    assert TaskRun.objects.get(flow_run=run, slug="Flow child-1").result == {"ok": True}


def test_a_handler_rescues_what_its_child_did_not_manage(register, start, drain):
    run = start(parent_with(Heard(Failed=made.Success(result="instead")), register, body=fails))
    drain()

    assert states(run) == {"Flow child-1": "Success", "works-1": "Success"}
    assert TaskRun.objects.get(flow_run=run, slug="Flow child-1").result == "instead"


def test_the_retry_of_a_child_is_heard_of_and_finds_the_same_child(register, start, drain):
    heard = Heard()
    run = start(parent_with(heard, register, body=failing_once(), max_retries=1, retry_delay=0))
    work_on(drain)

    assert states(run) == {"Flow child-1": "Success", "works-1": "Success"}
    assert FlowRun.objects.count() == 2
    assert [after for _, after in heard.changes] == ["Running", "Failed", "Retrying", "Running", "Success"]


def test_a_handler_hears_of_a_child_that_cannot_start(register, start, drain):
    heard = Heard()
    with Flow("parent") as flow:
        child("missing", wait=True, state_handlers=[heard])()
    run = start(register(flow))
    drain()

    assert only(run).state == State.FAILED
    assert "not found" in only(run).message
    assert heard.changes == [("Pending", "Running"), ("Running", "Failed")]


def test_a_child_that_nobody_waits_for_is_heard_of_when_it_exists(register, start, drain):
    heard = Heard()
    register(one_task("child", works))
    with Flow("parent") as flow:
        child("child", wait=False, state_handlers=[heard])()
    run = start(register(flow))
    drain()

    child_run = FlowRun.objects.exclude(pk=run.pk).get()
    assert (only(run).state, only(run).result, only(run).child_flow_run) == (
        State.SUCCESS,
        str(child_run.pk),
        child_run,
    )
    assert heard.changes[-1] == ("Running", "Success")


def test_a_restart_lets_the_handlers_hear_again(register, start, drain):
    heard = Heard()
    run = start(parent_with(heard, register, body=fails))
    drain()
    restart_flow_run(flow_run_id=run.pk)
    drain()

    assert [after for _, after in heard.changes] == ["Running", "Failed", "Running", "Failed"]
    assert state(run) == State.FAILED


def test_a_cancel_does_not_wait_for_people_to_hear_of_the_child(register, start, drain):
    heard = Heard()
    run = start(parent_with(heard, register))
    cancel_flow_run(flow_run_id=run.pk)
    drain()
    recover()

    assert state(run) == State.CANCELLED
    assert heard.changes == []


def lose_its_worker(run: FlowRun, *, times: int) -> None:
    """Let that many workers claim the run's one task run and die."""
    for _ in range(times):
        assert claim(worker="lost", limit=1)
        TaskRun.objects.filter(flow_run=run, state="Running").update(lease_until=timezone.now() - timedelta(seconds=1))
        recover()


def test_handlers_hear_that_workers_were_lost_too_often_and_may_rescue(register, start, drain):
    heard = Heard(Failed=made.Success("rescued", result=1))
    run = start(register(one_task("f", task(state_handlers=[heard], name="deadly")(works.run))))

    lose_its_worker(run, times=4)
    assert only(run).state == State.SUBMITTED
    drain()

    assert heard.changes == [("Running", "Failed")]
    assert (only(run).state, only(run).message, only(run).result) == (State.SUCCESS, "rescued", 1)


def test_a_retry_after_lost_workers_executes_the_function_and_does_not_hear_again(register, start, drain):
    heard = Heard()
    body = task(state_handlers=[heard], name="deadly", max_retries=1, retry_delay=0)(works.run)
    run = start(register(one_task("f", body)))

    lose_its_worker(run, times=4)
    work_on(drain)

    assert [after for _, after in heard.changes] == ["Failed", "Retrying", "Running", "Success"]
    assert only(run).state == State.SUCCESS


def test_a_handler_that_takes_its_worker_down_is_not_called_for_ever(register, start):
    body = task(state_handlers=[Heard()], name="deadly")(works.run)
    run = start(register(one_task("f", body)))

    lose_its_worker(run, times=5)

    assert only(run).state == State.FAILED
    assert "lost" in only(run).message


def test_a_handler_hears_that_a_wait_for_a_child_took_too_long(register, start, drain):
    heard = Heard()
    run = start(parent_with(heard, register, body=task(lambda: None, name="slow", queue="nobody"), timeout=3600))
    drain()
    TaskRun.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))

    recover()
    drain()

    assert heard.changes == [("Pending", "Running"), ("Running", "TimedOut")]
    assert states(run)["Flow child-1"] == "TimedOut"


def test_handlers_hear_that_a_function_took_too_long(register, start, drain):
    heard = Heard()
    body = task(lambda: time.sleep(60), name="slow", timeout=0.2, state_handlers=[heard])
    run = start(register(one_task("f", body)))
    drain()

    assert heard.changes == [("Pending", "Running"), ("Running", "TimedOut")]
    assert only(run).state == State.TIMED_OUT


def test_marks_by_hand_and_a_cancel_before_the_start_ask_nobody(register, start, drain):
    heard = Heard()
    with Flow("f") as flow:
        works.copy(name="marked", state_handlers=(heard,))(upstream_tasks=[])
        works.copy(name="cancelled", state_handlers=(heard,))(upstream_tasks=[])
    run = start(register(flow))

    marked = TaskRun.objects.get(flow_run=run, slug="marked-1")
    mark_task_run(task_run_id=marked.pk, state=State.FAILED, reason="no")
    cancel_flow_run(flow_run_id=run.pk)
    drain()

    assert (state(run), heard.changes) == (State.CANCELLED, [])
