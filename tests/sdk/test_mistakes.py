"""Mistakes that are easily made are refused where they are made, with what was found and what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.sdk import Flow, Parameter, StartFlowRun, Task, task, triggers


@task
def load(day: Any = None) -> Any:
    return day


class Extract(Task):
    def run(self, day: str) -> str:
        return day


async def _later() -> None: ...


def in_flow(write: Callable[[Flow], Any]) -> Callable[[], Any]:
    def written() -> None:
        with Flow("f") as flow:
            write(flow)
        flow.validate()

    return written


MISTAKES = {
    "tags as one text": (lambda: Task(tags="db"), r"tags is a list of words, not one: write tags=\['db'\]"),
    "a tag that is no text": (lambda: Task(tags=[1]), "A tag is a word, not 1"),
    "a handler without a list": (
        lambda: Task(state_handlers=print),  # type: ignore[arg-type]
        r"state_handlers is a list of functions; write state_handlers=\[print\]",
    ),
    "a counting trigger without a count": (
        lambda: Task(trigger=triggers.some_failed),  # type: ignore[arg-type]
        r"Say how many: some_failed\(at_least=1\)",
    ),
    "a name that is no text": (
        in_flow(lambda flow: flow.add_task(Task(name=5))),  # type: ignore[arg-type]
        "A task's name and slug have 1 to 200 printable characters",
    ),
    "a task where a list is wanted": (
        in_flow(lambda flow: load(upstream_tasks=load())),  # type: ignore[arg-type]
        r"Where a list of tasks is wanted, write \[...\] around it",
    ),
    "something else after a bar": (
        in_flow(lambda flow: load() | 5),
        r"unsupported operand type\(s\) for \|",
    ),
    "a key that the function lacks": (
        in_flow(lambda flow: StartFlowRun("a", "b").set_upstream(load, key="paramters")),
        r"run\(\) of <Task: Flow a> takes no argument 'paramters'",
    ),
    "an argument that nothing gives": (
        in_flow(lambda flow: Extract().set_upstream(load)),
        r"The argument 'day' of <Task: Extract> is not bound: give it .* or by set_upstream\(..., key='day'\)",
    ),
    "a place counted from the end": (in_flow(lambda flow: load()[-1]), "an index counts from 0"),
    "retry_on of what raises nothing": (
        lambda: Flow("f", tasks=[StartFlowRun("a", "b", max_retries=1, retry_delay=0, retry_on=KeyError)]).graph(),
        "raises no exceptions, so retry_on says nothing of it",
    ),
    "an argument that nobody knows": (lambda: Task(nmae="x"), "<Task: Task> takes no argument 'nmae'"),
    "a target": (lambda: Task("t", target="x"), "<Task: t> has no target here: cache_for lets later runs use a result"),
    "results that are not kept": (
        lambda: Task("t", checkpoint=False),
        "has no checkpoint here: results are always kept",
    ),
    "an executor": (
        lambda: Flow("f", executor=object()),
        "has no executor here: workers execute side by side",
    ),
    "an asynchronous function": (lambda: task(_later), r"is asynchronous; write a plain function, with asyncio.run"),
    "a parameter that is called as a task": (
        in_flow(lambda flow: load(Parameter("load-1"))),
        "has a task with the slug 'load-1' already",
    ),
}


@pytest.mark.parametrize(("make", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_constant_without_json_form_is_to_be_made_in_a_task() -> None:
    with Flow("f") as flow:
        load(object())

    with pytest.raises(TypeError, match=r"has no JSON form\. What is written into a flow .*\. Make anything else in a"):
        flow.graph()


def test_what_is_so_anyway_may_be_asked_for() -> None:
    Task(log_stdout=True, checkpoint=True, result=None, target=None, task_run_name=None)
    Flow("f", executor=None, run_config=None, storage=None)


def test_what_is_made_inside_a_flow_and_no_part_of_it_is_warned_of() -> None:
    warned = pytest.warns(UserWarning, match='Made inside <Flow: name="f"> but no part of it: <Task: forgotten>')
    with warned as told, Flow("f"):
        load(1)
        Extract(name="called")("today")
        load(Parameter("taken"), upstream_tasks=[Extract(name="bound").bind("today")])
        Extract(name="forgotten")

    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"timeout": 5}, {"timeout_seconds": 5.0}),
        ({"cache_for": 60, "cache_validator": "never_use"}, {"cache_for_seconds": 60.0}),
        ({"retry_on": [KeyError]}, {"retry_on": (KeyError,)}),
        ({"state_handlers": [print]}, {"state_handlers": (print,)}),
        ({"nout": 2}, {"nout": 2}),
        ({"queue": "gpu"}, {"queue": "gpu"}),
    ],
)
def test_task_args_take_what_the_constructor_takes(said: dict[str, Any], kept: dict[str, Any]) -> None:
    with Flow("f"):
        copied = load(task_args=said)

    assert {name: getattr(copied, name) for name in kept} == kept


@pytest.mark.parametrize("said", [{"timeout": 0}, {"queue": "no queue"}, {"nout": -1}, {"result_serializer": "none"}])
def test_task_args_are_checked_as_the_constructor_does(said: dict[str, Any]) -> None:
    with Flow("f"), pytest.raises(ValueError):
        load(task_args=said)
