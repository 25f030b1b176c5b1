"""Results that do not fit into their rows, or are no JSON: where they are kept, who reads them, when they go."""

import pickle
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from orchestrator.core.large import INLINE_BYTES
from orchestrator.core.states import State
from orchestrator.engine import executing
from orchestrator.engine.restarting import restart_flow_run
from orchestrator.engine.results import sweep_results
from orchestrator.models import FlowRun, StoredResult
from orchestrator.queries.results import result_as_json
from orchestrator.sdk import Flow, Parameter, register_serializer, serializers, task
from tests.engine.conftest import of, state, states
from tests.engine.flows import child, one_task, works

LARGE = list(range(20_000))


@task
def large() -> list[int]:
    return LARGE


@task
def length(items: list[int]) -> int:
    return len(items)


@task
def first(items: list[int]) -> int:
    return items[0]


@pytest.fixture(autouse=True)
def files(settings: object, tmp_path: Path) -> Path:
    """The folder in which this test's results are stored."""
    place = tmp_path / "results"
    configured = {**settings.STORAGES, "results": {**settings.STORAGES["results"], "OPTIONS": {"location": str(place)}}}
    settings.STORAGES = configured
    return place


def stored_files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_a_large_result_is_stored_outside_its_row_and_the_next_function_receives_it(register, start, drain, files):
    with Flow("large") as flow:
        length(large)
    run = start(register(flow))
    drain()

    made = of(run, "large-1")
    assert (made.state, made.result) == (State.SUCCESS, None)
    assert (made.stored_result.serializer, made.stored_result.type_name) == ("json", "a list of 20000")
    assert made.stored_result.preview.startswith("[0,1,2,")
    (file,) = stored_files(files)
    assert file.stat().st_size == made.stored_result.size > INLINE_BYTES
    assert of(run, "length-1").result == len(LARGE)


@pytest.mark.parametrize(("more", "is_stored"), [(0, False), (1, True)])
def test_the_border_is_the_size_of_the_json(register, start, drain, more, is_stored):
    @task
    def text():
        return "x" * (INLINE_BYTES - 2 + more)

    run = start(register(one_task("border", text)))
    drain()

    assert (of(run, "text-1").stored_result is not None) is is_stored
    assert (of(run, "text-1").result is None) is is_stored


def test_the_result_of_a_child_and_of_the_whole_run_is_the_same_stored_one(register, start, drain, files):
    register(one_task("child", large))
    with Flow("parent") as flow:
        first(child("child", wait=True)())
    with Flow("grandparent") as above:
        child("parent", wait=True)()
        length(child("child", wait=True)(task_args={"name": "again"}))
    register(flow)
    run = start(register(above))
    drain()

    assert state(run) == State.SUCCESS
    assert of(run, "length-1").result == len(LARGE)
    child_run = of(run, "again-1").child_flow_run
    assert child_run.stored_result_id == of(run, "again-1").stored_result_id
    assert len(stored_files(files)) == 2


def test_a_result_put_together_from_stored_ones_names_them_and_reads_as_one(register, start, drain, files):
    with Flow("several") as flow:
        large()
        works()
    register(flow)
    with Flow("parent") as above:
        started = child("several", wait=True)()

        @task
        def sizes(found):
            return {slug: len(value) for slug, value in found.items()}

        sizes(started)
    run = start(register(above))
    drain()

    whole = of(run, "Flow several-1").stored_result
    assert (whole.serializer, whole.path, len(whole.part_ids)) == ("parts", "", 1)
    assert whole.size > len(LARGE) * 2
    assert of(run, "sizes-1").result == {"large-1": len(LARGE), "works-1": 1}
    assert len(stored_files(files)) == 1


def test_many_small_results_that_are_large_together_do_not_fill_the_row_of_the_run(register, start, drain):
    @task
    def middling():
        return "x" * 30_000

    with Flow("many") as flow:
        for _ in range(4):
            middling()
    run = start(register(flow))
    drain()

    run.refresh_from_db()
    assert run.result is None
    assert run.stored_result.size > 4 * 30_000
    assert result_as_json(run).count(b"x" * 30_000) == 4


def test_parameters_of_a_child_may_come_from_a_stored_result_which_no_transaction_waits_for(register, start, drain):
    register(one_task("child", length, items=Parameter("items", type=list)))
    with Flow("parent") as flow:
        child("child", wait=True)(parameters={"items": large})
    run = start(register(flow))
    drain()

    assert states(run) == {"large-1": "Success", "Flow child-1": "Success"}
    assert of(run, "Flow child-1").result == len(LARGE)


def test_parameters_of_more_than_a_megabyte_are_refused(register, start, drain):
    @task
    def very_large():
        return ["x" * 1_000] * 1_100

    register(one_task("child", length, items=Parameter("items", type=list)))
    with Flow("parent") as flow:
        child("child", wait=True)(parameters={"items": very_large})
    run = start(register(flow))
    drain()

    failed = of(run, "Flow child-1")
    assert failed.state == State.FAILED
    assert failed.message.startswith("The parameters of a flow run take at most 1,000,000 bytes, but these take 1,10")


def test_a_result_over_the_limit_fails_its_task_and_says_which_limit(register, start, drain, settings, files):
    settings.ANABRANCH_MAX_RESULT_BYTES = 100_000
    run = start(register(one_task("over", large)))
    drain()

    assert of(run, "large-1").message == (
        "The result takes 108,891 bytes; 100,000 are the limit (ANABRANCH_MAX_RESULT_BYTES)."
        " Store it yourself and return where it is."
    )
    assert stored_files(files) == []


class Forest:
    """Something that has no JSON form."""

    def __init__(self, trees: int) -> None:
        self.trees = trees


@task(result_serializer="pickle")
def plants() -> Forest:
    return Forest(7)


@task
def counts(forest: Forest) -> int:
    return forest.trees


def test_what_has_no_json_form_fails_with_its_place_its_type_and_what_to_do(register, start, drain):
    @task
    def model():
        return {"forests": [Forest(1)]}

    run = start(register(one_task("none", model)))
    drain()

    message = of(run, "model-1").message
    assert message.startswith("The result['forests'][0] is of type tests.engine.test_results.Forest, which has no JSON")
    assert message.endswith('@task(result_serializer="pickle").')


def test_a_python_object_reaches_the_next_function_through_pickle(register, start, drain, files):
    with Flow("objects") as flow:
        counts(plants)
    run = start(register(flow))
    drain()

    made = of(run, "plants-1")
    assert (made.result, made.stored_result.serializer) == (None, "pickle")
    assert made.stored_result.type_name == "tests.engine.test_results.Forest"
    assert of(run, "counts-1").result == 7
    assert len(stored_files(files)) == 1


def test_a_python_object_that_a_child_returns_reaches_a_function_of_the_parent(register, start, drain):
    register(one_task("child", plants))
    with Flow("parent") as flow:
        counts(child("child", wait=True)())
    run = start(register(flow))
    drain()

    assert of(run, "counts-1").result == 7


def test_what_is_not_for_workers_never_unpickles(register, start, drain, monkeypatch):
    run = start(register(one_task("objects", plants)))
    drain()
    run.refresh_from_db()
    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("unpickled"))

    with pytest.raises(ValueError, match=r"The result is no JSON \(tests.engine.test_results.Forest, kept by 'pickle'"):
        result_as_json(run)


def test_a_python_object_is_no_parameter_of_a_flow_run(register, start, drain):
    register(one_task("child", length, items=Parameter("items")))
    with Flow("parent") as flow:
        child("child", wait=True)(parameters={"items": [plants]})
    run = start(register(flow))
    drain()

    said = (
        "The parameters of a flow run are JSON, but 'items' holds tests.engine.test_results.Forest, a result kept by"
        " 'pickle'. Let a task read it that returns JSON."
    )
    assert of(run, "Flow child-1").message == said
    assert flow.run()["Flow child-1"].message == said
    assert FlowRun.objects.count() == 1


def test_a_registered_serializer_keeps_and_reads(register, start, drain, monkeypatch, files):
    monkeypatch.setattr(serializers, "_known", dict(serializers._known))
    register_serializer("trees", lambda forest: str(forest.trees).encode(), lambda content: Forest(int(content)))

    @task(result_serializer="trees")
    def grows():
        return Forest(12)

    with Flow("own") as flow:
        counts(grows)
    run = start(register(flow))
    drain()

    assert of(run, "counts-1").result == 12
    assert [path.read_bytes() for path in stored_files(files)] == [b"12"]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (Path.unlink, "is missing from the storage 'results'"),
        (lambda path: path.write_bytes(b"[1]"), "is not what was written: its SHA-256 differs"),
    ],
)
def test_a_stored_result_that_is_lost_or_changed_fails_whoever_reads_it(register, start, drain, files, harm, message):
    @task
    def harms(items):
        (path,) = stored_files(files)
        harm(path)

    with Flow("lost") as flow:
        made = large()
        length(made, upstream_tasks=[harms(made)])
    run = start(register(flow))
    drain()

    assert states(run) == {"large-1": "Success", "harms-1": "Success", "length-1": "Failed"}
    assert message in of(run, "length-1").message


def test_a_result_that_cannot_be_stored_fails_its_task_and_names_the_storage(register, start, drain, files):
    files.touch()
    with Flow("full") as flow:
        large()
    run = start(register(flow))
    drain()

    failed = of(run, "large-1")
    assert (failed.state, failed.stored_result) == ("Failed", None)
    said = r"NotStored: The result \(a list of 20000, \d+,\d+ bytes\) could not be written to the storage 'results': "
    assert re.match(said + "(NotADirectory|FileExists)Error", failed.message), failed.message
    files.unlink()


def test_files_whose_runs_are_gone_or_ran_again_are_swept_and_those_of_others_stay(register, start, drain, files):
    with Flow("kept") as flow:
        large()
        works()
    kept = start(register(flow))
    gone = start(register(one_task("gone", large)))
    drain()
    assert len(stored_files(files)) == 2
    FlowRun.objects.filter(pk=gone.pk).delete()

    assert sweep_results(now=timezone.now()) == 0
    assert sweep_results(now=timezone.now() + timedelta(hours=2)) == 1
    assert len(stored_files(files)) == 1
    FlowRun.objects.filter(pk=kept.pk).delete()
    assert sweep_results(now=timezone.now() + timedelta(hours=2)) == 2
    assert stored_files(files) == []
    assert not StoredResult.objects.exists()


def test_what_a_worker_stored_before_it_was_lost_is_swept(register, start, drain, files, monkeypatch):
    keep = executing.keep

    def keep_and_break(*args, **more):
        keep(*args, **more)
        raise OSError("the storage hangs up")

    monkeypatch.setattr(executing, "keep", keep_and_break)
    run = start(register(one_task("orphan", large)))
    drain()

    assert of(run, "large-1").message == "OSError: the storage hangs up"
    assert len(stored_files(files)) == 1
    sweep_results(now=timezone.now() + timedelta(hours=2))
    assert stored_files(files) == []


def test_a_restart_reads_the_stored_result_of_what_stays_successful(register, start, drain):
    attempts = []

    @task
    def fails_once(items):
        attempts.append(len(items))
        if len(attempts) == 1:
            raise ValueError("broken on purpose")

    with Flow("again") as flow:
        fails_once(large)
    run = start(register(flow))
    drain()
    assert state(run) == State.FAILED
    restart_flow_run(flow_run_id=run.pk, user=None)
    drain()

    assert state(run) == State.SUCCESS
    assert attempts == [len(LARGE), len(LARGE)]
