"""Tasks, called and bound. Names with s017... refer to the statements of the seed's behaviour."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.core.bindings import ListOf, Literal, ObjectOf, Parameter, Upstream
from orchestrator.sdk import Edge, Flow, Task, task
from orchestrator.sdk import Parameter as WrittenParameter
from orchestrator.sdk.collections import Collection
from orchestrator.sdk.triggers import all_failed, always_run


@task
def one() -> int:
    """Hand on 1."""
    return 1


@task
def add(x: int, y: int = 2) -> int:
    return x + y


@task
def keep(value: Any) -> Any:
    return value


@task
def named(**values: Any) -> dict[str, Any]:
    return values


class Base(Task):
    """A task with nothing to do."""

    def run(self) -> None:
        pass


def inputs_of(flow: Flow, slug: str) -> dict[str, Any]:
    return dict(flow.graph().tasks[slug].inputs)


def test_s017_calling_a_task_adds_a_copy_and_binding_adds_the_task_itself() -> None:
    with Flow("f") as flow:
        copied = one()
        bound = add.bind(x=1)

    assert copied is not one
    assert bound is add
    assert flow.tasks == {copied, add}


def test_a_decorated_function_is_a_task_of_its_name_with_its_words() -> None:
    assert isinstance(one, Task)
    assert (one.name, one.__doc__, one.__name__) == ("one", "Hand on 1.", "one")
    assert one.run() == 1
    assert task(max_retries=1, retry_delay=5, name="other")(lambda: 1).name == "other"


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1}), ((1,), {"x": 1}), ((), {"y": 1})]
)
def test_s019_arguments_are_checked_while_the_flow_is_built(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with Flow("f"), pytest.raises(TypeError, match="<Task: add> cannot be called so: "):
        add(*args, **kwargs)


def test_s020_a_task_called_outside_a_flow_says_how_to_try_it_alone() -> None:
    with pytest.raises(ValueError, match=r"No flow was passed or is open.*To try the task alone, call its run\(\)"):
        one()


def test_s022_the_result_of_a_keyed_upstream_is_an_argument() -> None:
    with Flow("f") as flow:
        add.copy(name="sum").bind(1)
        add.bind(5).set_upstream(one, key="y")

    assert flow.run()["add-1"].result == 6


@pytest.mark.parametrize("verb", ["set_upstream", "set_downstream"])
def test_s023_edges_need_a_flow(verb: str) -> None:
    with pytest.raises(ValueError, match="No flow was passed or is open"):
        getattr(one, verb)(add)


def test_upstreams_and_downstreams_may_be_set_with_a_flow_and_return_the_task() -> None:
    flow = Flow("f")
    first, second, third = Base("a"), Base("b"), Base("c")

    assert second.set_upstream(first, flow=flow) is second
    assert second.set_downstream(third, flow=flow) is second
    assert keep.set_dependencies(flow, upstream_tasks=[first], keyword_tasks={"value": second}) is keep

    assert flow.edges == {
        Edge(first, second),
        Edge(second, third),
        Edge(first, keep),
        Edge(second, keep, "value"),
    }


def test_a_bar_makes_the_right_run_after_the_left() -> None:
    first, second, third = Base("a"), Base("b"), Base("c")

    with Flow("f") as flow:
        assert (first | second | third) is third

    assert flow.edges == {Edge(first, second), Edge(second, third)}


def test_upstream_tasks_may_be_uncalled_called_or_plain_values() -> None:
    uncalled = Base("a")

    with Flow("f") as flow:
        called = one()
        add(1, upstream_tasks=[uncalled, called, 5])

    assert uncalled in flow.tasks
    assert flow.graph().upstreams["add-1"] == ("a-1", "one-1")


def test_constants_are_kept_as_constants_without_tasks() -> None:
    with Flow("f") as flow:
        keep({"a": [1, (2, 3)]})

    assert len(flow.tasks) == 1
    assert inputs_of(flow, "keep-1") == {"value": Literal({"a": [1, [2, 3]]})}


def test_an_argument_left_to_its_default_is_not_bound() -> None:
    with Flow("f") as flow:
        add(1)

    assert inputs_of(flow, "add-1") == {"x": Literal(1)}
    assert flow.run().result == 3


def test_keyword_arguments_of_any_name_are_bound() -> None:
    with Flow("f") as flow:
        named(a=one(), b=2, **{"not-a-name": 3})

    assert inputs_of(flow, "named-1") == {"a": Upstream("one-1"), "b": Literal(2), "not-a-name": Literal(3)}
    assert flow.run().result == {"a": 1, "b": 2, "not-a-name": 3}


@pytest.mark.parametrize(
    ("collect", "binding", "result"),
    [
        (lambda t, p: [t, 5, [p]], ListOf((Upstream("one-1"), Literal(5), ListOf((Parameter("p"),)))), [1, 5, ["x"]]),
        (lambda t, p: (t, p), ListOf((Upstream("one-1"), Parameter("p"))), [1, "x"]),
        (lambda t, p: {"a": t, "b": {"c": p}}, None, {"a": 1, "b": {"c": "x"}}),
        (lambda t, p: {t, 5}, None, [5, 1]),
        (lambda t, p: frozenset({t}), ListOf((Upstream("one-1"),)), [1]),
    ],
)
def test_s025_collections_are_collected_by_tasks_that_become_bindings(collect: Any, binding: Any, result: Any) -> None:
    parameter = WrittenParameter("p", default="x")
    with Flow("f") as flow:
        keep(collect(one(), parameter))

    assert any(isinstance(found, Collection) and found.auto_generated for found in flow.tasks)
    assert list(flow.graph().tasks) == ["one-1", "keep-1"]
    assert binding is None or inputs_of(flow, "keep-1") == {"value": binding}
    assert flow.run().result == result


def test_the_tasks_in_a_collection_run_before_what_takes_it() -> None:
    with Flow("f") as flow:
        keep({"a": [one()], "b": one()})

    assert inputs_of(flow, "keep-1") == {
        "value": ObjectOf({"a": ListOf((Upstream("one-1"),)), "b": Upstream("one-2")}),
    }
    assert set(flow.graph().upstreams["keep-1"]) == {"one-1", "one-2"}


def test_a_dict_with_tasks_has_text_for_keys() -> None:
    with Flow("f"), pytest.raises(TypeError, match="needs text for its keys, but has 1"):
        keep({1: one()})


@pytest.mark.parametrize(
    "attributes",
    [
        {"max_retries": 1},
        {"retry_delay": 5},
        {"retry_delay": timedelta(seconds=5), "max_retries": 0},
        {"max_retries": -1, "retry_delay": 5},
        {"max_retries": 1.5, "retry_delay": 5},
        {"max_retries": True, "retry_delay": 5},
        {"max_retries": 1, "retry_delay": -1},
        {"max_retries": 1, "retry_delay": float("nan")},
    ],
)
def test_s076_retries_need_a_delay_and_a_delay_retries(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"(max_retries|retry_delay) "):
        Base("a", **attributes)


@pytest.mark.parametrize("delay", [timedelta(minutes=1), 60, 60.0])
def test_a_delay_is_a_timedelta_or_seconds(delay: Any) -> None:
    retried = Base("a", max_retries=2, retry_delay=delay)

    assert (retried.max_retries, retried.retry_delay_seconds, retried.retry_delay) == (2, 60.0, timedelta(minutes=1))


def test_a_retry_may_follow_at_once() -> None:
    assert Base("a", max_retries=1, retry_delay=0).retry_delay_seconds == 0.0


def test_a_trigger_is_named_by_word_or_by_itself() -> None:
    assert Base("a", trigger="all_failed").trigger is all_failed
    assert Base("a", trigger=always_run).trigger is always_run
    with pytest.raises(ValueError, match="There is no trigger 'sometimes'; there are all_successful, "):
        Base("a", trigger="sometimes")


def first(*rows: Any) -> None: ...
def second(rows: Any, /) -> None: ...
def third(upstream_tasks: Any) -> None: ...
def fourth(flow: Any) -> None: ...


@pytest.mark.parametrize("function", [first, second, third, fourth])
def test_run_has_no_arguments_that_calling_needs_or_cannot_bind(function: Any) -> None:
    with pytest.raises(ValueError, match=r"run\(\) of <Task: .*> may not have"):
        task(function)
    with pytest.raises(ValueError, match=r"run\(\) of <Task: Written> may not have"):
        type("Written", (Task,), {"run": staticmethod(function)})()


def test_what_is_no_function_is_not_decorated() -> None:
    with pytest.raises(TypeError, match="decorates a function, not 5"):
        task(5)  # type: ignore[call-overload]


def test_task_args_change_the_copy_and_not_the_task() -> None:
    changes = {
        "name": "other",
        "tags": ["y"],
        "max_retries": 2,
        "retry_delay": timedelta(seconds=5),
        "trigger": "all_failed",
        "skip_on_upstream_skip": False,
    }
    tagged = Base("a", tags=["x"])

    with Flow("f") as flow:
        copied = tagged(task_args=changes)

    compiled = flow.graph().tasks["other-x-y-1"]
    assert copied.tags == {"x", "y"}
    assert (compiled.max_retries, compiled.retry_delay_seconds) == (2, 5.0)
    assert (compiled.trigger, compiled.skip_on_upstream_skip) == (all_failed, False)
    assert (tagged.name, tagged.tags, tagged.max_retries, tagged.slug) == ("a", {"x"}, 0, None)


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"colour": 1}, AttributeError), ({"trigger": "sometimes"}, ValueError), ({"retry_delay": -1}, ValueError)],
)
def test_task_args_that_a_task_does_not_have_are_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with Flow("f") as flow, pytest.raises(error):
        one(task_args=changes)

    assert flow.tasks == set()


def test_a_slug_of_ones_own_is_marked_in_a_copy_and_may_be_given_with_it() -> None:
    mine = Base("a", slug="mine")

    with Flow("f") as flow:
        mine()
        mine(task_args={"slug": "yours"})
        one(task_args={"slug": "ours"})

    assert list(flow.slugs.values()) == ["mine-copy", "yours", "ours"]


def test_a_task_without_a_run_says_so_when_it_is_run() -> None:
    with pytest.raises(NotImplementedError, match=r"Task has no run\(\); write what the task does"):
        Task("a").run()
