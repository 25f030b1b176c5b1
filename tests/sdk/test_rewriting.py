"""Flows changed as a whole: one task in another's place, flows taken in, copies."""

from typing import Any

import pytest

from orchestrator.sdk import Flow, Parameter, task


@task
def one() -> int:
    return 1


@task
def adds(x: int, y: int = 0) -> int:
    return x + y


@task
def doubles(x: int, y: int = 0) -> int:
    return (x + y) * 2


def edges(flow: Flow) -> set[tuple[str, str, str | None]]:
    return {(flow.slugs[edge.upstream_task], flow.slugs[edge.downstream_task], edge.key) for edge in flow.edges}


def test_replacing_keeps_edges_arguments_and_the_part_in_the_final_state() -> None:
    with Flow("f") as flow:
        middle = adds(one(), y=5)
        adds(middle)
    flow.set_reference_tasks([middle])
    flow.result = middle
    instead = doubles.copy()
    flow.replace(middle, instead)

    assert edges(flow) == {("one-1", "doubles-1", "x"), ("doubles-1", "adds-2", "x")}
    assert middle not in flow.tasks
    assert (flow.reference_tasks(), flow.result) == ({instead}, instead)
    assert flow.run().result == 12
    assert flow.run()["adds-2"].result == 12


def test_a_task_can_be_replaced_by_a_constant() -> None:
    with Flow("f") as flow:
        start = one()
        adds(start, y=1)
    flow.replace(start, 10)

    assert list(flow.graph().tasks) == ["adds-1"]
    assert flow.run().result == 11


def test_what_is_not_in_the_flow_cannot_be_replaced() -> None:
    flow = Flow("f")

    with pytest.raises(ValueError, match="<Task: one> is not in the flow 'f', so nothing can be put in its place"):
        flow.replace(one, adds)


def test_updating_adds_tasks_edges_and_arguments_under_slugs_of_their_own() -> None:
    with Flow("first") as first:
        adds(one(), y=1)
    with Flow("second") as second:
        adds(one(), y=2)
    first.update(second)

    assert edges(first) == {("one-1", "adds-1", "x"), ("one-2", "adds-2", "x")}
    assert first.run().result == {"adds-1": 2, "adds-2": 3}
    assert edges(second) == {("one-1", "adds-1", "x")}


def both_with_parameter() -> tuple[Flow, Flow]:
    with Flow("first") as first:
        adds(Parameter("x"))
    with Flow("second") as second:
        doubles(Parameter("x"))
    return first, second


def test_parameters_of_one_name_are_refused_or_become_one() -> None:
    first, second = both_with_parameter()
    with pytest.raises(ValueError, match="has a parameter 'x' already"):
        first.update(second)

    first, second = both_with_parameter()
    first.update(second, merge_parameters=True)
    assert first.run(x=3).result == {"adds-1": 3, "doubles-1": 6}


@pytest.mark.parametrize(("merge", "reference"), [(True, {"adds-1", "one-2"}), (False, {"adds-1", "adds-2"})])
def test_reference_tasks_of_the_other_flow_count_on_request(merge: bool, reference: set[str]) -> None:
    with Flow("first") as first:
        adds(one())
    with Flow("second") as second:
        start = one()
        adds(start)
    second.set_reference_tasks([start])
    first.update(second, merge_reference_tasks=merge)

    assert {first.slugs[found] for found in first.reference_tasks()} == reference | ({"adds-2"} if merge else set())


def test_a_copy_is_the_same_flow_until_one_of_them_changes() -> None:
    with Flow("f") as flow:
        adds(one(), y=1)
    twin = flow.copy()
    before = flow.serialized_hash()
    assert twin.serialized_hash() == before
    with twin:
        more: Any = adds(one(), y=1)
    twin.constants[more]["y"] = 7

    assert twin.slugs[more] == "adds-2"
    assert flow.serialized_hash() == before
    assert len(flow.tasks) == 2


def test_a_copy_with_a_name_is_a_flow_of_its_own() -> None:
    with Flow("f") as flow:
        one()
    twin = flow.copy("g")

    assert (twin.name, twin.place != flow.place, twin.run().result) == ("g", True, 1)
    with pytest.raises(ValueError, match="A flow needs a name"):
        flow.copy("")
