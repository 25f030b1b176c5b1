"""Places in a task's result: `t["rows"]`, `t[0]`, and results in several parts."""

from typing import Any

import pytest

from orchestrator.core.bindings import ListOf, Upstream
from orchestrator.sdk import Flow, Parameter, Task, apply_map, case, task, unmapped


@task
def loads() -> dict[str, Any]:
    return {"rows": [{"id": 7}, {"id": 8}], "kind": "daily"}


@task
def splits() -> tuple[int, str]:
    return 1, "one"


@task
def keeps(value: Any, other: Any = None) -> Any:
    return [value, other]


def inputs_of(flow: Flow, slug: str) -> dict[str, Any]:
    return dict(flow.graph().tasks[slug].inputs)


def test_a_key_or_an_index_is_a_path_into_the_result_and_no_task_run() -> None:
    with Flow("f") as flow:
        found = loads()
        keeps(found["rows"][0]["id"], other=[found["kind"]])

    graph = flow.graph()
    assert list(graph.tasks) == ["loads-1", "keeps-1"]
    assert inputs_of(flow, "keeps-1") == {
        "value": Upstream("loads-1", "rows[0].id"),
        "other": ListOf((Upstream("loads-1", "kind"),)),
    }
    assert graph.upstreams["keeps-1"] == ("loads-1",)
    assert flow.run().result == [7, ["daily"]]


def test_a_place_can_be_mapped_over_and_decide_a_case() -> None:
    with Flow("f") as flow:
        found = loads()
        keeps.map(found["rows"], other=unmapped(found["kind"]))
        with case(found["kind"], "weekly"):
            keeps(found["rows"])
    ended = flow.run()

    assert ended["keeps-1"].result == [[{"id": 7}, "daily"], [{"id": 8}, "daily"]]
    assert ended["keeps-2"].is_skipped()


def test_a_place_inside_a_case_block_waits_for_the_condition() -> None:
    with Flow("f") as flow:
        found = loads()
        with case(found["kind"], "weekly"):
            keeps(found["rows"])

    assert flow.run()["keeps-1"].is_skipped()


def test_a_place_can_be_waited_for() -> None:
    with Flow("f") as flow:
        keeps(1, upstream_tasks=[loads()["rows"]])

    assert flow.graph().upstreams["keeps-1"] == ("loads-1",)


def test_a_path_that_leads_nowhere_fails_the_task_that_takes_it() -> None:
    with Flow("f") as flow:
        keeps(loads()["columns"])

    assert "The result of loads-1 has nothing at 'columns'" in flow.run()["keeps-1"].message


def test_an_annotation_says_how_many_parts_a_result_has() -> None:
    with Flow("f") as flow:
        number, word = splits()
        keeps(word, other=number)

    assert flow.run().result == ["one", 1]


def test_nout_says_it_too() -> None:
    @task(nout=3)
    def three() -> Any:
        return [1, 2, 3]

    class Two(Task):
        def run(self) -> tuple[int, int]:
            return 1, 2

    with Flow("f") as flow:
        assert len(list(Two()())) == 2
        first, *_ = three()
        keeps(first)

    assert flow.run()["keeps-1"].result == [1, None]


@pytest.mark.parametrize("annotation", [None, int, list[int], tuple[int, ...], "NotThere"])
def test_a_result_whose_parts_nobody_knows_cannot_be_taken_apart(annotation: Any) -> None:
    @task
    def some() -> Any:
        return 1

    some.run.__annotations__["return"] = annotation
    with Flow("f"), pytest.raises(TypeError, match="Nobody knows how many parts the result of <Task: some> has"):
        _first, _second = some()


@pytest.mark.parametrize("step", ["a.b", "a[0]", "", -1, 10**10])
def test_what_no_path_can_say_is_refused_where_it_is_written(step: Any) -> None:
    with Flow("f"), pytest.raises(ValueError, match=r"cannot say|has the path"):
        loads()[step]


@pytest.mark.parametrize("step", [1.5, None, True, slice(1)])
def test_only_keys_and_indexes_are_places(step: Any) -> None:
    with Flow("f"), pytest.raises(TypeError, match="is a key or an index"):
        loads()[step]


@pytest.mark.parametrize("nout", [-1, 1.5, True])
def test_nout_is_a_count(nout: Any) -> None:
    with pytest.raises(ValueError, match="nout is how many parts a result has"):
        task(nout=nout)(lambda: 1)


def test_a_place_in_a_parameter_or_in_an_item_is_refused_with_what_to_do() -> None:
    with Flow("parameter") as of_parameter:
        keeps(Parameter("config")["rows"])
    with Flow("item") as of_item:
        apply_map(lambda row: keeps(row["id"]), loads()["rows"])

    with pytest.raises(ValueError, match=r"\['rows'\] is a place .* not in <Parameter: config>; take it in run\(\)"):
        of_parameter.graph()
    with pytest.raises(ValueError, match=r"not in an item of what it is mapped over"):
        of_item.graph()
