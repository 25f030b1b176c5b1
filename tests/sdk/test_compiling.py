"""The graph that a flow becomes, and the fingerprint that tells whether it changed. s016 is a statement's number."""

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.documents import read_graph
from orchestrator.core.graph import TaskKind
from orchestrator.sdk import CronSchedule, Flow, Parameter, StartFlowRun, Task, compiling, task

ROOT = Path(__file__).parents[2]


@task
def load(day: Any = None) -> list[int]:
    return [1, 2]


@task
def clean(rows: Any, share: float = 0.5) -> Any:
    return rows


def functional() -> Flow:
    with Flow("f") as flow:
        day = Parameter("day", default="monday")
        clean([load(day), 5], share=Parameter("share", default=0.1), upstream_tasks=[load()])
    return flow


def imperative() -> Flow:
    flow = Flow("f")
    day, share = Parameter("day", default="monday"), Parameter("share", default=0.1)
    first, second, last = load.copy(), load.copy(), clean.copy()
    flow.set_dependencies(first, keyword_tasks={"day": day})
    flow.set_dependencies(last, keyword_tasks={"rows": [first, 5], "share": share})
    flow.add_edge(second, last)
    return flow


def test_both_styles_give_the_same_graph() -> None:
    assert functional().serialize() == imperative().serialize()
    assert functional().serialized_hash() == imperative().serialized_hash()


def test_parameters_and_collections_are_folded_into_the_tasks_that_take_them() -> None:
    document = functional().serialize()

    assert [entry["slug"] for entry in document["graph"]["tasks"]] == ["load-1", "load-2", "clean-1"]
    assert document["graph"]["tasks"][-1]["inputs"] == {
        "rows": {"kind": "list", "items": [{"kind": "upstream", "task": "load-1"}, {"kind": "literal", "value": 5}]},
        "share": {"kind": "parameter", "name": "share"},
    }
    assert document["graph"]["edges"] == [
        {"upstream": "load-1", "downstream": "clean-1", "key": "rows"},
        {"upstream": "load-2", "downstream": "clean-1"},
    ]
    assert list(document["parameter_schema"]["properties"]) == ["day", "share"]


def test_the_document_of_a_flow_can_be_read_again() -> None:
    graph = functional().graph()

    assert read_graph(functional().serialize()["graph"]) == graph
    assert {entry.kind for entry in graph.tasks.values()} == {TaskKind.FUNCTION}


def test_tasks_come_level_by_level_and_in_the_order_of_their_making() -> None:
    with Flow("f") as flow:
        last = load.copy(name="last")(1)
        for name in "cba":
            flow.add_edge(load.copy(name=name)(1), last)
        load.copy(name="alone")(1)

    assert list(flow.graph().tasks) == ["c-1", "b-1", "a-1", "alone-1", "last-1"]


def test_a_reference_task_that_has_no_task_runs_does_not_count() -> None:
    with Flow("f") as flow:
        day = Parameter("day", default=1)
        load(day)
    flow.set_reference_tasks([day])

    assert flow.graph().deciders == ("load-1",)


def test_a_value_without_json_form_cannot_be_written_into_a_flow() -> None:
    with Flow("f") as flow:
        load(object())

    with pytest.raises(TypeError, match=r"The day of <Task: load> is of type builtins.object.*which is JSON"):
        flow.serialize()


# The fingerprint


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Flow]:
    """Write a module and return the flow of it."""
    numbers = itertools.count()

    def write(source: str) -> Flow:
        path = tmp_path / f"written{next(numbers)}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        flow: Flow = module.flow
        return flow

    return write


SOURCE = """
import pendulum
from orchestrator.sdk import CronSchedule, Flow, task

@task
def work(x):
    return x + 1

with Flow("f", schedule=CronSchedule("30 9 * * 1-5", start_date=pendulum.now("US/Eastern"))) as flow:
    work(work(1))
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("    return x", "    # One more.\n\n    return x"),
        ("x + 1", "(x  +  1)"),
        ("@task", "# Works.\n@task"),
        ("work(work(1))", "work(\n        work(1),\n    )"),
        ("pendulum.now", "pendulum.now() and pendulum.now"),
    ],
)
def test_s016_the_fingerprint_stays_when_nothing_changes_that_is_executed(
    written: Callable[[str], Flow], before: str, after: str
) -> None:
    assert written(SOURCE).serialized_hash() == written(SOURCE.replace(before, after, 1)).serialized_hash()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x + 1", "x + 2"),
        ("work(1)", "work(2)"),
        ('Flow("f"', 'Flow("g"'),
        ("work(work(1))", "work(work(work(1)))"),
        ("work(work(1))", "work(1, upstream_tasks=[work(1)])"),
        ("work(work(1))", 'work(work(1), task_args={"name": "last"})'),
        ("@task", "@task(max_retries=1, retry_delay=5)"),
        ("@task", '@task(trigger="always_run")'),
        ("30 9", "31 9"),
        ("US/Eastern", "Europe/Berlin"),
        ('Flow("f"', 'Flow("f", description="Works."'),
    ],
)
def test_s016_the_fingerprint_changes_with_anything_that_is_executed_or_shown(
    written: Callable[[str], Flow], before: str, after: str
) -> None:
    assert written(SOURCE).serialized_hash() != written(SOURCE.replace(before, after, 1)).serialized_hash()


def test_the_start_date_of_a_schedule_is_not_part_of_the_fingerprint_and_its_end_is() -> None:
    def scheduled(**dates: datetime) -> str:
        with Flow("f", schedule=CronSchedule("@daily", timezone="UTC", **dates)) as flow:
            load()
        return flow.serialized_hash()

    assert scheduled() == scheduled(start_date=datetime(2026, 1, 1))
    assert scheduled() != scheduled(end_date=datetime(2026, 1, 1))


def test_a_place_on_the_canvas_and_the_order_of_the_tasks_are_not_part_of_the_fingerprint() -> None:
    document = functional().serialize()
    graph = document["graph"]
    moved = [{**entry, "position": [number, 5]} for number, entry in enumerate(graph["tasks"])]

    again = {**document, "graph": {**graph, "tasks": moved[::-1]}}

    assert compiling.fingerprint(document) == compiling.fingerprint(again)


def test_a_task_written_as_a_class_has_the_digest_of_its_run() -> None:
    class One(Task):
        def run(self) -> int:
            return 1

    class Two(Task):
        def run(self) -> int:
            return 2

    digests = [Flow("f", tasks=[made("w")]).graph().tasks["w-1"].digest for made in (One, One, Two)]

    assert digests[0] == digests[1] != digests[2]


def seven(*_: object) -> None:
    return None


def eight(*_: object) -> None:
    print("eight")


class Nine:
    def __call__(self, *_: object) -> None:
        print("nine")


@pytest.mark.parametrize(
    "given",
    [
        lambda f: {"state_handlers": [f]},
        lambda f: {"on_failure": f},
        lambda f: {"trigger": f},
        lambda f: {"cache_for": 60, "cache_validator": f},
    ],
)
def test_what_people_write_around_a_task_is_part_of_the_fingerprint(given: Callable[[Any], dict[str, Any]]) -> None:
    def of(function: Any) -> tuple[str, str]:
        flow = Flow("f", tasks=[task(load.run, name="t", **given(function))])
        return flow.serialized_hash(), flow.graph().tasks["t-1"].digest

    found = [of(one) for one in (seven, eight, Nine(), partial(eight))]

    assert len({fingerprint for fingerprint, _ in found}) == 3
    assert of(seven) == found[0]
    # What is cached is known by the function alone.
    assert len({digest for _, digest in found}) == 1


@pytest.mark.parametrize("name", ["state_handlers", "on_failure", "terminal_state_handler"])
def test_the_handlers_of_a_flow_are_part_of_its_fingerprint(name: str) -> None:
    def of(function: Any) -> str:
        given = [function] if name == "state_handlers" else function
        return Flow("f", tasks=[task(load.run, name="t")], **{name: given}).serialized_hash()

    assert of(seven) == of(seven) != of(eight)


def test_a_task_that_people_wrote_nothing_around_has_no_digest_of_it() -> None:
    document = Flow("f", tasks=[task(load.run, name="t", trigger="any_failed", cache_for=60)]).serialize()

    assert "people_digest" not in document["graph"]["tasks"][0]


def test_code_without_a_file_has_a_fingerprint_too() -> None:
    def digest(source: str) -> str:
        space: dict[str, Any] = {}
        exec(f"def work():\n    {source}", space)
        return Flow("f", tasks=[task(space["work"])]).graph().tasks["work-1"].digest

    assert digest("return 1") == digest("return 1  # one") != digest("return 2")
    assert digest("return lambda: 1") != digest("return lambda: 2")
    assert digest("return print") != digest("return input")


UNORDERED = """
from orchestrator.sdk import Flow, task
space = {}
exec('def work(x=None):\\n    return x in {"a", "b", "c", "d", "e"}', space)
work = task(space["work"])
keep = [bytearray(n) for n in __import__("random").sample(range(5000), 50)]
names = [work.copy(name=name) for name in "abcdef"]
with Flow("f") as flow:
    work(set(names) | {1, "x"})
    work({"set": {"p", "q", "r", "s"}})
print(flow.serialized_hash())
"""


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", UNORDERED],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(found) == 1


def test_a_child_flow_run_is_part_of_the_fingerprint() -> None:
    def starting(**settings: Any) -> str:
        with Flow("f") as flow:
            StartFlowRun(flow_name="A", project_name="examples", name="start", **settings)()
        return flow.serialized_hash()

    hashes = {starting(), starting(wait=True), starting(on_retry="mirror"), starting(parameters={"x": 1})}

    assert len(hashes) == 4
